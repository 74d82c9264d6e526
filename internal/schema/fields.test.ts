/** Registered shapes as flags, from shapes of ours and from ones a stranger made up. */

import assert from 'node:assert/strict';

import { suite } from '../../test/support/suite.ts';
import type { ValueTree } from '../contract/handler.ts';

import { registryApi } from './core/registry.ts';
import { type Flag, flagsOf, messageFlagsOf, specOf } from './fields.ts';

const names = (flags: readonly Flag[]): readonly string[] => flags.map((f) => `--${f.path.join('_')} ${f.type}`);
const value = (name: string, type: string, ...values: readonly ValueTree[]): ValueTree => ({ name, type, values });

const test = suite('flagsOf');

test('lists the leaves of a request in field order', () => {
  const { request } = registryApi.method('Registry.GetService').describe();
  assert.deepEqual(names(flagsOf(request)), ['--service string', '--options_ttl int64', '--options_domain string']);
  assert.deepEqual(names(messageFlagsOf(request)), ['--options Options']);
});

test('takes a message without fields as a leaf', () => {
  assert.deepEqual(names(flagsOf(value('R', 'R', value('options', 'Options')))), ['--options Options']);
});

test('has no flags for a request that is not described', () => {
  assert.deepEqual(flagsOf(undefined), []);
  assert.deepEqual(messageFlagsOf(undefined), []);
});

test('does not follow a shape without end', () => {
  let tree = value('x', 'string');
  for (let i = 0; i < 100; i += 1) tree = value('m', 'M', tree);
  const [flag] = flagsOf(tree);
  assert.equal(flag?.path.length, 6);
});

for (const [type, want] of [
  ['string', { type: 'string' }],
  ['float32', { type: 'float' }],
  ['float64', { type: 'double' }],
  ['[]uint8', { type: 'bytes' }],
  ['[]string', { type: 'string', list: true }],
  ['[][]uint8', { type: 'bytes', list: true }],
  ['[]Node', { type: 'enum', list: true }],
  ['Kind', { type: 'enum' }],
  ['map[string]int64', { type: 'map', item: { type: 'int64', typeName: 'int64', doc: '' } }],
  ['map[string][]uint8', { type: 'map', item: { type: 'bytes', typeName: '[]uint8', doc: '' } }],
  ['constructor', { type: 'enum' }],
  ['', { type: 'enum' }],
] as const)
  test(`reads the type ${type || 'without a name'}`, () =>
    assert.deepEqual(specOf(type), { ...want, typeName: type, doc: '' }));

test('does not follow a type text without end', () => {
  assert.equal(specOf('[]'.repeat(1_000_000)).type, 'json');
  assert.equal(specOf('map[x]'.repeat(200_000)).type, 'map');
});

test.run();
