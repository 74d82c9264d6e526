/**
 * A watch that outlives its connection: opens again with growing pauses and then tells what changed meanwhile, by
 * comparing a fresh list with what it last knew. Owns the loop and a bounded queue; makes no calls of its own.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

import { isMicroError, tooMany } from '../../../../internal/contract/error.ts';
import { registerRetryMsMax, registerRetryMsMin, watchQueueMax } from '../../../../internal/contract/limits.ts';
import type { Logger } from '../../../../internal/contract/logger.ts';
import type { RegistryEvent, Service } from '../../../../internal/contract/registry.ts';

export interface FollowOptions {
  /** Changes from now on; may fail at any time. */
  open(signal: AbortSignal): AsyncIterable<RegistryEvent>;
  /** Everything the watch covers, as it is now. */
  read(signal: AbortSignal): Promise<readonly Service[]>;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** Starts at once; ends with the signal or when its reader leaves. Fails only where trying again cannot help. */
export const followRegistry = (o: FollowOptions): AsyncIterable<RegistryEvent> => {
  const left = new AbortController();
  const signal = AbortSignal.any([o.signal, left.signal]);
  return new ReadableStream<RegistryEvent>(
    {
      start: (controller) => {
        const end = (): void => (left.signal.aborted ? undefined : controller.close());
        if (signal.aborted) return end();
        signal.addEventListener('abort', end, { once: true });
        const fail = (e: unknown): void => {
          if (signal.aborted) return;
          signal.removeEventListener('abort', end);
          left.abort();
          controller.error(e);
        };
        const tell = (event: RegistryEvent): void => {
          if (signal.aborted) return;
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(event);
          else fail(fellBehind());
        };
        // Its failures all end in fail(): nothing is left to reject.
        follow({ ...o, signal }, tell).catch(fail);
      },
      cancel: () => left.abort(),
    },
    { highWaterMark: watchQueueMax },
  );
};

const fellBehind = (): Error =>
  tooMany('registry.Registry.Watch', `watcher is more than ${watchQueueMax} events behind (watchQueueMax)`);

type Tell = (event: RegistryEvent) => void;

/** What the reader is taken to know. */
interface Known {
  services: Map<string, Service>;
  /** Whether a list has been read yet; before that there are only events. */
  listed: boolean;
  /** Whether a stream has ever told anything, and so is surely allowed. */
  streamed: boolean;
}

const follow = async (o: FollowOptions, tell: Tell): Promise<void> => {
  const known: Known = { services: new Map(), listed: false, streamed: false };
  for (let failures = 0; !o.signal.aborted; failures += 1) {
    const session = new AbortController();
    const signal = AbortSignal.any([o.signal, session.signal]);
    try {
      await followOnce({ ...o, signal }, { known, tell, synced: () => (failures = 0) });
      o.log.debug('registry watch ended by the server');
    } catch (e) {
      if (o.signal.aborted) return;
      if (!known.streamed && isFinal(e)) throw e;
      o.log.debug('registry watch broken', { error: String(e) });
    } finally {
      session.abort();
    }
    const pauseMs = Math.min(registerRetryMsMin * 2 ** Math.min(failures, 16), registerRetryMsMax);
    await sleep(pauseMs, undefined, { signal: o.signal, ref: false }).catch(() => undefined);
  }
};

/** Refused for what was asked or by whom: the same question would get the same answer. */
const isFinal = (e: unknown): boolean => isMicroError(e) && [400, 401, 403, 404, 501].includes(e.code);

interface Session {
  readonly known: Known;
  readonly tell: Tell;
  /** Called when the list has been read. */
  synced(): void;
}

/** One connection: the stream is opened first, so that no change falls between it and the list. */
const followOnce = async (o: FollowOptions, { known, tell, synced }: Session): Promise<void> => {
  const touched = new Set<string>();
  const events = o.open(o.signal)[Symbol.asyncIterator]();
  const next = events.next();
  const reading = o.read(o.signal).then((list) => {
    if (o.signal.aborted) return;
    // A list may be older than events that came before it: those services are left as the events told them.
    resync(known, list, { touched, tell });
    synced();
  });
  const watching = applyAll({ events, next }, (event) => {
    known.streamed = true;
    touched.add(keyOf(event.service));
    apply(known, event);
    tell(event);
  });
  await Promise.all([watching, reading]);
};

const applyAll = async (
  o: { events: AsyncIterator<RegistryEvent>; next: Promise<IteratorResult<RegistryEvent>> },
  each: (event: RegistryEvent) => void,
): Promise<void> => {
  for (let result = await o.next; result.done !== true; result = await o.events.next()) each(result.value);
};

const apply = ({ services }: Known, { action, service }: RegistryEvent): void => {
  if (action === 'delete') services.delete(keyOf(service));
  else services.set(keyOf(service), service);
};

/** The first list is told to nobody: a watch reports changes, not what is there. */
const resync = (known: Known, list: readonly Service[], o: { touched: ReadonlySet<string>; tell: Tell }): void => {
  const before = known.services;
  const now = new Map(list.map((service) => [keyOf(service), service]));
  for (const key of o.touched) {
    const told = before.get(key);
    if (told === undefined) now.delete(key);
    else now.set(key, told);
  }
  if (known.listed) tellDifference(before, now, o.tell);
  known.services = now;
  known.listed = true;
};

const tellDifference = (before: ReadonlyMap<string, Service>, now: ReadonlyMap<string, Service>, tell: Tell): void => {
  for (const [key, service] of before) if (!now.has(key)) tell({ action: 'delete', service });
  for (const [key, service] of now) {
    const old = before.get(key);
    if (old === undefined) tell({ action: 'create', service });
    else if (!isDeepStrictEqual(old, service)) tell({ action: 'update', service });
  }
};

const keyOf = (service: Service): string => JSON.stringify([service.metadata.domain, service.name, service.version]);
