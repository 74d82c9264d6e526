/** Decides who calls, what is meant and where it runs: account, rules, routes. Opens no connection. */

import { checkCall } from '../../../internal/auth/check-call.ts';
import { tokenOf } from '../../../internal/auth/bearer.ts';
import type { Account, Auth } from '../../../internal/contract/auth.ts';
import { defaultNamespace } from '../../../internal/contract/core.ts';
import { isMicroError } from '../../../internal/contract/error.ts';
import type { Route, Router } from '../../../internal/contract/router.ts';
import type { ProxyRequest } from './headers.ts';

export interface CallTarget {
  /** The micro name that was authorised. */
  readonly service: string;
  readonly endpoint: string;
  readonly namespace: string;
  readonly account: Account | undefined;
  /** Best first, never empty. */
  readonly routes: readonly Route[];
}

export interface TargetNeeds {
  readonly auth: Pick<Auth, 'inspect' | 'rules'>;
  readonly router: Router;
}

/** The target of a call, or the error that refuses it: what is authorised is what is dispatched. */
export const findTarget = async (
  request: ProxyRequest,
  { auth, router }: TargetNeeds,
  signal: AbortSignal,
): Promise<CallTarget> => {
  const { authorization, namespaceHeader, path } = request;
  const namespace = await namespaceOf(request, auth, signal);
  const found = await routesOf(request, router, { namespace, signal });
  const service = found.routes[0]?.service ?? path.service;
  const { endpoint } = path;
  const caller = await checkCall({ auth, service, endpoint, authorization, namespaceHeader, signal });
  // Who may not call a service does not learn whether it runs.
  if (found.failure !== undefined) throw found.failure;
  return { service, endpoint, namespace: caller.namespace, account: caller.account, routes: found.routes };
};

/** Where to look, before the call is checked: the namespace that checkCall will settle on. */
const namespaceOf = async (
  { namespaceHeader, authorization }: ProxyRequest,
  auth: TargetNeeds['auth'],
  signal: AbortSignal,
): Promise<string> => {
  if (namespaceHeader) return namespaceHeader;
  const token = tokenOf(authorization);
  if (token === undefined) return defaultNamespace;
  try {
    return (await auth.inspect(token, { signal })).issuer;
  } catch {
    // A token of no use makes the caller anonymous; checkCall words what follows from that.
    return defaultNamespace;
  }
};

interface Found {
  readonly routes: readonly Route[];
  readonly failure?: unknown;
}

type LookupOptions = Parameters<Router['lookup']>[1];

/** By micro name, then by proto full name for plain gRPC clients. */
const routesOf = async ({ path }: ProxyRequest, router: Router, o: LookupOptions): Promise<Found> => {
  try {
    return { routes: await router.lookup(path.service, o) };
  } catch (failure) {
    if (!isMicroError(failure) || !failure.detail.endsWith('route not found')) return { routes: [], failure };
    try {
      const routes = await router.lookupFullName(`${path.service}.${path.type}`, o);
      return routes.length > 0 ? { routes } : { routes, failure };
    } catch (ambiguous) {
      return { routes: [], failure: ambiguous };
    }
  }
};
