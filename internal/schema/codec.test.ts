/** Messages to bytes and JSON and back, exact for every core type; what the bytes of strangers cannot do. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';

import { canonical, messageValue } from '../../test/support/message-values.ts';
import { messageOf } from '../../test/support/proto-text.ts';
import { suite } from '../../test/support/suite.ts';
import { isMicroError } from '../contract/error.ts';
import { messageItemsMax } from '../contract/limits.ts';

import { messageCodec } from './api.ts';
import { authApi } from './core/auth.ts';
import { registryApi } from './core/registry.ts';
import type { ApiData } from './schema-data.ts';

type Plain = Record<string, unknown>;

const fails = (run: () => unknown, message: RegExp, code = 400): void =>
  assert.throws(run, (e) => isMicroError(e) && e.code === code && message.test(e.message) && e.id === 'codec');

const gen = join(import.meta.dirname, '../../proto/gen');
const generated: readonly ApiData[] = await Promise.all(
  readdirSync(gen)
    .filter((file) => file.endsWith('.gen.ts') && file !== 'files.gen.ts')
    .map(async (file) => ((await import(join(gen, file))) as { data: ApiData }).data),
);
// Those of gRPC and protobuf itself have oneofs, of which only one member can be set.
const packages = generated.filter((data) => !/^(grpc|google)\./.test(data.package));
const service = registryApi.method('Registry.Register').request;
const rule = authApi.method('Rules.Create').request;
const nested = (depth: number): Plain => (depth === 0 ? {} : { name: 'v', values: [nested(depth - 1)] });

const test = suite('codec');

test('covers the 13 core packages', () => assert.equal(packages.length, 13));

for (const data of packages)
  test(`carries every message of ${data.package} exactly, as bytes and as JSON`, () => {
    for (const message of Object.keys(data.messages)) {
      const codec = messageCodec<Plain>(data, message);
      fc.assert(
        fc.property(messageValue(data, message), (value) => {
          assert.equal(canonical(codec.decode(codec.encode(value))), canonical(value));
          assert.equal(canonical(codec.fromJson(codec.toJson(value))), canonical(value));
        }),
        { numRuns: 15 },
      );
    }
  });

test('reads random bytes as a message or refuses them as a bad request', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        service.decode(bytes);
      } catch (e) {
        assert.ok(isMicroError(e) && e.code === 400, String(e));
      }
    }),
    { numRuns: 500 },
  );
});

test('reads random text as a message or refuses it as a bad request', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      try {
        service.fromJson(text);
      } catch (e) {
        assert.ok(isMicroError(e) && e.code === 400, String(e));
      }
    }),
    { numRuns: 500 },
  );
});

test('gives every field of a decoded message, unset messages as null', () => {
  assert.equal(
    canonical(service.decode(new Uint8Array())),
    canonical({ name: '', version: '', metadata: {}, endpoints: [], nodes: [], options: null }),
  );
});

test('takes parts of messages, numbers for 64-bit fields and no value at all', () => {
  const { options } = service.decode(service.encode({ options: { ttl: 90 } })) as { options: unknown };
  assert.deepEqual(options, { ttl: 90n, domain: '' });
  assert.equal(service.encode(undefined).length, 0);
});

test('keeps fields of an unknown number out and the others in', () => {
  const bytes = Buffer.concat([Buffer.from([0xf8, 0x07, 0x01]), service.encode({ name: 'x' })]);
  assert.equal((service.decode(bytes) as Plain).name, 'x');
});

test('decodes maps that inherit nothing', () => {
  const sent = JSON.parse('{"__proto__":"p","constructor":"c"}') as Plain;
  const { metadata } = service.decode(service.encode({ metadata: sent })) as { metadata: Plain };
  assert.deepEqual(Object.entries(metadata), [
    ['__proto__', 'p'],
    ['constructor', 'c'],
  ]);
  assert.equal(metadata.toString, undefined);
  assert.equal(({} as Plain).p, undefined);
});

test('keeps an enum number without a name and refuses a name without a number', () => {
  const { rule: decoded } = rule.decode(rule.encode({ rule: { access: 9 } })) as { rule: Plain };
  assert.equal(decoded.access, 9);
  fails(() => rule.encode({ rule: { access: 'GRATNED' } }), /rule\.access: want one of UNKNOWN, GRANTED, DENIED, got/);
});

test('checks enum names in lists and maps too', () => {
  const codec = messageOf('repeated Kind list = 1; map<string, Kind> map = 2;', 'enum Kind { A = 0; B = 1; }');
  assert.deepEqual((codec.decode(codec.encode({ list: ['B', 'A'] })) as Plain).list, ['B', 'A']);
  fails(() => codec.encode({ list: ['A', 'C'] }), /list: want one of A, B, got "C"/);
  fails(() => codec.encode({ map: { x: 'C' } }), /map: want one of A, B, got "C"/);
});

test('reads fields called like members of every object as fields', () => {
  const codec = messageOf('string constructor = 1; Inner inner = 2;', 'message Inner { string toString = 1; }');
  assert.equal(codec.encode({}).length, 0);
  const value = codec.decode(codec.encode({ constructor: 'Ferrari', inner: { toString: 'x' } }));
  assert.equal(canonical(value), canonical({ constructor: 'Ferrari', inner: { toString: 'x' } }));
  assert.equal(codec.toJson({ inner: {} }), '{"constructor":"","inner":{"toString":""}}');
});

test('leaves the value it encodes as it was', () => {
  const value = Object.freeze({ rule: Object.freeze({ access: 'GRANTED', resource: Object.freeze({ name: 'x' }) }) });
  rule.encode(value);
  rule.toJson(value);
});

test('names the message when bytes make no sense', () => {
  fails(() => service.decode(Buffer.from([0xff, 0xff, 0xff])), /^cannot decode registry\.Service: /);
  fails(() => service.decode(Buffer.from([0x0a, 0x02, 0xc3, 0x28])), /^cannot decode registry\.Service: .*utf-8/i);
  fails(() => service.encode({ nodes: 5 }), /^cannot encode registry\.Service: .*nodes: array expected/);
});

test('ends recursion both ways', () => {
  const endpoint = (depth: number): Plain => ({ endpoints: [{ request: nested(depth) }] });
  service.decode(service.encode(endpoint(50)));
  fails(() => service.encode(endpoint(200)), /max depth exceeded/);
  let bytes = Buffer.alloc(0);
  for (let i = 0; i < 300; i += 1) bytes = Buffer.concat([Buffer.from([0x1a, ...length(bytes.length)]), bytes]);
  bytes = Buffer.concat([Buffer.from([0x12, ...length(bytes.length)]), bytes]);
  fails(
    () => service.decode(Buffer.concat([Buffer.from([0x22, ...length(bytes.length)]), bytes])),
    /max depth exceeded/,
  );
  const loop: { values: unknown[] } = { values: [] };
  loop.values.push(loop);
  fails(() => service.toJson({ endpoints: [{ request: loop }] }), /max depth exceeded/);
});

const length = (n: number): readonly number[] => (n < 128 ? [n] : [(n & 127) | 128, ...length(n >> 7)]);

test('refuses small bytes that would become millions of objects, before making them', () => {
  const empty = (count: number): Uint8Array => {
    const bytes = Buffer.alloc(count * 2);
    for (let i = 0; i < bytes.length; i += 2) bytes[i] = 0x2a;
    return bytes;
  };
  fails(() => service.decode(empty(messageItemsMax + 1)), /registry\.Service holds more than 524288 items/, 429);
  assert.equal((service.decode(empty(1_000)) as { nodes: unknown[] }).nodes.length, 1_000);
});

test.run();
