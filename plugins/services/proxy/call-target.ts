/** Decides who calls, what is meant and where it runs: account, rules, routes. Opens no connection. */

import { checkCall, checkCallNow, type CheckedCall, identifyCall } from '../../../internal/auth/check-call.ts';
import { tokenOf } from '../../../internal/auth/bearer.ts';
import type { Account, CallerAuth } from '../../../internal/contract/auth.ts';
import { defaultNamespace } from '../../../internal/contract/core.ts';
import { type Picked, routeNotFound, type Router } from '../../../internal/contract/router.ts';
import { isStandardPrefix } from '../../../internal/contract/standard.ts';
import { endpointAt, isForeign, pathAt } from '../../../internal/rpc/foreign-node.ts';
import type { RpcPath } from '../../../internal/rpc/path.ts';
import type { ProxyRequest } from './headers.ts';

export interface CallTarget {
  /** The micro name that was authorised. */
  readonly service: string;
  readonly endpoint: string;
  readonly namespace: string;
  readonly account: Account | undefined;
  /** A node, and where the service was found by its proto full name, that. */
  readonly picked: Picked;
  readonly fullName: string | undefined;
  /** The path that the node is called with, where that is not the caller's. */
  readonly nodePath?: string;
  /** The node gets no token: it was meant for us, and the node is not ours. */
  readonly dropToken?: boolean;
  /** Where nodes are picked from, when that is not the service itself. */
  readonly via?: { readonly service: string; readonly namespace: string };
}

/** The core service behind reflection and health, and behind JSON for servers that read protobuf only. */
const grpcService = { service: 'grpc', namespace: defaultNamespace };

export interface TargetNeeds {
  readonly auth: CallerAuth;
  readonly router: Router;
}

/** The target of a call, or the error that refuses it: what is authorised is what is dispatched. */
export const findTarget = async (
  request: ProxyRequest,
  needs: TargetNeeds,
  signal: AbortSignal,
): Promise<CallTarget> => {
  const { auth, router } = needs;
  const { authorization, namespaceHeader, path } = request;
  if (isStandardPrefix(path.service)) return standardTarget(request, needs, signal);
  const namespace = await namespaceOf(request, auth, signal);
  const found = await nameOf(request, router, { namespace, signal });
  const service = found.name ?? path.service;
  const fullName = fullNameFor(path, service);
  const picked = found.name === undefined ? undefined : router.pick(service, { namespace, fullName });
  const endpoint = picked === undefined ? path.endpoint : endpointAt(picked.route.node, path);
  try {
    const caller = await checkCall({ auth, service, endpoint, authorization, namespaceHeader, signal });
    // Who may not call a service does not learn whether it runs.
    if (found.failure !== undefined) throw found.failure;
    if (picked === undefined) throw routeNotFound(path.service);
    const target = { ...caller, service, endpoint, picked, fullName };
    return isForeign(picked.route.node) ? await foreignTarget(request, target, { router, signal }) : target;
  } catch (error) {
    picked?.done('unknown');
    throw error;
  }
};

/** The same without waiting, when caller, rules and nodes are in memory; undefined when something has to be asked for. */
export const findTargetNow = (request: ProxyRequest, needs: TargetNeeds): CallTarget | undefined => {
  const { auth, router } = needs;
  const { authorization, namespaceHeader, path } = request;
  const { endpoint } = path;
  const namespace = namespaceNow(request, auth);
  const service = namespace === undefined ? undefined : router.resolve(path.service, fullNameOf(path), { namespace });
  if (namespace === undefined || service === undefined) return undefined;
  const fullName = fullNameFor(path, service);
  const picked = router.pick(service, { namespace, fullName });
  if (picked === undefined) return undefined;
  let caller: CheckedCall | undefined;
  try {
    if (!isForeign(picked.route.node))
      caller = checkCallNow({ auth, service, endpoint, authorization, namespaceHeader });
  } finally {
    if (caller === undefined) picked.done('unknown');
  }
  return caller && { service, endpoint, namespace, account: caller.account, picked, fullName };
};

/** What the call was found by, when that is not the micro name. */
const fullNameFor = (path: RpcPath, service: string): string | undefined =>
  service === path.service ? undefined : fullNameOf(path);

/** Health and reflection of everything: no rule is asked here, the service behind shows each caller only what it may call. */
const standardTarget = async (
  { authorization, namespaceHeader, path }: ProxyRequest,
  { auth, router }: TargetNeeds,
  signal: AbortSignal,
): Promise<CallTarget> => {
  const { service, endpoint } = path;
  const caller = await identifyCall({ auth, service, endpoint, authorization, namespaceHeader, signal });
  const picked = await router.find(grpcService.service, { ...grpcService, signal });
  const nodePath = `/${grpcService.service}.${path.type}/${path.method}`;
  return { ...caller, service, endpoint, picked, fullName: undefined, nodePath, via: grpcService };
};

/** A server that knows nothing of micro is called by its own full name, and in protobuf: JSON goes to the service that translates it. */
const foreignTarget = async (
  { isJson }: ProxyRequest,
  target: CallTarget,
  { router, signal }: { readonly router: Router; readonly signal: AbortSignal },
): Promise<CallTarget> => {
  const { service, endpoint, picked } = target;
  const { node } = picked.route;
  const microPath = `/${service}.${endpoint.replace('.', '/')}`;
  // A header that made no account may be the server's own affair.
  if (!isJson) return { ...target, nodePath: pathAt(node, microPath), dropToken: target.account !== undefined };
  picked.done('unknown');
  const translator = await router.find(grpcService.service, { ...grpcService, signal });
  return { ...target, picked: translator, nodePath: microPath, via: grpcService };
};

type Sender = Pick<ProxyRequest, 'authorization' | 'namespaceHeader'>;

/** The namespace that checkCall will settle on, when that is known without asking. */
export const namespaceNow = ({ namespaceHeader, authorization }: Sender, auth: CallerAuth): string | undefined => {
  if (namespaceHeader) return namespaceHeader;
  const token = tokenOf(authorization);
  return token === undefined ? defaultNamespace : auth.known?.account(token)?.issuer;
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
  readonly name?: string;
  /** Why there is no name. */
  readonly failure?: unknown;
}

/** By micro name, then by proto full name for plain gRPC clients. */
const nameOf = async (
  { path }: ProxyRequest,
  router: Router,
  o: { readonly namespace: string; readonly signal: AbortSignal },
): Promise<Found> => {
  const known = (): string | undefined => router.resolve(path.service, fullNameOf(path), o);
  try {
    const name = known();
    if (name !== undefined) return { name };
    await router.load(path.service, o);
    const loaded = known();
    return loaded === undefined ? { failure: routeNotFound(path.service) } : { name: loaded };
  } catch (failure) {
    return { failure };
  }
};

const fullNameOf = ({ service, type }: RpcPath): string => `${service}.${type}`;
