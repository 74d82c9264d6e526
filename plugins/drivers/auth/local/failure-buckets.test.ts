/** Tests of the buckets that failures fall into: size, refill, and keys that somebody makes up. */

import * as assert from 'uvu/assert';

import { loginBucketsMax } from '../../../../internal/contract/limits.ts';
import { suite } from '../../../../test/support/suite.ts';
import { createFailureBuckets } from './failure-buckets.ts';

const test = suite('failure buckets');

const open = (o: { size?: number; buckets?: number } = {}) => {
  let now = 1_700_000_000_000;
  const buckets = createFailureBuckets({
    buckets: loginBucketsMax,
    size: 3,
    refillMs: 1_000,
    now: () => now,
    ...o,
  });
  const pass = (ms: number): void => {
    now += ms;
  };
  return { buckets, pass };
};

test('a bucket holds its size, and fills one by one', () => {
  const { buckets, pass } = open();
  for (let i = 0; i < 3; i += 1) {
    assert.is(buckets.waitMs('a'), 0);
    buckets.take('a');
  }
  assert.is(buckets.waitMs('a'), 1_000);
  pass(400);
  assert.is(buckets.waitMs('a'), 600);
  pass(600);
  assert.is(buckets.waitMs('a'), 0);
  buckets.take('a');
  assert.is(buckets.waitMs('a'), 1_000);
  pass(3_600_000);
  for (let i = 0; i < 3; i += 1) buckets.take('a');
  assert.is(buckets.waitMs('a'), 1_000, 'and never holds more');
});

test('whoever takes from an empty bucket does not make the wait longer', () => {
  const { buckets } = open();
  for (let i = 0; i < 100; i += 1) buckets.take('a');
  assert.is(buckets.waitMs('a'), 1_000);
});

test('what is given back can be taken again', () => {
  const { buckets } = open();
  for (let i = 0; i < 3; i += 1) buckets.take('a');
  buckets.giveBack('a');
  assert.is(buckets.waitMs('a'), 0);
  for (let i = 0; i < 9; i += 1) buckets.giveBack('a');
  for (let i = 0; i < 3; i += 1) buckets.take('a');
  assert.is(buckets.waitMs('a'), 1_000, 'but no more than there was');
});

test('a size of 0 is no limit', () => {
  const { buckets } = open({ size: 0 });
  for (let i = 0; i < 100; i += 1) buckets.take('a');
  assert.is(buckets.waitMs('a'), 0);
});

test('a clock that is put back by a year makes nobody wait a year', () => {
  const { buckets, pass } = open();
  for (let i = 0; i < 3; i += 1) buckets.take('a');
  pass(-365 * 24 * 3_600_000);
  assert.is(buckets.waitMs('a'), 1_000);
});

test('keys that somebody makes up, as fast as hashing allows, empty no bucket of others', () => {
  const { buckets, pass } = open({ size: 10 });
  // Twice what two threads can hash in an hour, of a second's refill each thirty.
  for (let i = 0; i < 200_000; i += 1) {
    pass(1);
    buckets.take(`made up ${i}`);
  }
  const victims = Array.from({ length: 1_000 }, (_, i) => `account ${i}`);
  assert.equal(
    victims.filter((key) => buckets.waitMs(key) > 0),
    [],
  );
});

test.run();
