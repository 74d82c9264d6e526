/** Following the feed of changes: when it counts as live, and that nothing is missed unsaid. */

import assert from 'node:assert/strict';

import type { AuthChange } from '../../../../internal/contract/auth-change.ts';
import { notImplemented } from '../../../../internal/contract/error.ts';
import { poll } from '../../../../test/support/poll.ts';
import { silentLog } from '../../../../test/support/start-driver.ts';
import { suite } from '../../../../test/support/suite.ts';
import { followChanges } from './follow-changes.ts';

const test = suite('following changes of accounts and rules');

interface Watch {
  say(change?: AuthChange): void;
  end(error?: Error): void;
}

/** A server whose watches the test feeds. */
const open = (refuses?: Error) => {
  const stop = new AbortController();
  const watches: Watch[] = [];
  const told: string[] = [];
  let opened = 0;
  let now = 0;
  const following = followChanges({
    open: (signal) => {
      opened += 1;
      return new ReadableStream<AuthChange | undefined>({
        start: (controller) => {
          if (refuses !== undefined) return controller.error(refuses);
          signal.addEventListener('abort', () => controller.error(signal.reason), { once: true });
          watches.push({
            say: (change) => controller.enqueue(change),
            end: (error) => (error === undefined ? controller.close() : controller.error(error)),
          });
        },
      });
    },
    tell: (change) => void told.push(change.kind === 'rules' ? change.namespace : change.kind),
    signal: stop.signal,
    log: silentLog,
    now: () => now,
  });
  const watch = (n: number): Promise<Watch> => poll(`watch ${n}`, () => watches[n - 1]);
  return {
    following,
    told,
    watch,
    opened: () => opened,
    at: (ms: number) => (now = ms),
    stop: async () => {
      stop.abort();
      await following.stopped();
    },
  };
};

const rules = (namespace: string): AuthChange => ({ kind: 'rules', namespace });

test('has told nothing before the first word, and opens nothing before it is started', async () => {
  const { following, opened, watch, stop } = open();
  assert.equal(opened(), 0);
  following.start();
  following.start();
  const first = await watch(1);
  assert.equal(following.toldUntil(), Number.NEGATIVE_INFINITY);
  first.say();
  await poll('the first word', () => following.toldUntil() === 0);
  assert.equal(opened(), 1);
  await stop();
});

test('has told everything up to the last word, whether that was a change or not', async () => {
  const { following, watch, at, told, stop } = open();
  following.start();
  const first = await watch(1);
  for (const [ms, change] of [
    [10, undefined],
    [20, rules('foo')],
    [30, undefined],
  ] as const) {
    at(ms);
    first.say(change);
    await poll('the word', () => following.toldUntil() === ms);
  }
  at(1_000);
  assert.equal(following.toldUntil(), 30);
  assert.deepEqual(told, ['missed', 'foo']);
  await stop();
});

for (const { name, error } of [
  { name: 'breaks', error: new Error('connection lost') },
  { name: 'ends', error: undefined },
])
  test(`a watch that ${name} is opened anew, and what may have been missed is said first`, async () => {
    const { following, watch, told, stop } = open();
    following.start();
    const first = await watch(1);
    first.say();
    first.say(rules('foo'));
    await poll('both words', () => told.length === 2);
    first.end(error);
    const second = await watch(2);
    second.say();
    second.say(rules('bar'));
    await poll('two more', () => told.length === 4);
    assert.deepEqual(told, ['missed', 'foo', 'missed', 'bar']);
    await stop();
  });

test('a server without the feed is not asked again at once', async () => {
  const { following, opened, told, stop } = open(notImplemented('auth', 'unknown service Changes'));
  following.start();
  await poll('the refusal', () => opened() === 1);
  await new Promise((resolve) => setImmediate(resolve));
  await stop();
  assert.equal(opened(), 1);
  assert.deepEqual(told, []);
});

test('the end comes while it waits as well', async () => {
  const { following, watch, stop } = open();
  following.start();
  (await watch(1)).end(new Error('connection lost'));
  await stop();
  assert.equal(following.toldUntil(), Number.NEGATIVE_INFINITY);
});

test.run();
