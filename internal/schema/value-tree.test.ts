/** The shapes that core services register, as Go clients expect them, and the bounds of shapes that never end. */

import assert from 'node:assert/strict';

import { protoMethodOf } from '../../test/support/proto-text.ts';
import { suite } from '../../test/support/suite.ts';
import type { ValueTree } from '../contract/handler.ts';
import { valueTreeDepthMax, valueTreeFieldsMax } from '../contract/limits.ts';

import { registryApi } from './core/registry.ts';
import { storeApi } from './core/store.ts';

const brief = (tree: ValueTree): string =>
  `${tree.name} ${tree.type}${tree.values.length > 0 ? ` {${tree.values.map(brief).join('; ')}}` : ''}`;
const depthOf = (tree: ValueTree): number => 1 + Math.max(-1, ...tree.values.map(depthOf));
const sizeOf = (tree: ValueTree): number => tree.values.reduce((n, v) => n + sizeOf(v), tree.values.length);

const test = suite('valueTree');

test('describes a request', () => {
  assert.equal(
    brief(registryApi.method('Registry.GetService').describe().request),
    'GetRequest GetRequest {service string; options Options {ttl int64; domain string}}',
  );
});

test('describes lists, maps and bytes by type text alone', () => {
  assert.equal(
    brief(storeApi.method('Store.Write').describe().request),
    'WriteRequest WriteRequest {record Record {key string; value []uint8; expiry int64; metadata map[string]Field}; options WriteOptions {database string; table string}}',
  );
  assert.equal(
    brief(storeApi.method('Store.Read').describe().response),
    'ReadResponse ReadResponse {records []Record}',
  );
});

test('opens messages that hold themselves down to the depth Go does', () => {
  const { request } = protoMethodOf(`syntax = "proto3";
    service S { rpc Call(M) returns (M); } message M { M below = 1; }`).describe();
  assert.equal(depthOf(request), valueTreeDepthMax);
});

test('stays small where such messages would multiply', () => {
  const fields = Array.from({ length: 30 }, (_, i) => `M f${i} = ${i + 1};`).join(' ');
  const { request } = protoMethodOf(`syntax = "proto3";
    service S { rpc Call(M) returns (M); } message M { ${fields} }`).describe();
  assert.equal(request.values.length, 30);
  assert.ok(sizeOf(request) <= valueTreeFieldsMax);
});

test.run();
