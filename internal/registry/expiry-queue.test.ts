/** The expiry queue against a plain list: random ends, put off, brought forward and forgotten. */

import assert from 'node:assert/strict';

import { seededRandom } from '../../test/support/seeded-random.ts';
import { suite } from '../../test/support/suite.ts';

import { createExpiryQueue, type Expiring } from './expiry-queue.ts';

interface Item extends Expiring {
  readonly name: number;
}

const item = (name: number, expiresAt: number): Item => ({ name, expiresAt, queuedAt: Infinity });
const names = (items: readonly Item[]): readonly number[] => items.map((i) => i.name);

const test = suite('expiry queue');

test('names what has ended, the earliest first, and only once', () => {
  const queue = createExpiryQueue<Item>();
  for (const at of [30, 10, 20, Infinity]) queue.schedule(item(at, at));
  assert.deepEqual(names(queue.due(9)), []);
  assert.deepEqual(names(queue.due(20)), [10, 20]);
  assert.deepEqual(names(queue.due(20)), []);
  assert.deepEqual(names(queue.due(Number.MAX_SAFE_INTEGER)), [30]);
});

for (const seed of [1, 2, 3])
  test(`agrees with a plain list after random changes (seed ${seed})`, () => {
    const random = seededRandom(seed);
    const below = (n: number): number => Math.floor(random() * n);
    const queue = createExpiryQueue<Item>();
    const live = new Set<Item>();
    let now = 0;
    for (let step = 0; step < 20_000; step += 1) {
      const [known] = live.size > 200 || below(2) === 0 ? live : [];
      if (known === undefined) {
        const made = item(step, below(10) === 0 ? Infinity : now + below(1_000));
        live.add(made);
        queue.schedule(made);
      } else {
        // Moved to the end, so that all of them get their turn.
        live.delete(known);
        if (below(3) === 0) queue.forget(known);
        else {
          known.expiresAt = now + below(2_000);
          queue.schedule(known);
          live.add(known);
        }
      }
      if (below(4) !== 0) continue;
      now += below(50);
      const ended = [...live].filter((i) => i.expiresAt <= now);
      for (const one of ended) live.delete(one);
      assert.deepEqual(names(queue.due(now)).toSorted(), names(ended).toSorted());
    }
  });

test('lets go of what is forgotten', async () => {
  const queue = createExpiryQueue<Item>();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 300_000; i += 1) {
    const one = item(i, 1_000_000);
    queue.schedule(one);
    queue.forget(one);
  }
  assert.ok(process.memoryUsage().heapUsed - before < 30_000_000);
  assert.deepEqual(queue.due(Number.MAX_SAFE_INTEGER), []);
});

test.run();
