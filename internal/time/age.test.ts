/** Ages as the status table shows them: the samples of the specification. */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { formatAge } from './age.ts';

const test = suite('time: age');

for (const [seconds, text] of [
  [0, '0s'],
  [15, '15s'],
  [60, '1m0s'],
  [4_532, '1h15m32s'],
  [82_808, '23h0m8s'],
  [86_400, '1d0h0m0s'],
  [1_006_400, '11d15h33m20s'],
  [111_006_360, '1284d19h6m0s'],
] as const)
  test(`${seconds} seconds are ${text}`, () => assert.is(formatAge(seconds * 1_000), text));

test('rounds to seconds', () => assert.is(formatAge(1_499), '1s'));
test('a clock that went back is no age', () => assert.is(formatAge(-5_000), '0s'));

test.run();
