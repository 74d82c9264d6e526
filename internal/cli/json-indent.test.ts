/** JSON text in, JSON text out: checked against JSON.parse on generated documents, and by table on digits and faults. */

import assert from 'node:assert/strict';

import fc from 'fast-check';

import { suite } from '../../test/support/suite.ts';
import { jsonDepthMax } from '../contract/limits.ts';

import { firstJson, indentJson } from './json-indent.ts';

const test = suite('json-indent');

for (const c of [
  { name: 'an object', text: '{"msg":"Hello Jane"}', want: '{\n\t"msg": "Hello Jane"\n}' },
  { name: 'empty containers on one line', text: '{ "a": { } , "b":[ ] }', want: '{\n\t"a": {},\n\t"b": []\n}' },
  { name: 'nesting', text: '[{"a":[1,2]}]', want: '[\n\t{\n\t\t"a": [\n\t\t\t1,\n\t\t\t2\n\t\t]\n\t}\n]' },
  { name: 'digits that no double holds', text: '{"n":9223372036854775807}', want: '{\n\t"n": 9223372036854775807\n}' },
  { name: 'numbers as they were written', text: '[1.50,-0,1E+9]', want: '[\n\t1.50,\n\t-0,\n\t1E+9\n]' },
  { name: 'escapes as they were written', text: '["\\u003c\\/é"]', want: '[\n\t"\\u003c\\/é"\n]' },
  { name: 'keys twice and in their order', text: '{"b":1,"a":2,"b":3}', want: '{\n\t"b": 1,\n\t"a": 2,\n\t"b": 3\n}' },
  { name: 'a scalar with blanks around it', text: ' \r\n null\t', want: 'null' },
])
  test(`prints ${c.name}`, () => assert.equal(indentJson(c.text), c.want));

for (const text of [
  '',
  ' ',
  '{',
  '[1,]',
  '{"a":1,}',
  '{a:1}',
  "'a'",
  '01',
  '1.',
  '+1',
  'NaN',
  '[1 2]',
  '{"a" 1}',
  '"\n"',
  '"\\x"',
  '[}',
  '{]',
  '1 2',
  'tru',
  '"a',
  ',',
  ':',
])
  test(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => indentJson(text), SyntaxError));

test('agrees with JSON.parse on every document', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (text) => {
      const printed = indentJson(text);
      assert.equal(printed, JSON.stringify(JSON.parse(text), undefined, '\t').replaceAll(/^$/gm, ''));
      assert.equal(indentJson(printed), printed);
      assert.equal(firstJson(text).text, JSON.stringify(JSON.parse(text)));
    }),
  );
});

test('accepts exactly what JSON.parse accepts', () => {
  const char = fc.constantFrom(...'{}[]",:\\ \n\t01-.eEtrufalsn"'.split(''));
  const parses = (read: () => unknown): boolean => {
    try {
      read();
      return true;
    } catch (e) {
      assert.ok(e instanceof SyntaxError);
      return false;
    }
  };
  fc.assert(
    fc.property(fc.array(char, { maxLength: 12 }), (chars) => {
      const text = chars.join('');
      assert.equal(
        parses(() => indentJson(text)),
        parses(() => JSON.parse(text)),
      );
    }),
    { numRuns: 5_000 },
  );
});

test('reads the first value and leaves the rest', () => {
  assert.deepEqual(firstJson(' {"a": 1} {"b":2}'), { kind: 'object', text: '{"a":1}', rest: ' {"b":2}' });
  assert.deepEqual(
    ['[]', '"x"', '-1', 'true', 'null'].map((text) => firstJson(text).kind),
    ['array', 'string', 'number', 'literal', 'literal'],
  );
});

test('bounds nesting by name and needs no stack for it', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  assert.equal(firstJson(nested(jsonDepthMax)).text, nested(jsonDepthMax));
  assert.throws(() => indentJson(nested(jsonDepthMax + 1)), /jsonDepthMax/);
});

test('reads strings of many megabytes', () => {
  for (const part of ['a', '\\n', '\\u00e9']) assert.equal(firstJson(`"${part.repeat(4_000_000)}"`).kind, 'string');
});

test.run();
