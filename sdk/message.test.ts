/** Messages described by fields: the same bytes, JSON and shapes as those of a proto file that says the same. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import * as assert from 'uvu/assert';

import { fields } from '../internal/contract/field.ts';
import type { CallContext, UnaryHandler } from '../internal/contract/handler.ts';
import { loadProtos } from '../internal/schema/load-protos.ts';
import { suite } from '../test/support/suite.ts';
import { messageCodec, unary } from './message.ts';

const test = suite('sdk: message');

const proto = `syntax = "proto3";
package x;
service X { rpc Do(DoRequest) returns (DoResponse); }
message DoRequest {
  string text = 1;
  bool yes = 2;
  int32 small = 3;
  int64 big = 4;
  uint32 count = 5;
  uint64 total = 6;
  double size = 7;
  bytes data = 8;
  repeated string words = 9;
  repeated int64 numbers = 10;
  repeated double sizes = 11;
}
message DoResponse { string some_text = 1; }
`;
const doc = '';
const request = fields({
  text: { type: 'string', doc },
  yes: { type: 'bool', doc },
  small: { type: 'int32', doc },
  big: { type: 'int64', doc },
  count: { type: 'uint32', doc },
  total: { type: 'uint64', doc },
  size: { type: 'double', doc },
  data: { type: 'bytes', doc },
  words: { type: 'string', doc, list: true },
  numbers: { type: 'int64', doc, list: true },
  sizes: { type: 'double', doc, list: true },
});
const response = fields({ some_text: { type: 'string', doc } });

const theirs = (() => {
  const folder = mkdtempSync(join(tmpdir(), 'micro-message-'));
  const file = join(folder, 'x.proto');
  writeFileSync(file, proto);
  const [method] = loadProtos([file]).services[0]!.methods;
  rmSync(folder, { recursive: true });
  return method!;
})();
const ours = messageCodec(request, 'x.X.Do');

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const double = fc.double({ noNaN: true, noDefaultInfinity: true });
const message = fc.record({
  text: fc.string({ unit: 'grapheme' }),
  yes: fc.boolean(),
  small: fc.integer(),
  big: int64,
  count: fc.nat(2 ** 32 - 1),
  total: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  size: double,
  data: fc.uint8Array({ maxLength: 8 }),
  words: fc.array(fc.string(), { maxLength: 3 }),
  numbers: fc.array(int64, { maxLength: 3 }),
  sizes: fc.array(double, { maxLength: 3 }),
});
/** Objects without a prototype, and bytes of any kind, are what they hold. */
const plain = (value: unknown): unknown => {
  const { data, ...rest } = value as Record<string, unknown>;
  return { ...rest, data: [...(data as Uint8Array)] };
};

test('each side reads the bytes of the other', () =>
  fc.assert(
    fc.property(message, (value) => {
      assert.equal(plain(ours.decode(theirs.request.encode(value))), plain(value));
      assert.equal(plain(theirs.request.decode(ours.encode(value))), plain(value));
    }),
  ));

test('each side reads the JSON of the other, and the texts are the same', () =>
  fc.assert(
    fc.property(message, (value) => {
      // JSON has no negative zero in our own form.
      const positive = { ...value, size: value.size + 0, sizes: value.sizes.map((n) => n + 0) };
      assert.equal(plain(ours.fromJson(theirs.request.toJson(positive))), plain(positive));
      assert.equal(plain(theirs.request.fromJson(ours.toJson(positive))), plain(positive));
      assert.equal(JSON.parse(ours.toJson(positive)), JSON.parse(theirs.request.toJson(positive)));
    }),
  ));

test('the shapes in the registry are the same', () => {
  const described = unary({ endpoint: 'X.Do', request, response, handle: async () => ({}) }).describe();
  assert.equal(described, theirs.describe());
});

test('both spellings are read, numbers as text or number, unknown fields passed over', () => {
  const codec = messageCodec(response, 'x');
  assert.equal(codec.fromJson('{"someText":"a","other":[1]}'), { some_text: 'a' });
  assert.equal(codec.fromJson('{"some_text":null}'), { some_text: '' });
  const { big, small } = ours.fromJson('{"big":"9007199254740993","small":"7"}') as Record<string, unknown>;
  assert.equal([big, small], [9_007_199_254_740_993n, 7]);
});

test('unknown fields in bytes are passed over', () => {
  const known = theirs.request.encode({ text: 'a', yes: true, big: 5n, size: 1.5, words: ['x', 'y'] });
  assert.equal(messageCodec(response, 'x').decode(known), { some_text: 'a' });
});

for (const json of [
  'nonsense',
  '[]',
  '1',
  '{"text":1}',
  '{"yes":"true"}',
  '{"small":1.5}',
  '{"small":2147483648}',
  '{"count":-1}',
  '{"big":"9223372036854775808"}',
  '{"big":9007199254740993}',
  '{"size":"x"}',
  '{"words":"a"}',
  '{"words":[1]}',
])
  test(`${json} is refused as a bad request`, () =>
    assert.throws(
      () => ours.fromJson(json),
      (e: { code?: number }) => e.code === 400,
    ));

test('any bytes are read or refused as a bad request', () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        ours.decode(bytes);
      } catch (e) {
        assert.is((e as { code?: number }).code, 400);
      }
    }),
    { numRuns: 2_000 },
  ));

test('an endless length is refused without reading on', () =>
  assert.throws(() => ours.decode(Uint8Array.from([10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1])), /cut off/));

test('a field that messages cannot have is the author’s fault', () =>
  assert.throws(() => messageCodec({ a: { type: 'duration', doc } }, 'x.X.Do'), /no fields of type duration: a/));

test('what a response leaves out is zero', async () => {
  const handler = unary({ endpoint: 'X.Do', request, response, handle: async () => ({}) }) as UnaryHandler;
  const answer = await handler.handle({}, {} as CallContext);
  assert.is(handler.response.toJson(answer), '{"some_text":""}');
});

test.run();
