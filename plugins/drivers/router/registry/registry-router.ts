/** Routes from the registry: looked up in memory, read from the registry itself on a miss. Owns its views and what it knows of the nodes' health; calls nothing. */

import { conflict, toMicroError } from '../../../../internal/contract/error.ts';
import type { PluginContext, Running } from '../../../../internal/contract/plugin.ts';
import type { Service } from '../../../../internal/contract/registry.ts';
import { type Route, type RouteOptions, routeNotFound, type Router } from '../../../../internal/contract/router.ts';

import { type Balancer, createBalancer } from './balancer.ts';
import type { needs } from './plugin.ts';
import { openView } from './view.ts';
import { createViews, type Views } from './views.ts';

const errorId = 'go.micro.client';

export const create = (ctx: PluginContext<{}, typeof needs>): Router & Running => {
  const balancer = createBalancer({ now: ctx.now, random: Math.random });
  const views = createViews((domain) =>
    openView({
      registry: ctx.needs.registry,
      domain,
      log: ctx.log,
      signal: ctx.signal,
      appeared: (now, before) => forgiveNewNodes(balancer, now, before),
    }),
  );
  const load: Router['load'] = async (service, { namespace, signal }) => {
    const view = await unlessAborted(signal, views.of(namespace));
    if (view.routes(namespace, service).length === 0) await unlessAborted(signal, view.read(namespace, service));
  };
  const pick: Router['pick'] = (service, o) => balancer.pick(routesOf(views, service, o), o.exclude);

  return {
    resolve: (service, fullName, o) => resolve(views, service, { ...o, fullName }),
    pick,
    find: async (service, o) => {
      const known = pick(service, o);
      if (known !== undefined) return known;
      await load(service, o);
      const found = pick(service, o);
      if (found === undefined) throw routeNotFound(service);
      return found;
    },
    load,
    lookup: async (service, o) => {
      if (routesOf(views, service, o).length === 0) await load(service, o);
      const routes = balancer.order(routesOf(views, service, o));
      if (routes.length === 0) throw routeNotFound(service);
      return routes;
    },
    report: balancer.report,
    stop: () => views.close(),
  };
};

const noRoutes: readonly Route[] = [];

const routesOf = (views: Views, service: string, { namespace, fullName }: RouteOptions): readonly Route[] => {
  const view = views.known(namespace);
  if (view === undefined) return noRoutes;
  return fullName === undefined ? view.routes(namespace, service) : view.routesOfFullName(namespace, service, fullName);
};

const resolve = (
  views: Views,
  service: string,
  { namespace, fullName }: { readonly namespace: string; readonly fullName: string },
): string | undefined => {
  const view = views.known(namespace);
  if (view === undefined) return undefined;
  if (view.routes(namespace, service).length > 0) return service;
  const names = view.namesOfFullName(namespace, fullName);
  if (names.length < 2) return names[0];
  throw conflict(errorId, `${fullName} is served by ${names.join(' and ')}`, {
    hint: `call one of them by its micro name: /${names[0]}.${fullName.slice(fullName.lastIndexOf('.') + 1)}/METHOD`,
  });
};

const forgiveNewNodes = (balancer: Balancer, now: Service, before: Service | undefined): void => {
  if (!balancer.hasFailures()) return;
  const known = new Set(before?.nodes.map(({ id, address }) => `${id} ${address}`));
  for (const { id, address } of now.nodes) if (!known.has(`${id} ${address}`)) balancer.forgive(address);
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
