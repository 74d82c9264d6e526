/** Restarts and their pauses, with processes that exist only here. */

import * as assert from 'uvu/assert';

import { poll } from '../../test/support/poll.ts';
import { suite } from '../../test/support/suite.ts';
import type { Exit, SpawnedProcess } from './spawn.ts';
import { supervise, type Supervised, type UnexpectedEnd } from './supervise.ts';

const test = suite('supervise');

interface Fake extends SpawnedProcess {
  end(exit: Exit): void;
  readonly graces: readonly number[];
}

const fake = (pid: number): Fake => {
  const exited = Promise.withResolvers<Exit>();
  const graces: number[] = [];
  return {
    pid,
    runId: 'none',
    exited: exited.promise,
    graces,
    end: exited.resolve,
    stop: (graceMs) => {
      graces.push(graceMs);
      exited.resolve({ code: 0, signal: null });
      return exited.promise;
    },
  };
};

const open = (o: { failStarts?: number } = {}) => {
  const processes: Fake[] = [];
  const ends: UnexpectedEnd[] = [];
  let now = 0;
  let failures = o.failStarts ?? 0;
  const supervised: Supervised = supervise({
    start: async () => {
      if (failures > 0) {
        failures -= 1;
        throw new Error('no such command');
      }
      const process = fake(processes.length + 1);
      processes.push(process);
      return process;
    },
    onStart: () => {},
    onExit: (end) => ends.push(end),
    delayMsMin: 1,
    delayMsMax: 8,
    resetMs: 1_000,
    now: () => now,
  });
  const nth = (n: number): Promise<Fake> =>
    poll(`process ${n}`, () => supervised.current() === processes[n - 1] && processes[n - 1]);
  return { supervised, processes, ends, nth, advance: (ms: number) => (now += ms) };
};

const crash: Exit = { code: 7, signal: null };

test('starts again after an end nobody asked for, with pauses that grow to a bound', async () => {
  const { supervised, ends, nth } = open();
  for (let n = 1; n <= 6; n += 1) (await nth(n)).end(crash);
  await nth(7);
  assert.equal(
    ends.map((e) => e.pauseMs),
    [1, 2, 4, 8, 8, 8],
  );
  assert.equal(
    ends.map((e) => e.count),
    [1, 2, 3, 4, 5, 6],
  );
  assert.equal(ends[0], { exit: crash, reason: 'exit code 7', count: 1, pauseMs: 1 });
  await supervised.stop(0);
});

test('begins with the shortest pause again after a long run', async () => {
  const { supervised, ends, nth, advance } = open();
  (await nth(1)).end(crash);
  (await nth(2)).end(crash);
  const third = await nth(3);
  advance(1_000);
  third.end({ code: null, signal: 'SIGSEGV' });
  await nth(4);
  assert.equal(
    ends.map((e) => e.pauseMs),
    [1, 2, 1],
  );
  assert.is(ends[2]?.reason, 'ended by SIGSEGV');
  await supervised.stop(0);
});

test('takes a start that fails for an end', async () => {
  const { supervised, ends, nth } = open({ failStarts: 2 });
  await nth(1);
  assert.equal(
    ends.map((e) => `${e.reason} ${e.exit}`),
    ['no such command undefined', 'no such command undefined'],
  );
  await supervised.stop(0);
});

test('stops without an end being told, and starts nothing more', async () => {
  const { supervised, processes, ends, nth } = open();
  const first = await nth(1);
  await supervised.stop(123);
  await supervised.stop(123);
  assert.equal(first.graces, [123]);
  assert.is(processes.length, 1);
  assert.equal(ends, []);
  assert.is(supervised.current(), undefined);
});

test('stops while it pauses', async () => {
  const { supervised, processes, ends, nth } = open();
  for (let n = 1; n <= 4; n += 1) (await nth(n)).end(crash);
  await poll('the fourth end', () => ends.length === 4);
  await supervised.stop(0);
  assert.ok(processes.length <= 5);
});

test('ends a process with a reason as if it had crashed', async () => {
  const { supervised, ends, nth } = open();
  await nth(1);
  await supervised.fail('did not register', 5);
  await nth(2);
  assert.is(ends[0]?.reason, 'did not register');
  (await nth(2)).end(crash);
  await nth(3);
  assert.is(ends[1]?.reason, 'exit code 7');
  await supervised.stop(0);
});

test.run();
