/** Calls nodes at their addresses: routes from the router, one other node when the first refuses the connection. Adds no token of its own. */

import type { Client, ClientOptions } from '../../../../internal/contract/client.ts';
import { defaultNamespace } from '../../../../internal/contract/core.ts';
import type { PluginContext, Running } from '../../../../internal/contract/plugin.ts';
import type { Route, Router } from '../../../../internal/contract/router.ts';
import { createRpcClient, type RpcCallOptions, type RpcClient, wasNeverSent } from '../../../../internal/rpc/client.ts';
import { buildPath } from '../../../../internal/rpc/path.ts';
import type { needs } from './plugin.ts';

/** The best node and one other: the second try is for a node that is gone and not yet forgotten. */
const nodeTries = 2;

export const create = (ctx: PluginContext<{}, typeof needs>): Client & Running => {
  const rpc = createRpcClient({ now: ctx.now });
  const { router } = ctx.needs;
  return {
    call: async (service, endpoint, request, o = {}) => {
      const path = buildPath(service, endpoint);
      const options = callOptions(o);
      if (o.address !== undefined) return rpc.call(o.address, path, request, options);
      return callRoutes(await routesOf(router, service, o), router, ({ node }) =>
        rpc.call(node.address, path, request, options),
      );
    },
    stream: (service, endpoint, o = {}) =>
      rpc.streamTo(async () => {
        const address = o.address ?? (await reachable(await routesOf(router, service, o), router, rpc, o.signal));
        return { address, path: buildPath(service, endpoint), options: callOptions(o) };
      }, o.signal),
    stop: () => rpc.close(),
  };
};

const routesOf = async (router: Router, service: string, o: ClientOptions): Promise<readonly Route[]> => {
  const routes = await router.lookup(service, { namespace: o.namespace ?? defaultNamespace, signal: o.signal });
  return routes.slice(0, nodeTries);
};

const callOptions = ({ address: _, token, ...o }: ClientOptions): RpcCallOptions => ({
  ...o,
  namespace: o.namespace ?? defaultNamespace,
  token: token ?? undefined,
});

/** Tries the routes in order, going on only when a call surely never left. */
const callRoutes = async <T>(
  routes: readonly Route[],
  router: Router,
  send: (route: Route) => Promise<T>,
): Promise<T> => {
  for (const [index, route] of routes.entries()) {
    try {
      return await send(route);
    } catch (error) {
      if (!wasNeverSent(error)) throw error;
      router.reportFailure(route);
      if (index === routes.length - 1) throw error;
    }
  }
  throw new Error('a router answers with at least one route');
};

/** The first node that takes a connection; the last one when none does, so that its error is what the caller sees. */
const reachable = async (
  routes: readonly Route[],
  router: Router,
  rpc: RpcClient,
  signal: AbortSignal | undefined,
): Promise<string> => {
  for (const route of routes) {
    if (await rpc.connect(route.node.address, signal)) return route.node.address;
    if (signal?.aborted !== true) router.reportFailure(route);
  }
  return routes.at(-1)?.node.address ?? '';
};
