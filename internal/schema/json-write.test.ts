/** Protobuf JSON as Go servers answer it. */

import assert from 'node:assert/strict';

import { messageOf } from '../../test/support/proto-text.ts';
import { suite } from '../../test/support/suite.ts';

const codec = messageOf(
  `string user_name = 2; int64 big = 1; bool on = 3; double d = 4; float f = 5; bytes raw = 6; Kind kind = 7; Inner inner = 8;
   repeated uint64 list = 9; map<string, Inner> map = 10; map<int32, string> numbers = 11;
   oneof pick { string one = 12; Inner two = 13; } optional int32 maybe = 14;`,
  'enum Kind { A = 0; B = 1; } message Inner { string x = 1; }',
);
const unset =
  '{"user_name":"","big":"0","on":false,"d":0,"f":0,"raw":"","kind":"A","inner":null,"list":[],"map":{},"numbers":{}}';

const test = suite('writeJson');

test('writes every field in the order of its declaration, and no member of a oneof or optional field that is not set', () => {
  assert.equal(codec.toJson({}), unset);
});

for (const [value, want] of [
  [{ user_name: '<&"\n\u2028é' }, '"user_name":"<&\\"\\n\u2028é"'],
  [{ big: 9223372036854775807n, list: [18446744073709551615n, 1] }, '"big":"9223372036854775807"'],
  [{ list: [18446744073709551615n, 1] }, '"list":["18446744073709551615","1"]'],
  [{ d: 1e21, f: 0.1 }, '"d":1e+21,"f":0.1'],
  [{ d: 0.1, f: 1 / 3 }, '"d":0.1,"f":0.33333334'],
  [{ d: NaN, f: -Infinity }, '"d":"NaN","f":"-Infinity"'],
  [{ d: -0 }, '"d":-0'],
  [{ raw: Buffer.from([0xff, 0xef]) }, '"raw":"/+8="'],
  [{ kind: 'B' }, '"kind":"B"'],
  [{ kind: 1 }, '"kind":"B"'],
  [{ kind: 7 }, '"kind":7'],
  [{ inner: {} }, '"inner":{"x":""}'],
  [{ map: { b: { x: '1' }, a: {} } }, '"map":{"a":{"x":""},"b":{"x":"1"}}'],
  [{ numbers: { 10: 'ten', 9: 'nine', '-1': 'minus' } }, '"numbers":{"-1":"minus","9":"nine","10":"ten"}'],
  [{ one: '' }, '"one":""'],
  [{ two: {} }, '"two":{"x":""}'],
  [{ maybe: 0 }, '"maybe":0'],
  [{ user_name: 5, nobody: 1 }, '"user_name":"5"'],
] as const)
  test(`writes ${want}`, () => {
    const text = codec.toJson(value);
    assert.ok(text.includes(want), text);
    JSON.parse(text);
  });

test.run();
