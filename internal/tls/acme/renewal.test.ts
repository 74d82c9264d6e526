/** Renewal comes in good time, spread by chance, and never in a circle, whatever dates an authority writes. */

import fc from 'fast-check';
import * as assert from 'uvu/assert';

import { suite } from '../../../test/support/suite.ts';
import { renewAt, renewIssuedAt } from './renewal.ts';

const test = suite('tls: renewal');
const dayMs = 24 * 3_600_000;

for (const c of [
  { name: 'ninety days: at sixty', life: { notBefore: 0, notAfter: 90 * dayMs }, random: 0, want: 60 * dayMs },
  {
    name: 'ninety days, by chance: three days sooner',
    life: { notBefore: 0, notAfter: 90 * dayMs },
    random: 1,
    want: 57 * dayMs,
  },
  { name: 'six days: at four', life: { notBefore: 0, notAfter: 6 * dayMs }, random: 0, want: 4 * dayMs },
])
  test(c.name, () => {
    assert.is(renewAt(c.life, c.random), c.want);
    assert.is(renewIssuedAt(c.life, 0, c.random), c.want);
  });

test('half of what is left passes before the next order', () =>
  fc.assert(
    fc.property(
      fc.integer({ min: -100_000 * dayMs, max: 0 }),
      fc.integer({ min: 1, max: 1_000 * dayMs }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (notBefore, notAfter, random) => {
        const due = renewIssuedAt({ notBefore, notAfter }, 0, random);
        assert.ok(due >= notAfter / 2);
        assert.ok(due <= notAfter);
      },
    ),
  ));

test.run();
