/** Messages of other people's schemas: the same bytes and JSON as protobufjs gives, from descriptors alone; what hostile bytes and descriptors cannot do. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import protobuf from 'protobufjs';

import { suite } from '../../test/support/suite.ts';
import { isMicroError } from '../contract/error.ts';
import { descriptorDepthMax, descriptorSymbolsMax } from '../contract/limits.ts';
import { createCodec } from './codec.ts';
import { descriptorFile, fileCodec } from './descriptor-file.ts';
import { foreignCodec } from './foreign-codec.ts';
import { loadProtos } from './load-protos.ts';
import { schemaOfFiles } from './schema-of-files.ts';

const test = suite('foreign-codec');

const proto = `syntax = "proto3";
package shop.v1;
import "google/protobuf/timestamp.proto";
import "google/protobuf/struct.proto";
enum Colour { COLOUR_UNKNOWN = 0; COLOUR_RED = 1; COLOUR_BACK = -3; }
message Inner { string code = 1; repeated Inner inner = 2; enum Kind { NONE = 0; SOME = 5; } Kind kind = 3; }
message All {
  string text = 1; bool flag = 2; int32 i32 = 3; int64 i64 = 4; uint32 u32 = 5; uint64 u64 = 6;
  sint32 s32 = 7; sint64 s64 = 8; fixed32 f32 = 9; fixed64 f64 = 10; sfixed32 sf32 = 11; sfixed64 sf64 = 12;
  float single = 13; double wide = 14; bytes data = 15; Colour colour = 16; Inner inner = 17;
  repeated string words = 18; repeated int64 numbers = 19; repeated Inner inners = 20; repeated Colour colours = 21;
  repeated double doubles = 22; repeated bytes blobs = 23; repeated bool flags = 24;
  map<string, string> labels = 25; map<int64, Inner> by_number = 26; map<bool, Colour> by_flag = 27; map<string, double> prices = 28;
  oneof choice { string word = 29; int64 number = 30; Inner message = 31; }
  optional int32 maybe = 32; optional string note = 536870911;
  google.protobuf.Timestamp at = 34; google.protobuf.Struct anything = 35; Inner.Kind kind = 36;
}
service Shop { rpc Call(All) returns (All); rpc Watch(All) returns (stream All); rpc Put(stream All) returns (All); rpc Chat(stream All) returns (stream All); }
`;

const folder = mkdtempSync(join(tmpdir(), 'micro-foreign-'));
const file = join(folder, 'shop.proto');
writeFileSync(file, proto);
const descriptors = loadProtos([file]).descriptors();
const root = new protobuf.Root().loadSync(file, { keepCase: true });
root.resolveAll();
const schema = schemaOfFiles(descriptors.map(descriptorFile));
const foreign = foreignCodec(schema, 'shop.v1.All');
const known = createCodec<Record<string, unknown>>(() => root.lookupType('shop.v1.All'), schema, 'shop.v1.All');

test.after(() => rmSync(folder, { recursive: true }));

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
const text = fc.string({ unit: 'binary', maxLength: 6 }).map((s) => s.toWellFormed());
const data = fc.uint8Array({ maxLength: 6 }).map((b) => Buffer.from(b).toString('base64'));
const float = fc.float({ noNaN: false }).map((n) => (Number.isFinite(n) ? n : String(n)));
const double = fc.double().map((n) => (Number.isFinite(n) ? n : String(n)));
const colour = fc.constantFrom('COLOUR_UNKNOWN', 'COLOUR_RED', 'COLOUR_BACK', 77);
const inner = fc.letrec((tie) => ({
  inner: fc.record(
    {
      code: text,
      inner: fc.array(tie('inner'), { maxLength: 1, depthIdentifier: 'i' }),
      kind: fc.constantFrom('SOME', 'NONE'),
    },
    { requiredKeys: [] },
  ),
})).inner;
const small = { maxLength: 3 };
const choice = fc.oneof(
  fc.constant({}),
  fc.record({ word: text }),
  fc.record({ number: int64 }),
  fc.record({ message: inner }),
);
const all = fc
  .tuple(
    fc.record(
      {
        text,
        flag: fc.boolean(),
        i32: fc.integer(),
        i64: int64,
        u32: fc.nat(2 ** 32 - 1),
        u64: uint64,
        s32: fc.integer(),
        s64: int64,
        f32: fc.nat(2 ** 32 - 1),
        f64: uint64,
        sf32: fc.integer(),
        sf64: int64,
        single: float,
        wide: double,
        data,
        colour,
        inner,
        words: fc.array(text, small),
        numbers: fc.array(int64, small),
        inners: fc.array(inner, small),
        colours: fc.array(colour, small),
        doubles: fc.array(double, small),
        blobs: fc.array(data, small),
        flags: fc.array(fc.boolean(), small),
        labels: fc.dictionary(fc.oneof(text, fc.constantFrom('__proto__', 'constructor')), text, { maxKeys: 3 }),
        by_number: fc.dictionary(int64, inner, { maxKeys: 2 }),
        by_flag: fc.dictionary(fc.constantFrom('true', 'false'), colour, { maxKeys: 2 }),
        prices: fc.dictionary(text, double, { maxKeys: 2 }),
        maybe: fc.integer(),
        note: text,
        at: fc.constantFrom('2020-01-02T03:04:05Z', '1969-12-31T23:59:59.500Z'),
        anything: fc.constantFrom({ a: [1, 'x', null, true, { b: {} }] }, {}),
      },
      { requiredKeys: [] },
    ),
    choice,
  )
  .map(([fields, one]) => JSON.stringify({ ...fields, ...one }));

test('carries every kind of field as protobufjs does, in both directions', () => {
  fc.assert(
    fc.property(all, (json) => {
      const bytes = foreign.encode(foreign.fromJson(json));
      assert.equal(foreign.toJson(foreign.decode(bytes)), known.toJson(known.decode(bytes)));
      const theirs = known.encode(known.fromJson(json));
      assert.equal(foreign.toJson(foreign.decode(theirs)), known.toJson(known.decode(theirs)));
    }),
    { numRuns: 300 },
  );
});

test('reads any bytes as a message or refuses them as a bad request', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      try {
        foreign.toJson(foreign.decode(bytes));
      } catch (e) {
        assert.ok(isMicroError(e) && e.code === 400, String(e));
      }
    }),
    { numRuns: 2_000 },
  );
});

test('reads descriptors that were tampered with as descriptors or refuses them as a bad request', () => {
  const whole = descriptors.find((bytes) => descriptorFile(bytes).name === 'shop.proto') ?? new Uint8Array();
  const others = descriptors.filter((bytes) => bytes !== whole).map(descriptorFile);
  const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
  let read = 0;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(whole.length), (changes, length) => {
      const bytes = Buffer.from(length % 3 === 0 ? whole.subarray(0, length) : whole);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      try {
        const made = schemaOfFiles([descriptorFile(bytes), ...others]);
        read += 1;
        for (const name of Object.keys(made.messages))
          foreignCodec(made, name).toJson(foreignCodec(made, name).decode(Buffer.of(8, 1)));
      } catch (e) {
        assert.ok(isMicroError(e) && e.code === 400, String(e instanceof Error ? e.stack : e));
      }
    }),
    { numRuns: 3_000 },
  );
  assert.ok(read > 100, `only ${read} were whole enough to be used`);
});

test('describes services with their kinds', () => {
  const kinds = [...(schema.services.get('shop.v1.Shop') ?? [])].map(([name, { kind }]) => `${name} ${kind}`);
  assert.deepEqual(kinds, ['Call unary', 'Watch server-stream', 'Put client-stream', 'Chat bidi']);
});

const encoded = (value: object): Uint8Array => fileCodec.encode(value as never);
const field = (type_name: string) => ({
  name: 'a',
  number: 1,
  label: 'LABEL_OPTIONAL',
  type: 'TYPE_MESSAGE',
  type_name,
});
const deep = (depth: number): object => ({ name: 'M', nested_type: depth === 0 ? [] : [deep(depth - 1)] });

for (const [name, bytes, message] of [
  ['random bytes', () => Buffer.from('ffffffff', 'hex'), /cannot decode google\.protobuf\.FileDescriptorProto/],
  ['no file name', () => encoded({ package: 'a' }), /file name is empty/],
  ['a name that is none', () => encoded({ name: 'a', message_type: [{ name: 'A\u001b[2J' }] }), /is no name/],
  ['a package that is none', () => encoded({ name: 'a', package: 'a/b' }), /its package is no name/],
  [
    'a field without a name',
    () => encoded({ name: 'a', message_type: [{ name: 'A', field: [{ number: 1 }] }] }),
    /has no name/,
  ],
  ['messages too deep', () => encoded({ name: 'a', message_type: [deep(descriptorDepthMax)] }), /descriptorDepthMax/],
  [
    'too many names',
    () => encoded({ name: 'a', message_type: Array.from({ length: descriptorSymbolsMax + 1 }, () => ({ name: 'A' })) }),
    /descriptorSymbolsMax/,
  ],
  [
    'a type that is not there',
    () => encoded({ name: 'a', syntax: 'proto3', message_type: [{ name: 'A', field: [field('.gone')] }] }),
    /A\.a is of gone, which is not described/,
  ],
  [
    'a method of a type that is not there',
    () =>
      encoded({ name: 'a', service: [{ name: 'S', method: [{ name: 'Go', input_type: '.x', output_type: '.y' }] }] }),
    /S\.Go takes x, which is not described/,
  ],
] as const)
  test(`refuses ${name}`, () => {
    assert.throws(
      () => schemaOfFiles([descriptorFile(bytes())]),
      (e) => isMicroError(e) && e.code === 400 && message.test(e.message),
    );
  });

test.run();
