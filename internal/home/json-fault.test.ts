/** Tests of jsonFault: it agrees with JSON.parse on every text, and points at the fault. */

import fc from 'fast-check';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { jsonFault } from './json-fault.ts';

const test = suite('jsonFault');

const parses = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

for (const c of [
  { text: '{"env":"local"', line: 1, column: 15 },
  { text: '{"a":1,}', line: 1, column: 8 },
  { text: '{\n  "a": x\n}', line: 2, column: 8 },
  { text: '', line: 1, column: 1 },
  { text: '{}{', line: 1, column: 3 },
  { text: '{"a" 1}', line: 1, column: 6 },
  { text: '["\u0001"]', line: 1, column: 2 },
  { text: '{"a":"b', line: 1, column: 6 },
  { text: '[1}', line: 1, column: 3 },
])
  test(`points at the fault in ${JSON.stringify(c.text)}`, () => {
    assert.equal(jsonFault(c.text), { line: c.line, column: c.column });
  });

test('finds no fault in what JSON.parse reads', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      assert.is(jsonFault(text), undefined);
    }),
  );
});

test('agrees with JSON.parse on damaged texts', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), fc.string({ maxLength: 3 }), (text, at, noise) => {
      const place = at % (text.length + 1);
      const damaged = text.slice(0, place) + noise + text.slice(place + 1);
      assert.is(jsonFault(damaged) === undefined, parses(damaged), damaged);
    }),
  );
});

test.run();
