/**
 * A copy of the records of a registry, kept true by a watch and by lists. A watch alone can miss changes: it breaks, it falls behind, and
 * one that is opened over a network may begin to tell only after the list beside it was read. So the copy is compared with a fresh list
 * after each opening, once more a little later, and every now and then; while the registry cannot be reached, what was known stays.
 * Owns the loop; makes no calls of its own.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

import { registerRetryMsMax, registerRetryMsMin, registryResyncMs, registrySettleMs } from '../contract/limits.ts';
import type { Logger } from '../contract/logger.ts';
import type { RegistryEvent, Service } from '../contract/registry.ts';

export interface MirrorOptions {
  /** Changes from now on; may fail or end at any time. */
  open(signal: AbortSignal): AsyncIterable<RegistryEvent>;
  /** Everything the watch covers, as it is now. */
  read(signal: AbortSignal): Promise<readonly Service[]>;
  /** Told of each change of the copy, of what the watch says as it comes. `first` marks what the first list held. */
  changed(event: RegistryEvent, first: boolean): void;
  /** Called when a list was taken in. */
  listed?(): void;
  /** Whether trying again after this failure cannot help. */
  isFinal(error: unknown, known: MirrorState): boolean;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Between the first list after an opening and the second; default registrySettleMs. */
  readonly settleMs?: number;
  /** Between later lists; default registryResyncMs. */
  readonly resyncMs?: number;
  /** Before the first new attempt after a failure; default registerRetryMsMin. */
  readonly retryMs?: number;
}

export interface MirrorState {
  /** Whether a list has been read yet. */
  readonly listed: boolean;
  /** Whether a watch has ever told anything, and so is surely allowed. */
  readonly streamed: boolean;
}

export interface Mirror {
  /** Resolves when the signal has ended it; rejects with a failure that is final. */
  readonly ended: Promise<void>;
  /** Takes in what was read beside the lists. */
  take(services: readonly Service[]): void;
}

/** Starts at once. */
export const mirrorRegistry = (o: MirrorOptions): Mirror => {
  const copy: Copy = { services: new Map(), touched: undefined, listed: false, streamed: false };
  return {
    ended: run(o, copy),
    take: (services) => {
      for (const service of services) {
        const known = copy.services.get(keyOf(service));
        if (isSame(known, service)) continue;
        const event: RegistryEvent = { action: known === undefined ? 'create' : 'update', service };
        apply(copy, event);
        o.changed(event, false);
      }
    },
  };
};

interface Copy extends MirrorState {
  readonly services: Map<string, Service>;
  /** What changed while a list is on its way, which may be older. */
  touched: Set<string> | undefined;
  listed: boolean;
  streamed: boolean;
}

const run = async (o: MirrorOptions, copy: Copy): Promise<void> => {
  for (let failures = 0; !o.signal.aborted; failures += 1) {
    const session = new AbortController();
    const signal = AbortSignal.any([o.signal, session.signal]);
    const listed = (): void => {
      failures = 0;
      o.listed?.();
    };
    try {
      await followOnce({ ...o, signal, listed }, copy);
      o.log.debug('registry watch ended');
    } catch (error) {
      if (o.signal.aborted) return;
      if (o.isFinal(error, copy)) throw error;
      o.log.debug('registry watch broken', { error: String(error) });
    } finally {
      session.abort();
    }
    const pauseMs = Math.min((o.retryMs ?? registerRetryMsMin) * 2 ** Math.min(failures, 16), registerRetryMsMax);
    await sleep(pauseMs, undefined, { signal: o.signal, ref: false }).catch(() => undefined);
  }
};

/** One watch. It is opened before the list is asked for, so that in one process no change falls between the two. */
const followOnce = async (o: MirrorOptions, copy: Copy): Promise<void> => {
  const events = o.open(o.signal)[Symbol.asyncIterator]();
  const watching = watch(o, copy, { events, next: events.next() });
  const listing = listNowAndThen(o, copy);
  // Whichever fails first ends both; the other's failure says nothing new.
  watching.catch(() => undefined);
  listing.catch(() => undefined);
  await Promise.race([watching, listing]);
};

const watch = async (
  o: MirrorOptions,
  copy: Copy,
  { events, next }: { events: AsyncIterator<RegistryEvent>; next: Promise<IteratorResult<RegistryEvent>> },
): Promise<void> => {
  for (let result = await next; result.done !== true; result = await events.next()) {
    if (o.signal.aborted) return;
    copy.streamed = true;
    apply(copy, result.value);
    o.changed(result.value, false);
  }
};

const apply = (copy: Copy, { action, service }: RegistryEvent): void => {
  const key = keyOf(service);
  copy.touched?.add(key);
  if (action === 'delete') copy.services.delete(key);
  else copy.services.set(key, service);
};

/** Ends with the signal only. */
const listNowAndThen = async (o: MirrorOptions, copy: Copy): Promise<void> => {
  for (let pauseMs = o.settleMs ?? registrySettleMs; ; pauseMs = o.resyncMs ?? registryResyncMs) {
    copy.touched = new Set();
    const list = await o.read(o.signal);
    if (o.signal.aborted) return;
    compare(o, copy, list);
    copy.touched = undefined;
    o.listed?.();
    await sleep(pauseMs, undefined, { signal: o.signal, ref: false });
  }
};

/** A list may be older than what came while it was on its way: those services stay as they were told. */
const compare = (o: MirrorOptions, copy: Copy, list: readonly Service[]): void => {
  const first = !copy.listed;
  copy.listed = true;
  const { services, touched } = copy;
  const now = new Map(list.map((service) => [keyOf(service), service]));
  const isOlder = (key: string): boolean => touched?.has(key) === true;
  for (const [key, service] of services)
    if (!now.has(key) && !isOlder(key)) {
      services.delete(key);
      o.changed({ action: 'delete', service }, first);
    }
  for (const [key, service] of now) {
    const known = services.get(key);
    if (isOlder(key) || isSame(known, service)) continue;
    services.set(key, service);
    o.changed({ action: known === undefined ? 'create' : 'update', service }, first);
  }
};

/** A registry of this process answers with the same object until something changes. */
const isSame = (known: Service | undefined, service: Service): boolean =>
  known === service || (known !== undefined && isDeepStrictEqual(known, service));

const keyOf = ({ metadata, name, version }: Service): string => JSON.stringify([metadata.domain, name, version]);
