/** google.protobuf's own types in a service's protos: messages in code, their own forms in JSON. */

import assert from 'node:assert/strict';

import fc from 'fast-check';

import { canonical } from '../../test/support/message-values.ts';
import { protoMethodOf } from '../../test/support/proto-text.ts';
import { suite } from '../../test/support/suite.ts';
import type { Codec } from '../contract/handler.ts';
import { isMicroError } from '../contract/error.ts';

const method = protoMethodOf(`syntax = "proto3";
  import "google/protobuf/timestamp.proto";
  import "google/protobuf/duration.proto";
  import "google/protobuf/wrappers.proto";
  import "google/protobuf/struct.proto";
  import "google/protobuf/field_mask.proto";
  import "google/protobuf/any.proto";
  import "google/protobuf/empty.proto";
  service Test { rpc Call(Msg) returns (google.protobuf.Empty); }
  message Msg {
    google.protobuf.Timestamp at = 1; google.protobuf.Duration wait = 2; google.protobuf.Int64Value big = 3; google.protobuf.BytesValue raw = 4;
    google.protobuf.Struct any_object = 5; google.protobuf.Value any_value = 6; google.protobuf.ListValue any_list = 7;
    google.protobuf.FieldMask mask = 8; google.protobuf.Any any = 9; google.protobuf.Empty empty = 10; repeated google.protobuf.Timestamp times = 11;
    map<string, google.protobuf.DoubleValue> doubles = 12; google.protobuf.StringValue text = 13;
  }`);
const codec = method.request as Codec<Record<string, unknown>>;
const written = (json: string, field: string): string => {
  const text = codec.toJson(codec.fromJson(json));
  return JSON.stringify((JSON.parse(text) as Record<string, unknown>)[field]);
};

const test = suite('well-known types');

for (const [field, value, message] of [
  ['at', '"2020-01-02T03:04:05Z"', { seconds: 1577934245n, nanos: 0 }],
  ['at', '"1969-12-31T23:59:59.500Z"', { seconds: -1n, nanos: 500_000_000 }],
  ['at', '"0001-01-01T00:00:00Z"', { seconds: -62135596800n, nanos: 0 }],
  ['at', '"2020-01-02T03:04:05.000000001Z"', { seconds: 1577934245n, nanos: 1 }],
  ['wait', '"1.500s"', { seconds: 1n, nanos: 500_000_000 }],
  ['wait', '"-0.000001s"', { seconds: 0n, nanos: -1000 }],
  ['wait', '"90s"', { seconds: 90n, nanos: 0 }],
  ['big', '"9007199254740993"', { value: 9007199254740993n }],
  ['raw', '"//8="', { value: Buffer.from([0xff, 0xff]) }],
  ['text', '""', { value: '' }],
  ['any_object', '{"a":{"b":[1,"x",true,null]}}', undefined],
  ['any_object', '{"fields":{"x":1}}', undefined],
  ['any_value', '"x"', { stringValue: 'x' }],
  ['any_value', '0', { numberValue: 0 }],
  ['any_value', 'null', { nullValue: 'NULL_VALUE' }],
  ['any_value', '[]', undefined],
  ['any_list', '[1,[2]]', undefined],
  ['mask', '"a,b.userName"', { paths: ['a', 'b.user_name'] }],
  ['mask', '""', { paths: [] }],
  ['empty', '{}', {}],
  ['times', '["2020-01-02T03:04:05Z"]', [{ seconds: 1577934245n, nanos: 0 }]],
  ['doubles', '{"a":0.5}', { a: { value: 0.5 } }],
] as const)
  test(`reads and writes ${field} as ${value}`, () => {
    const json = `{"${field}":${value}}`;
    if (message) assert.equal(canonical(codec.fromJson(json)[field]), canonical(message));
    assert.equal(written(json, field), value);
  });

for (const [json, field, want] of [
  ['{"at":"2020-01-02T05:04:05.5+02:00"}', 'at', '"2020-01-02T03:04:05.500Z"'],
  ['{"at":{"seconds":"1577934245"}}', 'at', '"2020-01-02T03:04:05Z"'],
  ['{"wait":{"seconds":90,"nanos":0}}', 'wait', '"90s"'],
  ['{"big":{"value":5}}', 'big', '"5"'],
  ['{"at":{"seconds":"999999999999999"}}', 'at', '{"seconds":"999999999999999","nanos":0}'],
] as const)
  test(`reads ${json} too`, () => assert.equal(written(json, field), want));

for (const [json, message] of [
  ['{"at":"yesterday"}', /^at: want a time such as 2020-01-02T03:04:05Z, got "yesterday"$/],
  ['{"at":"2020-13-01T00:00:00Z"}', /^at: want a time/],
  ['{"wait":"5m"}', /^wait: want a duration such as 1.5s, got "5m"$/],
  ['{"any_object":[1]}', /^any_object: want an object, got an array$/],
  [`{"any_value":${'['.repeat(40)}1${']'.repeat(40)}}`, /messageDepthMax/],
] as const)
  test(`refuses ${json.slice(0, 40)}`, () => {
    assert.throws(
      () => codec.fromJson(json),
      (e) => isMicroError(e) && e.code === 400 && message.test(e.message),
    );
  });

test('carries any JSON through Value, keys of every name included', () => {
  const value = fc.json({ maxDepth: 4 }).filter((text) => !text.includes('-0'));
  fc.assert(
    fc.property(value, (text) => {
      assert.equal(written(`{"any_value":${text}}`, 'any_value'), sorted(JSON.parse(text)));
    }),
  );
});

const sorted = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(sorted).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  // JSON.parse puts keys that look like numbers first, in the text that is compared as well.
  const out = Object.create(null) as Record<string, unknown>;
  for (const key of Object.keys(value).sort()) out[key] = (value as Record<string, unknown>)[key];
  return `{${Object.keys(out)
    .map((key) => `${JSON.stringify(key)}:${sorted(out[key])}`)
    .join()}}`;
};

test('leaves Any as its type and bytes', () => {
  const message = { any: { type_url: 'type.googleapis.com/x.Y', value: Buffer.from('hi') } };
  assert.match(codec.toJson(message), /"any":\{"type_url":"type\.googleapis\.com\/x\.Y","value":"aGk="\}/);
});

test('serves Empty as a response and describes what the types hold', () => {
  assert.equal(method.response.toJson({}), '{}');
  const { request, response } = method.describe();
  assert.deepEqual(response, { name: 'Empty', type: 'Empty', values: [] });
  assert.deepEqual(
    request.values[0]?.values.map((v) => [v.name, v.type]),
    [
      ['seconds', 'int64'],
      ['nanos', 'int32'],
    ],
  );
});

test.run();
