/** An in-memory copy of one registry domain, or of all of them, in the shape that routing asks for. Owns its watch; picks no nodes. */

import { defaultNamespace } from '../../../../internal/contract/core.ts';
import type { Logger } from '../../../../internal/contract/logger.ts';
import type { Registry, Service } from '../../../../internal/contract/registry.ts';
import { mirrorRegistry } from '../../../../internal/registry/mirror.ts';

import { createLiveReads } from './live-reads.ts';
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

/** Resolves once the domain has been read; throws what the first reading threw. */
export const openView = async (o: ViewOptions): Promise<View> => {
  const { registry, domain } = o;
  const controller = new AbortController();
  const signal = AbortSignal.any([o.signal, controller.signal]);
  const records = createRecords(o.appeared);
  const reads = createLiveReads({
    get: (within, name) => registry.get(name, { domain: within, signal }),
    take: (services) => mirror.take(services),
  });
  const first = Promise.withResolvers<void>();
  const mirror = mirrorRegistry({
    open: (watching) => registry.watch({ domain, signal: watching }),
    read: (reading) => registry.list({ domain, signal: reading }),
    changed: ({ action, service }) => {
      const within = domainOf(o, service);
      reads.outdate(within, service.name);
      if (action === 'delete') records.drop(within, service);
      else records.put(within, service);
    },
    listed: first.resolve,
    // Until the domain was read once there is nothing to go on with.
    isFinal: (_, { listed }) => !listed,
    signal,
    log: o.log,
  });
  await Promise.race([first.promise, mirror.ended]);
  return {
    routes: records.routes,
    routesOfFullName: records.routesOfFullName,
    namesOfFullName: records.namesOfFullName,
    read: reads.read,
    close: async () => {
      controller.abort();
      await mirror.ended;
    },
  };
};

const domainOf = (o: ViewOptions, service: Service): string =>
  service.metadata.domain ?? (o.domain === '*' ? defaultNamespace : o.domain);
