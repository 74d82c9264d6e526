/** Routes from the registry: looked up in memory, asked for live on a miss. Owns its views and the list of failed nodes; calls nothing. */

import { conflict, internal, isMicroError, toMicroError } from '../../../../internal/contract/error.ts';
import { failedNodesMax, nodePenaltyMs, routerNamespacesMax } from '../../../../internal/contract/limits.ts';
import type { PluginContext, Running } from '../../../../internal/contract/plugin.ts';
import type { Service } from '../../../../internal/contract/registry.ts';
import type { Route, Router } from '../../../../internal/contract/router.ts';
import type { needs } from './plugin.ts';
import { openView, type View } from './view.ts';

type Context = PluginContext<{}, typeof needs>;
type LookupOptions = Parameters<Router['lookup']>[1];

const errorId = 'go.micro.client';

export const create = (ctx: Context): Router & Running => {
  const views = createViews(ctx);
  const live = createLiveReads(ctx);
  const failures = createFailures(ctx.now);
  let turn = Math.floor(Math.random() * 2 ** 16);

  const order = (versions: readonly Service[]): readonly Route[] => {
    const routes = versions.flatMap(({ name, version, nodes }) =>
      nodes.map((node) => ({ service: name, version, node })),
    );
    turn = (turn + 1) % 2 ** 16;
    return failures.sort(rotate(routes, turn));
  };

  return {
    lookup: async (service, o) => {
      const view = await unlessAborted(o.signal, views.of(o.namespace));
      const known = order(view.versions(o.namespace, service));
      if (known.length > 0) return known;
      const found = await unlessAborted(o.signal, live.read(service, o));
      view.put(o.namespace, found);
      const routes = order(found);
      if (routes.length === 0) throw internal(errorId, `service ${service}: route not found`);
      return routes;
    },
    lookupFullName: async (fullName, o) => {
      const view = await unlessAborted(o.signal, views.of(o.namespace));
      const names = view.namesOfFullName(o.namespace, fullName);
      if (names.length > 1)
        throw conflict(errorId, `${fullName} is served by ${names.join(' and ')}`, {
          hint: `call one of them by its micro name: /${names[0]}.${fullName.slice(fullName.lastIndexOf('.') + 1)}/METHOD`,
        });
      const routes = names.flatMap((name) => view.versions(o.namespace, name));
      return order(routes).filter((route) => servesFullName(route, fullName));
    },
    reportFailure: ({ node }) => failures.add(node.address),
    stop: () => views.close(),
  };
};

/** Stops waiting when the caller leaves; the reading goes on, as others may share it. */
const unlessAborted = async <T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> => {
  if (signal === undefined) return work;
  let leave = (): void => undefined;
  const left = new Promise<never>((_, reject) => {
    leave = () => reject(toMicroError(signal.reason, errorId));
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
  try {
    return await Promise.race([work, left]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
};

const servesFullName = ({ node }: Route, fullName: string): boolean =>
  (node.metadata.grpc ?? '').split(',').some((text) => text.trim() === fullName);

const rotate = <T>(items: readonly T[], by: number): readonly T[] => {
  if (items.length < 2) return items;
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
};

interface Views {
  of(namespace: string): Promise<View>;
  close(): Promise<void>;
}

/** One view of everything where the registry allows it, else one per namespace, the longest unused closed beyond routerNamespacesMax. */
const createViews = (ctx: Context): Views => {
  const opened = new Map<string, Promise<View>>();
  let seesAll = true;

  const open = (domain: string): Promise<View> => {
    const found = opened.get(domain);
    // Re-inserted: the map's order is the order of use.
    opened.delete(domain);
    const { log, signal } = ctx;
    const view = found ?? openView({ registry: ctx.needs.registry, domain, log, signal });
    opened.set(domain, view);
    if (found === undefined) view.catch(() => opened.delete(domain));
    return view;
  };
  const evict = async (): Promise<void> => {
    if (opened.size <= routerNamespacesMax) return;
    const [oldest, view] = opened.entries().next().value as [string, Promise<View>];
    opened.delete(oldest);
    await closeQuietly(view);
  };
  return {
    of: async (namespace) => {
      if (seesAll)
        try {
          return await open('*');
        } catch (error) {
          if (!isRefusal(error)) throw error;
          seesAll = false;
        }
      const view = await open(namespace);
      await evict();
      return view;
    },
    close: async () => {
      const all = [...opened.values()];
      opened.clear();
      await Promise.all(all.map(closeQuietly));
    },
  };
};

/** A view that never opened has nothing to close; whoever asked for it got its error. */
const closeQuietly = async (view: Promise<View>): Promise<void> => {
  const opened = await view.catch(() => undefined);
  await opened?.close();
};

const isRefusal = (error: unknown): boolean => isMicroError(error) && (error.code === 401 || error.code === 403);

interface LiveReads {
  read(service: string, o: LookupOptions): Promise<readonly Service[]>;
}

/** Asks the registry itself; callers that ask the same thing at once share one answer. */
const createLiveReads = (ctx: Context): LiveReads => {
  const asking = new Map<string, Promise<readonly Service[]>>();
  return {
    read: (service, { namespace }) => {
      const key = JSON.stringify([namespace, service]);
      const running = asking.get(key);
      if (running !== undefined) return running;
      const answer = ctx.needs.registry.get(service, { domain: namespace, signal: ctx.signal });
      asking.set(key, answer);
      const done = (): void => void asking.delete(key);
      answer.then(done, done);
      return answer;
    },
  };
};

interface Failures {
  add(address: string): void;
  /** Failed nodes left out; when all have failed, all of them, the one that failed longest ago first. */
  sort(routes: readonly Route[]): readonly Route[];
}

const createFailures = (now: () => number): Failures => {
  const failedAt = new Map<string, number>();
  const isOut = ({ node }: Route): boolean => {
    const at = failedAt.get(node.address);
    if (at === undefined) return false;
    if (now() - at < nodePenaltyMs) return true;
    failedAt.delete(node.address);
    return false;
  };
  return {
    add: (address) => {
      failedAt.delete(address);
      failedAt.set(address, now());
      if (failedAt.size > failedNodesMax) failedAt.delete(failedAt.keys().next().value as string);
    },
    sort: (routes) => {
      if (failedAt.size === 0) return routes;
      const good = routes.filter((route) => !isOut(route));
      if (good.length > 0) return good;
      return routes.toSorted((a, b) => (failedAt.get(a.node.address) ?? 0) - (failedAt.get(b.node.address) ?? 0));
    },
  };
};
