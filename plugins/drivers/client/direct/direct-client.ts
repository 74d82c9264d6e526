/** Calls nodes at their addresses: nodes picked by the router, one other when the first refuses the connection. Adds no token of its own. */

import type { Client, ClientOptions } from '../../../../internal/contract/client.ts';
import { defaultNamespace } from '../../../../internal/contract/core.ts';
import { isMicroError } from '../../../../internal/contract/error.ts';
import type { PluginContext, Running } from '../../../../internal/contract/plugin.ts';
import type { Outcome, Picked, Route, Router } from '../../../../internal/contract/router.ts';
import { createRpcClient, type RpcCallOptions, type RpcClient } from '../../../../internal/rpc/client.ts';
import { isForeign, pathAt } from '../../../../internal/rpc/foreign-node.ts';
import { buildPath } from '../../../../internal/rpc/path.ts';
import { isConnectionFault, wasNeverSent } from '../../../../internal/rpc/transport-error.ts';
import type { needs } from './plugin.ts';

export const create = (ctx: PluginContext<{}, typeof needs>): Client & Running => {
  const rpc = createRpcClient({ now: ctx.now });
  const { router } = ctx.needs;
  return {
    call: async (service, endpoint, request, o = {}) => {
      const path = buildPath(service, endpoint);
      const options = callOptions(o);
      const send = ({ node }: Route): Promise<Uint8Array> =>
        rpc.call(node.address, pathAt(node, path), request, options);
      if (o.address !== undefined) return rpc.call(o.address, path, request, options);
      return callNode(await pickFor(router, service, o), {
        send,
        signal: o.signal,
        another: anotherOf(router, service, o),
      });
    },
    stream: (service, endpoint, o = {}) =>
      rpc.streamTo(async () => {
        const target = { path: buildPath(service, endpoint), options: callOptions(o) };
        if (o.address !== undefined) return { ...target, address: o.address };
        const first = await pickFor(router, service, o);
        const picked = await reachable(first, { rpc, signal: o.signal, another: anotherOf(router, service, o) });
        return {
          ...target,
          path: pathAt(picked.route.node, target.path),
          address: picked.route.node.address,
          ended: (failure) => picked.done(outcomeOf(failure, o.signal)),
        };
      }, o.signal),
    stop: () => rpc.close(),
  };
};

/** A node of the service; JSON for a server that reads protobuf only goes to the core service that translates it. */
const pickFor = async (router: Router, service: string, o: ClientOptions): Promise<Picked> => {
  const picked = await router.find(service, { namespace: o.namespace ?? defaultNamespace, signal: o.signal });
  if (!isForeign(picked.route.node) || o.contentType !== 'application/grpc+json') return picked;
  picked.done('unknown');
  return router.find('grpc', { namespace: defaultNamespace, signal: o.signal });
};

/** Picks a node that is not the one that was tried: the second try is for a node that is gone and not yet forgotten. */
type Another = (tried: Picked) => Picked | undefined;

const anotherOf =
  (router: Router, service: string, o: ClientOptions): Another =>
  ({ route }) => {
    // The translator has no second node that would read the same.
    if (route.service !== service) return undefined;
    return router.pick(service, { namespace: o.namespace ?? defaultNamespace, exclude: new Set([route.node.address]) });
  };

const callOptions = ({ address: _, token, ...o }: ClientOptions): RpcCallOptions => ({
  ...o,
  namespace: o.namespace ?? defaultNamespace,
  token: token ?? undefined,
});

const outcomeOf = (failure: unknown, signal: AbortSignal | undefined): Outcome => {
  // Nothing was heard of the node when time ran out or the caller left.
  if (signal?.aborted === true || (isMicroError(failure) && failure.code === 408)) return 'unknown';
  return isConnectionFault(failure) ? 'failed' : 'answered';
};

interface CallOptions<T> {
  send(route: Route): Promise<T>;
  readonly another: Another;
  readonly signal: AbortSignal | undefined;
}

/** Sends to the node, and to one other when the call surely never left. */
const callNode = async <T>(first: Picked, { send, another, signal }: CallOptions<T>): Promise<T> => {
  const sendTo = async (picked: Picked): Promise<T> => {
    let outcome: Outcome = 'unknown';
    try {
      const answer = await send(picked.route);
      outcome = 'answered';
      return answer;
    } catch (error) {
      outcome = outcomeOf(error, signal);
      throw error;
    } finally {
      picked.done(outcome);
    }
  };
  try {
    return await sendTo(first);
  } catch (error) {
    const second = wasNeverSent(error) ? another(first) : undefined;
    if (second === undefined) throw error;
    return sendTo(second);
  }
};

interface ReachOptions {
  readonly rpc: RpcClient;
  readonly another: Another;
  readonly signal: AbortSignal | undefined;
}

/** The first node that takes a connection; the last one when none does, so that its error is what the caller sees. */
const reachable = async (first: Picked, { rpc, another, signal }: ReachOptions): Promise<Picked> => {
  if (await rpc.connect(first.route.node.address, signal)) return first;
  if (signal?.aborted === true) return first;
  const second = another(first);
  if (second === undefined) return first;
  first.done('failed');
  return second;
};
