/** An in-memory copy of one registry domain, or of all of them: read once, then kept up by watching. Owns its watch; picks no nodes. */

import { setTimeout as sleep } from 'node:timers/promises';

import { defaultNamespace } from '../../../../internal/contract/core.ts';
import { registerRetryMsMax, registerRetryMsMin, routerResyncMs } from '../../../../internal/contract/limits.ts';
import type { Logger } from '../../../../internal/contract/logger.ts';
import type { Registry, RegistryEvent, Service } from '../../../../internal/contract/registry.ts';

export interface View {
  /** Versions of a service as last seen; empty when unknown. */
  versions(domain: string, name: string): readonly Service[];
  /** Names of the services of a domain whose nodes register this proto full name, sorted. */
  namesOfFullName(domain: string, fullName: string): readonly string[];
  /** Takes in versions that were read outside the watch. */
  put(domain: string, services: readonly Service[]): void;
  /** Ends the watch. */
  close(): Promise<void>;
}

export interface ViewOptions {
  readonly registry: Pick<Registry, 'list' | 'watch'>;
  /** A domain, or `*` for all. */
  readonly domain: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Service name -> version -> record, per domain. */
type Records = Map<string, Map<string, Map<string, Service>>>;

interface State {
  records: Records;
  /** Domain -> full name -> service names; built when asked for, dropped at each change. */
  readonly index: Map<string, ReadonlyMap<string, readonly string[]>>;
}

/** Resolves once the domain has been read; throws what the first reading threw. */
export const openView = async (o: ViewOptions): Promise<View> => {
  const controller = new AbortController();
  const signal = AbortSignal.any([o.signal, controller.signal]);
  const state: State = { records: new Map(), index: new Map() };
  const first = await sync(o, state, signal);
  const running = follow(o, state, signal, first);
  return {
    versions: (domain, name) => [...(state.records.get(domain)?.get(name)?.values() ?? [])],
    namesOfFullName: (domain, fullName) => indexOf(state, domain).get(fullName) ?? [],
    put: (domain, services) => {
      for (const service of services) putRecord(state, domain, service);
    },
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
    state.records = new Map();
    state.index.clear();
    for (const service of services) putRecord(state, domainOf(o, service), service);
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

const apply = (o: ViewOptions, state: State, { action, service }: RegistryEvent): void => {
  const domain = domainOf(o, service);
  if (action === 'delete') dropRecord(state, domain, service);
  else putRecord(state, domain, service);
};

const putRecord = ({ records, index }: State, domain: string, service: Service): void => {
  const services = getOrSet(records, domain, () => new Map<string, Map<string, Service>>());
  getOrSet(services, service.name, () => new Map<string, Service>()).set(service.version, service);
  index.delete(domain);
};

const dropRecord = ({ records, index }: State, domain: string, { name, version }: Service): void => {
  const services = records.get(domain);
  const versions = services?.get(name);
  versions?.delete(version);
  if (versions?.size === 0) services?.delete(name);
  if (services?.size === 0) records.delete(domain);
  index.delete(domain);
};

const getOrSet = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
};

const indexOf = (state: State, domain: string): ReadonlyMap<string, readonly string[]> =>
  getOrSet(state.index, domain, () => {
    const index = new Map<string, string[]>();
    for (const [name, versions] of state.records.get(domain) ?? [])
      for (const fullName of fullNamesOf([...versions.values()])) getOrSet(index, fullName, () => []).push(name);
    for (const names of index.values()) names.sort();
    return index;
  });

const fullNamesOf = (versions: readonly Service[]): ReadonlySet<string> =>
  new Set(
    versions
      .flatMap((version) => version.nodes)
      .flatMap((node) => (node.metadata.grpc ?? '').split(','))
      .map((text) => text.trim())
      .filter((text) => text !== ''),
  );
