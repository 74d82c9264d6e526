/** Pauses double up to their bound and start again after a reset. */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { backoff } from './backoff.ts';

const test = suite('time: backoff');

test('doubles up to the bound', () => {
  const pauses = backoff({ minMs: 100, maxMs: 500 });
  assert.equal(
    [1, 2, 3, 4, 5].map(() => pauses.next()),
    [100, 200, 400, 500, 500],
  );
});

test('starts again after a reset', () => {
  const pauses = backoff({ minMs: 100, maxMs: 500 });
  pauses.next();
  pauses.next();
  pauses.reset();
  assert.is(pauses.next(), 100);
});

test('leaves a part to chance, never more than the pause', () => {
  const pauses = backoff({ minMs: 100, maxMs: 100, jitter: 0.5, random: () => 1 });
  assert.is(pauses.next(), 50);
});

test('a first pause above the bound is the bound', () => assert.is(backoff({ minMs: 9, maxMs: 5 }).next(), 5));

test.run();
