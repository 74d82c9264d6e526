/** Tests of the trust cache: how long an answer counts, and who asks. */

import * as assert from 'uvu/assert';

import { suite } from '../../../../test/support/suite.ts';
import { createTrustCache } from './trust-cache.ts';

const test = suite('trust cache');

const open = () => {
  let now = 0;
  let toldUntil = Number.POSITIVE_INFINITY;
  let asked = 0;
  const cache = createTrustCache<number>({
    now: () => now,
    max: 2,
    tagOf: (key) => `tag of ${key}`,
    until: () => now + 10,
    toldUntil: () => toldUntil,
    unwatchedMs: 3,
    graceMs: 20,
    survives: (e) => String(e).includes('down'),
  });
  const get = (key: string, error?: Error): Promise<number> =>
    cache.get(key, async () => {
      if (error !== undefined) throw error;
      asked += 1;
      return asked;
    });
  return { cache, get, at: (ms: number) => (now = ms), tell: (until: number) => (toldUntil = until) };
};

const rejects = async (work: Promise<unknown>): Promise<void> => {
  const outcome = await Promise.allSettled([work]);
  assert.is(outcome[0].status, 'rejected');
};

test('an answer counts until its time', async () => {
  const { get, at } = open();
  assert.is(await get('a'), 1);
  at(9);
  assert.is(await get('a'), 1);
  at(10);
  assert.is(await get('a'), 2);
});

test('callers that come together ask once', async () => {
  const { get } = open();
  assert.equal(await Promise.all([get('a'), get('a'), get('b')]), [1, 1, 2]);
});

test('failures are not remembered', async () => {
  const { get } = open();
  await rejects(get('a', new Error('no')));
  assert.is(await get('a'), 1);
});

test('an old answer outlives an outage for a while, a refusal at no time', async () => {
  const { get, at } = open();
  await get('a');
  at(15);
  assert.is(await get('a', new Error('down')), 1);
  await rejects(get('a', new Error('no')));
  at(30);
  await rejects(get('a', new Error('down')));
});

test('holds no more than its bound, the oldest goes', async () => {
  const { get } = open();
  for (const key of ['a', 'b', 'c']) await get(key);
  assert.is(await get('c'), 3);
  assert.is(await get('b'), 2);
  assert.is(await get('a'), 4);
});

test('while nobody tells of changes an answer counts for a moment from when it was asked for', async () => {
  const { cache, get, at, tell } = open();
  tell(Number.NEGATIVE_INFINITY);
  await get('a');
  at(2);
  assert.is(cache.known('a'), 1);
  at(3);
  assert.is(cache.known('a'), undefined);
  assert.is(await get('a'), 2);
  at(5);
  assert.is(await get('a'), 2);
});

test('when the telling stops an answer counts for a moment from then, and the grace begins after it', async () => {
  const { cache, get, at, tell } = open();
  await get('a');
  tell(6);
  at(8);
  assert.is(cache.known('a'), 1);
  at(9);
  assert.is(cache.known('a'), undefined);
  at(28);
  assert.is(await get('a', new Error('down')), 1);
  at(29);
  await rejects(get('a', new Error('down')));
});

test('being told does not make an answer count for longer than its time', async () => {
  const { cache, get, at } = open();
  await get('a');
  at(10);
  assert.is(cache.known('a'), undefined);
});

test('forgets what has ended and keeps the rest', async () => {
  const { cache, get } = open();
  await get('a');
  await get('b');
  cache.drop('tag of a');
  assert.is(cache.known('b'), 2);
  assert.is(await get('a'), 3);
});

test('who asks after an answer has ended does not share one that is on its way', async () => {
  const { cache } = open();
  const early = Promise.withResolvers<number>();
  const first = cache.get('a', () => early.promise);
  cache.drop('tag of a');
  const second = cache.get('a', async () => 7);
  early.resolve(1);
  assert.is(await first, 1);
  assert.is(await second, 7);
  assert.is(cache.known('a'), 7);
});

test('what was asked before a clear is not remembered after it', async () => {
  const { cache, get } = open();
  const first = get('a');
  cache.clear();
  assert.is(await first, 1);
  assert.is(await get('a'), 2);
});

test.run();
