/** A fault that repeats is told once per period, with how often it happened. */

import * as assert from 'uvu/assert';

import { suite } from '../../../../test/support/suite.ts';
import { createFaultReport } from './fault-report.ts';

const test = suite('fault report');

test('tells the first fault at once and counts those of the period', () => {
  let now = 0;
  const told: [string, number][] = [];
  const fault = createFaultReport({ everyMs: 100, now: () => now, report: (error, n) => told.push([error, n]) });
  for (let i = 0; i < 5; i += 1) fault(new Error('full'));
  now = 99;
  fault(new Error('full'));
  now = 100;
  fault(new Error('still full'));
  assert.equal(told, [
    ['full', 1],
    ['still full', 6],
  ]);
});

test.run();
