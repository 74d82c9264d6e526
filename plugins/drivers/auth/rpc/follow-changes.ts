/** Follows the auth service's feed of changes over restarts and broken links. Owns one open watch; remembers no answers. */

import { setTimeout as sleep } from 'node:timers/promises';

import type { AuthChange } from '../../../../internal/contract/auth-change.ts';
import { isMicroError } from '../../../../internal/contract/error.ts';
import {
  changesRefusedMs,
  changesRetryMsMax,
  changesRetryMsMin,
  changesSilentMs,
} from '../../../../internal/contract/limits.ts';
import type { Logger } from '../../../../internal/contract/logger.ts';
import { backoff } from '../../../../internal/time/backoff.ts';

export interface FollowOptions {
  /** Opens a watch that ends with the signal; undefined for a word without a change. */
  open(signal: AbortSignal): AsyncIterable<AuthChange | undefined>;
  /** Each change as it comes; `missed` first, whenever a watch begins. */
  tell(change: AuthChange): void;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly now: () => number;
}

export interface Following {
  /** Every change up to then has been told (milliseconds since the epoch); -Infinity before the first word. */
  toldUntil(): number;
  /** Starts, the first time. */
  start(): void;
  /** Resolves when the signal has ended it. */
  stopped(): Promise<void>;
}

export const followChanges = (o: FollowOptions): Following => {
  let toldUntil = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;
  const heard = (): void => {
    toldUntil = o.now();
  };
  return {
    toldUntil: () => toldUntil,
    start() {
      running ??= follow(o, heard);
    },
    stopped: async () => running,
  };
};

const follow = async (o: FollowOptions, heard: () => void): Promise<void> => {
  const pauses = backoff({ minMs: changesRetryMsMin, maxMs: changesRetryMsMax, jitter: 0.5 });
  const begun = (): void => {
    pauses.reset();
    o.tell({ kind: 'missed' });
  };
  while (!o.signal.aborted) {
    let pauseMs: number | undefined;
    try {
      await followOnce(o, { begun, heard });
    } catch (e) {
      if (o.signal.aborted) return;
      if (isRefusal(e)) pauseMs = changesRefusedMs;
      o.log.debug('changes of accounts and rules are not told', { error: e instanceof Error ? e.message : String(e) });
    }
    await sleep(pauseMs ?? pauses.next(), undefined, { signal: o.signal, ref: false }).catch(() => undefined);
  }
};

/** One watch, until it ends or falls silent. */
const followOnce = async (o: FollowOptions, { begun, heard }: { begun(): void; heard(): void }): Promise<void> => {
  const silent = new AbortController();
  const timer = setTimeout(() => silent.abort(new Error(`nothing heard for ${changesSilentMs} ms`)), changesSilentMs);
  timer.unref();
  try {
    let first = true;
    for await (const change of o.open(AbortSignal.any([o.signal, silent.signal]))) {
      timer.refresh();
      if (first) begun();
      first = false;
      if (change !== undefined) o.tell(change);
      heard();
    }
  } finally {
    clearTimeout(timer);
  }
};

/** An old server, one whose driver tells nothing, or one that does not let us watch: asking again soon would not help. After a 401 there may be a new token. */
const isRefusal = (e: unknown): boolean => isMicroError(e) && (e.code === 403 || e.code === 501);
