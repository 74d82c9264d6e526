/** Columns: the computed samples of the specification, and what holds for every table. */

import fc from 'fast-check';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { envLayout, helpLayout, layOut, statusLayout } from './table.ts';

const test = suite('cli: table');
const tabs = (text: string): string => text.replaceAll('→', '\t');

test('status as in the specification', () => {
  const text = tabs(`NAME→VERSION→SOURCE→STATUS→BUILD→UPDATED→METADATA
helloworld→latest→github.com/micro/services/helloworld→running→n/a→4s ago→owner=admin, group=micro
`);
  const want = tabs(`NAME→→VERSION→SOURCE→→→→→STATUS→BUILD→UPDATED→METADATA
helloworld→latest→github.com/micro/services/helloworld→running→n/a→4s ago→owner=admin, group=micro
`);
  assert.is(layOut(text, statusLayout), want);
});

test('empty cells make columns of their own, as in the table of rules', () => {
  const text = 'ID→→Scope→→Priority\nonlyloggedin→→*→→0\ndefault→→<public>→→0\n';
  const want = 'ID→→→Scope→→→Priority\nonlyloggedin→→*→→→0\ndefault→→→<public>→→0\n';
  assert.is(layOut(tabs(text), statusLayout), tabs(want));
});

test('blanks fill up to the widest cell and its padding', () => {
  assert.is(layOut('a \t b \t c\naaa \t bb \t c\n', envLayout), 'a     b    c\naaa   bb   c\n');
});

test('a line without a cell ends the block of its column', () => {
  assert.is(layOut('a\tb\n\nlonger\tb', helpLayout), 'a  b\n\nlonger  b');
});

test('the last cell belongs to no column', () => {
  assert.is(layOut('a\tvery long last cell\nb\tc', helpLayout), 'a  very long last cell\nb  c');
});

test('columns start at one place, whatever the cells hold', () => {
  const cell = fc.string({ maxLength: 12 }).map((s) => s.replace(/[\t\n]/g, 'x'));
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 8 }), (rows) => {
      const lines = layOut(rows.map(([a, b]) => `${a}\t${b}`).join('\n'), helpLayout).split('\n');
      const width = Math.max(1, ...rows.map(([a]) => [...a].length + 2));
      const want = rows.map(([a, b]) => a + ' '.repeat(width - [...a].length) + b);
      assert.equal(lines, want);
    }),
  );
});

test.run();
