/** plugin.json: what is accepted, what is refused and in which words, and that build and add agree. */

import fc from 'fast-check';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { all, capability, optional } from '../contract/capability.ts';
import { fields } from '../contract/field.ts';
import { defineCommand, defineDriver, defineProfile, defineService, type Plugin, verb } from '../contract/plugin.ts';
import { store } from '../contract/store.ts';
import { manifestJson, parseManifest } from './manifest.ts';

const test = suite('external: manifest');
const load = async (): Promise<never> => {
  throw new Error('not loaded');
};
const of = (plugin: Plugin) =>
  JSON.parse(JSON.stringify(manifestJson(plugin, { version: '1.2.3', entry: 'index.cjs' })));

const config = fields({
  name: { type: 'string', doc: 'A name', default: 'x', env: 'MICRO_X_NAME', short: 'n', alias: 'title', secret: true },
  big: { type: 'int64', doc: 'Big', default: 9_007_199_254_740_993n },
  bytes: { type: 'bytes', doc: 'Bytes', default: Uint8Array.from([0, 255]) },
  wait: { type: 'duration', doc: 'Wait', default: 1_500 },
  size: { type: 'enum', values: ['s', 'm'], doc: 'Size', default: 'm', required: true },
  tags: { type: 'map', doc: 'Tags', item: { type: 'string', doc: '' }, list: true },
  place: { type: 'message', doc: 'Place', fields: { city: { type: 'string', doc: 'City' } } },
  any: { type: 'json', doc: 'Anything', default: { a: [1] } },
});
const needs = { records: store, cache: optional(capability('cache')), layers: all(capability('httpMiddleware')) };

test('a driver is read back as it was written', () => {
  const read = parseManifest(
    of(defineDriver({ id: 'drivers/store/x-1', summary: 'X', provides: store, config, needs, load })),
  );
  assert.is(read.kind, 'driver');
  assert.is(read.kind === 'driver' && read.provides, 'store');
  assert.equal(read.config, config);
  assert.equal(read.kind === 'driver' && read.needs, {
    records: { name: 'store', mode: 'one' },
    cache: { name: 'cache', mode: 'optional' },
    layers: { name: 'httpMiddleware', mode: 'all' },
  });
  assert.equal([read.version, read.entry], ['1.2.3', 'index.cjs']);
});

test('so are a service and a command', () => {
  const service = parseManifest(of(defineService({ id: 'services/x', summary: 'X', protos: [], port: 9_000, load })));
  assert.is(service.kind === 'service' && service.port, 9_000);
  const args = [{ name: 'what', doc: 'What', required: true, missing: 'what?', rest: true }];
  const one = verb({
    words: 'x do',
    summary: 'Does',
    description: 'a\nb',
    args,
    flags: config,
    needs,
    examples: ['x'],
    load,
  });
  const read = parseManifest(of(defineCommand({ id: 'commands/x', summary: 'X', verbs: [one] })));
  assert.is(read.kind, 'command');
  const [back] = read.kind === 'command' ? read.verbs : [];
  assert.equal(back?.args, args);
  assert.equal(back?.flags, config);
  assert.equal([back?.words, back?.description, back?.hidden], ['x do', 'a\nb', false]);
});

test('a driver for a slot in two words stands in the folder in dashes', () => {
  const provides = capability<object>('httpMiddleware');
  const read = parseManifest(of(defineDriver({ id: 'drivers/http-middleware/log', summary: 'X', provides, load })));
  assert.is(read.id, 'drivers/http-middleware/log');
});

test('a profile cannot be built', () =>
  assert.throws(() => of(defineProfile({ id: 'profiles/x', summary: 'X', bind: {}, start: [] })), /kind profile/));

const driver = {
  api: 1,
  id: 'drivers/store/x',
  kind: 'driver',
  version: '1.0.0',
  summary: 'X',
  entry: 'index.cjs',
  provides: 'store',
};
const verbs = [{ words: 'x', summary: 'X' }];
const command = { ...driver, id: 'commands/x', kind: 'command', provides: undefined, verbs };

for (const c of [
  { name: 'no object', json: [], says: /^plugin\.json: want a JSON object$/ },
  { name: 'no contract version', json: { ...driver, api: undefined }, says: /api: is missing/ },
  { name: 'a later contract version', json: { api: 2 }, says: /made for version 2 .* this micro has version 1$/ },
  { name: 'a contract version as text', json: { ...driver, api: '1' }, says: /made for version "1"/ },
  { name: 'no id', json: { ...driver, id: undefined }, says: /plugin\.json\.id: is missing/ },
  { name: 'an id with dots', json: { ...driver, id: 'drivers/store/..' }, says: /want commands\/NAME/ },
  { name: 'an id in capitals', json: { ...driver, id: 'drivers/store/X' }, says: /want commands\/NAME/ },
  {
    name: 'an id of another kind',
    json: { ...driver, id: 'services/x' },
    says: /a driver is called drivers\/…, not services\/x/,
  },
  {
    name: 'an id of another slot',
    json: { ...driver, id: 'drivers/blob/x' },
    says: /for store is called drivers\/store/,
  },
  { name: 'the slot of the host', json: { ...driver, id: 'drivers/host/x', provides: 'host' }, says: /micro itself/ },
  { name: 'no version', json: { ...driver, version: 'latest' }, says: /version: want a version such as 1\.0\.0/ },
  { name: 'a summary of two lines', json: { ...driver, summary: 'a\nb' }, says: /summary: want one line/ },
  { name: 'a terminal sequence', json: { ...driver, summary: '\u001b[2J' }, says: /control characters/ },
  { name: 'an endless summary', json: { ...driver, summary: 'x'.repeat(5_000) }, says: /longer than/ },
  { name: 'an absolute entry', json: { ...driver, entry: '/etc/passwd.cjs' }, says: /entry: want a file inside/ },
  { name: 'an entry with a way out', json: { ...driver, entry: 'a/../../x.cjs' }, says: /entry: want a file inside/ },
  { name: 'a Windows path as entry', json: { ...driver, entry: 'c:\\x.cjs' }, says: /entry: want a file inside/ },
  { name: 'an entry that is no CommonJS', json: { ...driver, entry: 'x.mjs' }, says: /entry: want a CommonJS/ },
  { name: 'an unknown key', json: { ...driver, providse: 'x' }, says: /unknown key "providse" \(known: .*provides/ },
  { name: 'needs as text', json: { ...driver, needs: 'store' }, says: /needs: want a JSON object/ },
  { name: 'a need of a wrong form', json: { ...driver, needs: { a: '?store' } }, says: /needs\.a: want a slot/ },
  { name: 'verbs of a driver', json: { ...driver, verbs }, says: /unknown key "verbs"/ },
  { name: 'a port of a driver', json: { ...driver, port: 1 }, says: /unknown key "port"/ },
  { name: 'needs of a command', json: { ...command, needs: {} }, says: /unknown key "needs"/ },
  { name: 'a command without verbs', json: { ...command, verbs: [] }, says: /at least one verb/ },
  { name: 'two verbs of one name', json: { ...command, verbs: [...verbs, ...verbs] }, says: /two verbs are called x/ },
  { name: 'the verb for everything', json: { ...command, verbs: [{ words: '*', summary: '' }] }, says: /words: want/ },
  { name: 'a flag in capitals', json: withFlag('Name', {}), says: /flags: "Name" is no name/ },
  { name: 'a flag called constructor', json: withFlag('constructor', {}), says: /"constructor" is no name/ },
  { name: 'an unknown type', json: withFlag('a', { type: 'text' }), says: /flags\.a\.type: want one of string/ },
  { name: 'an enum without values', json: withFlag('a', { type: 'enum' }), says: /an enum has values/ },
  {
    name: 'a default of another type',
    json: withFlag('a', { type: 'int32', default: '1' }),
    says: /does not fit the type int32/,
  },
  {
    name: 'a default outside of the enum',
    json: withFlag('a', { type: 'enum', values: ['x'], default: 'y' }),
    says: /does not fit/,
  },
  { name: 'a short of two letters', json: withFlag('a', { short: 'ab' }), says: /short: want one letter/ },
  { name: 'an unknown part of a flag', json: withFlag('a', { defualt: 1 }), says: /unknown key "defualt"/ },
  { name: 'messages without end', json: withFlag('a', nested(20)), says: /pluginFieldDepthMax/ },
  {
    name: 'a port that is none',
    json: { ...driver, id: 'services/x', kind: 'service', provides: undefined, port: 70_000 },
    says: /port number/,
  },
])
  test(`${c.name} is refused`, () =>
    assert.throws(
      () => parseManifest(JSON.parse(JSON.stringify(c.json))),
      (e: Error) => c.says.test(e.message) || e.message,
    ));

function withFlag(name: string, spec: object): object {
  return {
    ...command,
    verbs: [{ words: 'x', summary: 'X', flags: { [name]: { type: 'string', doc: 'X', ...spec } } }],
  };
}

function nested(depth: number): object {
  return depth === 0 ? {} : { type: 'message', fields: { a: { type: 'string', doc: 'X', ...nested(depth - 1) } } };
}

test('whatever JSON comes is read or refused with a reason', () => {
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom(...Object.values(driver)));
  const keys = [...Object.keys(driver), 'verbs', 'needs', 'config', 'port', '__proto__'];
  fc.assert(
    fc.property(fc.constantFrom(driver, command), fc.constantFrom(...keys), value, (base, key, other) => {
      try {
        parseManifest(JSON.parse(JSON.stringify({ ...base, [key]: other })));
      } catch (e) {
        assert.is((e as Error).name, 'ExitError');
        assert.ok((e as Error).message.length > 0);
      }
    }),
  );
});

test.run();
