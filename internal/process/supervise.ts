/** Keeps a process running: starts it, starts it again after an end it was not asked for, with a growing pause. Owns the child; does not build or unpack. */

import { backoff } from '../time/backoff.ts';
import type { Exit, SpawnedProcess } from './spawn.ts';

export interface SuperviseOptions {
  /** Starts one process; a failure to start counts like an exit. */
  start(): Promise<SpawnedProcess>;
  /** Told of each process as it comes up. */
  onStart(process: SpawnedProcess): void;
  /** Told of each end nobody asked for, and of the pause before the next start. */
  onExit(end: UnexpectedEnd): void;
  readonly delayMsMin: number;
  readonly delayMsMax: number;
  /** A run this long makes the next pause the shortest one. */
  readonly resetMs: number;
  readonly now: () => number;
}

export interface UnexpectedEnd {
  /** Undefined when it did not even start; `reason` then says why. */
  readonly exit: Exit | undefined;
  readonly reason: string;
  /** Ends so far, this one included. */
  readonly count: number;
  readonly pauseMs: number;
}

export interface Supervised {
  /** The process that runs now, if one does. */
  current(): SpawnedProcess | undefined;
  /** Ends it and starts no other; resolves when it has ended. Safe twice. */
  stop(graceMs: number): Promise<void>;
  /** Ends the current process as if it had crashed, with this reason; the pause and the next start follow. */
  fail(reason: string, graceMs: number): Promise<void>;
}

export const supervise = (o: SuperviseOptions): Supervised => {
  const pauses = backoff({ minMs: o.delayMsMin, maxMs: o.delayMsMax });
  let current: SpawnedProcess | undefined;
  let stopping = false;
  let count = 0;
  let failure: string | undefined;
  let wake = (): void => {};

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const runOnce = async (): Promise<{ exit: Exit | undefined; reason: string }> => {
    try {
      current = await o.start();
    } catch (e) {
      return { exit: undefined, reason: e instanceof Error ? e.message : String(e) };
    }
    failure = undefined;
    if (stopping) await current.stop(0);
    else o.onStart(current);
    const exit = await current.exited;
    current = undefined;
    return { exit, reason: failure ?? describeExit(exit) };
  };

  const loop = async (): Promise<void> => {
    while (!stopping) {
      const startedAt = o.now();
      const { exit, reason } = await runOnce();
      if (stopping) return;
      if (o.now() - startedAt >= o.resetMs) pauses.reset();
      count += 1;
      const pauseMs = pauses.next();
      o.onExit({ exit, reason, count, pauseMs });
      await pause(pauseMs);
    }
  };
  const running = loop();

  return {
    current: () => current,
    stop: async (graceMs) => {
      stopping = true;
      wake();
      await current?.stop(graceMs);
      await running;
    },
    fail: async (reason, graceMs) => {
      failure = reason;
      await current?.stop(graceMs);
    },
  };
};

/** `exit code 1`, `SIGKILL`. */
export const describeExit = ({ code, signal }: Exit): string =>
  signal !== null ? `ended by ${signal}` : `exit code ${code}`;
