/** Protobuf JSON as people and Go clients write it: both spellings, exact integers, faults that name the field. */

import assert from 'node:assert/strict';

import { canonical } from '../../test/support/message-values.ts';
import { messageOf } from '../../test/support/proto-text.ts';
import { suite } from '../../test/support/suite.ts';
import { isMicroError } from '../contract/error.ts';
import { messageDepthMax, messageItemsMax } from '../contract/limits.ts';

const codec = messageOf(
  `string user_name = 1; int64 big = 2; uint64 ubig = 3; int32 small = 4; uint32 usmall = 5; bool on = 6; double d = 7; float f = 8;
   bytes raw = 9; Kind kind = 10; Inner inner = 11; repeated int64 list = 12; map<string, int64> map = 13; map<int64, Inner> inners = 14;
   oneof pick { string one = 15; Inner two = 16; } optional int32 maybe = 17; sint64 s = 18; fixed32 x = 19;`,
  'enum Kind { A = 0; B = 1; } message Inner { string a_b = 1; bool on = 2; Inner inner = 3; }',
);

const test = suite('readJson');

for (const [json, want] of [
  ['', {}],
  ['  ', {}],
  ['null', {}],
  ['{}', {}],
  ['{"nobody_knows":{"a":[1]},"__proto__":{"on":true},"constructor":1}', {}],
  ['{"user_name":"x"}', { user_name: 'x' }],
  ['{"userName":"x"}', { user_name: 'x' }],
  ['{"user_name":null,"inner":null,"list":null,"map":null,"kind":null}', {}],
  ['{"big":9007199254740993}', { big: 9007199254740993n }],
  ['{"big":"-9223372036854775808"}', { big: -9223372036854775808n }],
  ['{"ubig":18446744073709551615}', { ubig: 18446744073709551615n }],
  ['{"big":1e3,"small":2.0}', { big: 1000n, small: 2 }],
  ['{"small":"-7","usmall":4294967295,"x":"5","s":-1}', { small: -7, usmall: 4294967295, x: 5, s: -1n }],
  ['{"on":"true"}', { on: true }],
  ['{"on":"0","small":"1"}', { small: 1 }],
  ['{"on":1}', { on: true }],
  ['{"d":"NaN","f":"-Infinity"}', { d: NaN, f: -Infinity }],
  ['{"d":1,"f":"0.5"}', { d: 1, f: 0.5 }],
  ['{"raw":"_-8="}', { raw: Buffer.from([0xff, 0xef]) }],
  ['{"raw":"//8"}', { raw: Buffer.from([0xff, 0xff]) }],
  ['{"kind":"B"}', { kind: 'B' }],
  ['{"kind":1}', { kind: 'B' }],
  ['{"kind":"1"}', { kind: 'B' }],
  ['{"kind":77}', { kind: 77 }],
  ['{"inner":{"aB":"x","inner":{"a_b":"y"}}}', { inner: inner({ a_b: 'x', inner: inner({ a_b: 'y' }) }) }],
  ['{"list":[1,"2",9007199254740993]}', { list: [1n, 2n, 9007199254740993n] }],
  ['{"map":{"a":"1","__proto__":2}}', { map: JSON.parse('{"a":1,"__proto__":2}', toBig) as unknown }],
  ['{"inners":{"-5":{"a_b":"x"}}}', { inners: { '-5': inner({ a_b: 'x' }) } }],
  ['{"one":""}', { one: '' }],
  ['{"two":{}}', { two: inner({}) }],
  ['{"maybe":0}', { maybe: 0 }],
] as const)
  test(`reads ${json}`, () => {
    assert.equal(
      canonical(codec.fromJson(json)),
      canonical({ ...(codec.decode(new Uint8Array()) as object), ...want }),
    );
  });

function inner(members: object): object {
  return { a_b: '', on: false, inner: null, ...members };
}
function toBig(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? BigInt(value) : value;
}

for (const [json, message] of [
  ['{', /^invalid JSON: /],
  ['hello', /^invalid JSON: /],
  ['[]', /^test\.Msg: want an object, got an array$/],
  ['"x"', /^test\.Msg: want an object, got "x"$/],
  ['{"user_name":5}', /^user_name: want a string, got 5$/],
  ['{"userName":{}}', /^userName: want a string, got an object$/],
  [
    '{"big":9223372036854775808}',
    /^big: want a whole number from -9223372036854775808 to 9223372036854775807, got 9223372036854775808$/,
  ],
  ['{"big":1.5}', /^big: want a whole number .*, got 1\.5$/],
  ['{"big":true}', /^big: want a whole number .*, got true$/],
  ['{"ubig":-1}', /^ubig: want a whole number from 0 to 18446744073709551615, got -1$/],
  ['{"small":2147483648}', /^small: want a whole number/],
  ['{"on":"maybe"}', /^on: want true or false, got "maybe"$/],
  ['{"inner":{"on":"true"}}', /^inner\.on: want true or false, got "true"$/],
  ['{"d":"much"}', /^d: want a number, got "much"$/],
  ['{"raw":"!"}', /^raw: want base64 text, got "!"$/],
  ['{"raw":"abcde"}', /^raw: want base64 text/],
  ['{"kind":"C"}', /^kind: want one of A, B, got "C"$/],
  ['{"kind":1.5}', /^kind: want one of A, B, got 1\.5$/],
  ['{"list":5}', /^list: want an array, got 5$/],
  ['{"list":[1,{}]}', /^list\[1\]: want a whole number .*, got an object$/],
  ['{"map":[]}', /^map: want an object, got an array$/],
  ['{"map":{"a":null}}', /^map\.a: want a whole number .*, got null$/],
  ['{"inners":{"1":{"aB":1}}}', /^inners\.1\.aB: want a string, got 1$/],
  [`{"user_name":[${'"x",'.repeat(100)}"y"]}`, /^user_name: want a string, got an array$/],
  [`{"kind":"${'k'.repeat(100)}"}`, /^kind: want one of A, B, got "k{60}"…$/],
] as const)
  test(`refuses ${json.slice(0, 60)}`, () => {
    assert.throws(
      () => codec.fromJson(json),
      (e) => isMicroError(e) && e.code === 400 && message.test(e.message),
    );
  });

test('ends recursion of messages', () => {
  const deep = (levels: number): string => `${'{"inner":'.repeat(levels)}{}${'}'.repeat(levels)}`;
  codec.fromJson(deep(messageDepthMax));
  assert.throws(() => codec.fromJson(deep(messageDepthMax + 1)), /messageDepthMax/);
});

test('is not brought down by nesting or numbers without end', () => {
  const deep = `{"x":${'['.repeat(200_000)}9007199254740993${']'.repeat(200_000)}}`;
  assert.throws(() => codec.fromJson(deep), isMicroError);
  assert.throws(() => codec.fromJson(`{"big":${'9'.repeat(1_000_000)}}`), /^MicroError: big: want a whole number/);
});

test('refuses small text that would become millions of objects', () => {
  const list = `{"nobody":[${'{},'.repeat(messageItemsMax)}{}]}`;
  assert.throws(
    () => codec.fromJson(list),
    (e) => isMicroError(e) && e.code === 429 && /messageItemsMax/.test(e.message),
  );
  const text = `{"user_name":"${'[{,\\"'.repeat(messageItemsMax)}"}`;
  assert.equal((codec.fromJson(text).user_name as string).length, messageItemsMax * 4);
});

test.run();
