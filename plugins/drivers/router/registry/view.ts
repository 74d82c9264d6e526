/** An in-memory copy of one registry domain, or of all of them: read once, then kept up by watching. Owns its watch; picks no nodes. */

import { setTimeout as sleep } from 'node:timers/promises';

import { defaultNamespace } from '../../../../internal/contract/core.ts';
import { registerRetryMsMax, registerRetryMsMin, routerResyncMs } from '../../../../internal/contract/limits.ts';
import type { Logger } from '../../../../internal/contract/logger.ts';
import type { Registry, RegistryEvent, Service } from '../../../../internal/contract/registry.ts';

import { createLiveReads, type LiveReads } from './live-reads.ts';
import { createRecords, type Records } from './records.ts';

export interface View extends Pick<Records, 'routes' | 'routesOfFullName' | 'namesOfFullName'> {
  /** Reads one service from the registry itself and takes it in. Callers that ask for the same one at once share the answer. */
  read(domain: string, name: string): Promise<void>;
  /** Ends the watch. */
  close(): Promise<void>;
}

export interface ViewOptions {
  readonly registry: Pick<Registry, 'get' | 'list' | 'watch'>;
  /** A domain, or `*` for all. */
  readonly domain: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Told of each version that is new or different, with what was known of it before. */
  appeared(now: Service, before: Service | undefined): void;
}

interface State {
  readonly records: Records;
  readonly reads: LiveReads;
}

/** Resolves once the domain has been read; throws what the first reading threw. */
export const openView = async (o: ViewOptions): Promise<View> => {
  const controller = new AbortController();
  const signal = AbortSignal.any([o.signal, controller.signal]);
  const records = createRecords(o.appeared);
  const reads = createLiveReads({
    get: (domain, name) => o.registry.get(name, { domain, signal }),
    take: (domain, services) => {
      for (const service of services) records.put(domain, service);
    },
  });
  const state: State = { records, reads };
  const first = await sync(o, state, signal);
  const running = follow(o, state, signal, first);
  return {
    routes: records.routes,
    routesOfFullName: records.routesOfFullName,
    namesOfFullName: records.namesOfFullName,
    read: reads.read,
    close: async () => {
      controller.abort();
      await running;
    },
  };
};

/** One reading with the watch that keeps it up. */
interface Watching {
  readonly events: AsyncIterator<RegistryEvent>;
  /** Asked for before the reading, so that no change falls between the two. */
  readonly next: Promise<IteratorResult<RegistryEvent>>;
  /** Ends this watch only. */
  stop(): void;
  readonly signal: AbortSignal;
}

const sync = async (o: ViewOptions, state: State, outer: AbortSignal): Promise<Watching> => {
  const controller = new AbortController();
  const signal = AbortSignal.any([outer, controller.signal]);
  const stop = (): void => controller.abort();
  const events = o.registry.watch({ domain: o.domain, signal })[Symbol.asyncIterator]();
  const next = events.next();
  // It is awaited later; until then a failure must not count as unhandled.
  next.catch(() => undefined);
  try {
    const services = await o.registry.list({ domain: o.domain, signal });
    state.reads.outdateAll();
    state.records.replace(services.map((service) => [domainOf(o, service), service]));
    return { events, next, stop, signal };
  } catch (error) {
    stop();
    throw error;
  }
};

const domainOf = (o: ViewOptions, service: Service): string =>
  service.metadata.domain ?? (o.domain === '*' ? defaultNamespace : o.domain);

/** Applies events until the resync is due or the watch ends, then reads anew. Runs until the signal; never rejects. */
const follow = async (o: ViewOptions, state: State, signal: AbortSignal, first: Watching): Promise<void> => {
  let watching: Watching | undefined = first;
  let failures = 0;
  while (!signal.aborted) {
    try {
      watching ??= await sync(o, state, signal);
      failures = 0;
      await applyEvents(o, state, watching);
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      o.log.debug('registry watch ended', { domain: o.domain, error: String(error) });
    }
    watching = undefined;
    const pauseMs = Math.min(registerRetryMsMin * 2 ** Math.min(failures, 16), registerRetryMsMax);
    if (failures > 0) await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
};

/** Returns when it is time to read everything again; throws when the watch fails. */
const applyEvents = async (o: ViewOptions, state: State, watching: Watching): Promise<void> => {
  const due = setTimeout(watching.stop, routerResyncMs).unref();
  try {
    for (let next = await watching.next; next.done !== true; next = await watching.events.next())
      apply(o, state, next.value);
    if (!watching.signal.aborted) throw new Error('the watch ended by itself');
  } catch (error) {
    if (!watching.signal.aborted) throw error;
  } finally {
    clearTimeout(due);
    watching.stop();
  }
};

const apply = (o: ViewOptions, { records, reads }: State, { action, service }: RegistryEvent): void => {
  const domain = domainOf(o, service);
  reads.outdate(domain, service.name);
  if (action === 'delete') records.drop(domain, service);
  else records.put(domain, service);
};
