/** Lines out of bytes, however the bytes are cut. */

import fc from 'fast-check';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { createLineSplitter } from './line-splitter.ts';

const test = suite('line splitter');

/** The lines of a text that arrives in pieces of these sizes. */
const split = (bytes: Buffer, sizes: readonly number[], bytesMax = 1_000): string[] => {
  const lines: string[] = [];
  const splitter = createLineSplitter(bytesMax, (line) => lines.push(line));
  let at = 0;
  for (const size of sizes) {
    splitter.push(bytes.subarray(at, at + size));
    at += size;
  }
  splitter.push(bytes.subarray(at));
  splitter.end();
  return lines;
};

for (const c of [
  { name: 'cuts at newlines', text: 'a\nb\n', want: ['a', 'b'] },
  { name: 'keeps empty lines', text: '\na\n\n', want: ['', 'a', ''] },
  { name: 'hands out what has no newline at the end', text: 'a\nb', want: ['a', 'b'] },
  { name: 'gives nothing for nothing', text: '', want: [] },
  { name: 'takes Windows line ends', text: 'a\r\nb\rc\r\n', want: ['a', 'b\rc'] },
])
  test(c.name, () => assert.equal(split(Buffer.from(c.text), []), c.want));

test('does not care where the bytes are cut, not even inside a character', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.array(fc.integer({ min: 0, max: 5 })), (parts, sizes) => {
      const lines = parts.map((p) => p.replace(/[\r\n]/g, ' '));
      const bytes = Buffer.from(lines.map((l) => `${l}\n`).join(''));
      assert.equal(split(bytes, sizes, 10_000), lines);
    }),
  );
});

test('cuts a line at the bound and says so; the next one is whole', () => {
  const lines = split(Buffer.from(`${'x'.repeat(50)}\nnext\n`), [7, 7, 7, 7, 7, 7, 7], 10);
  assert.equal(lines, [`${'x'.repeat(10)} … (line cut)`, 'next']);
});

test('keeps a line of exactly the bound', () => {
  assert.equal(split(Buffer.from(`${'x'.repeat(10)}\n`), [3], 10), ['x'.repeat(10)]);
});

test.run();
