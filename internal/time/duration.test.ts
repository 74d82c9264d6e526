/** Durations: Go's forms are read and written, what is no duration is refused by name. */

import fc from 'fast-check';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { formatDuration, parseDuration } from './duration.ts';

const test = suite('time: duration');

for (const [text, ms] of [
  ['5s', 5_000],
  ['500ms', 500],
  ['1h2m', 3_720_000],
  ['1.5s', 1_500],
  ['.5m', 30_000],
  ['-3s', -3_000],
  ['+3s', 3_000],
  ['0', 0],
  ['20us', 0.02],
  ['20µs', 0.02],
  ['1h0m0.25s', 3_600_250],
] as const)
  test(`reads ${text}`, () => assert.is(parseDuration(text), ms));

for (const [text, fails] of [
  ['5', /missing unit in duration "5"/],
  ['', /invalid duration ""/],
  ['s', /invalid duration "s"/],
  ['5 s', /unknown unit " s"/],
  ['5d', /unknown unit "d" in duration "5d"/],
  ['1s5', /missing unit/],
  ['5constructor', /unknown unit/],
  ['--5s', /invalid duration/],
  [`${'9'.repeat(400)}h`, /invalid duration/],
] as const)
  test(`refuses ${JSON.stringify(text.slice(0, 20))}`, () => assert.throws(() => parseDuration(text), fails));

for (const [ms, text] of [
  [0, '0s'],
  [1, '1ms'],
  [1.5, '1.5ms'],
  [0.02, '20µs'],
  [0.000005, '5ns'],
  [1_500, '1.5s'],
  [60_000, '1m0s'],
  [3_600_000, '1h0m0s'],
  [-5_000, '-5s'],
] as const)
  test(`writes ${text}`, () => assert.is(formatDuration(ms), text));

test('reads back what it writes', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 45), max: 2 ** 45 }), (ms) => parseDuration(formatDuration(ms)) === ms),
  );
});

test.run();
