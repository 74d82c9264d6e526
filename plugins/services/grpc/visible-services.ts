/** The services of a namespace under their proto full names, as far as the rules let a caller call them. Asks the registry each time; keeps nothing. */

import { callRights } from '../../../internal/auth/check-call.ts';
import type { CallContext } from '../../../internal/contract/handler.ts';
import { visibleTrustMs } from '../../../internal/contract/limits.ts';
import type { Service } from '../../../internal/contract/registry.ts';
import { fullNamesAt, typesOf } from '../../../internal/rpc/foreign-node.ts';
import type { GrpcContext } from './service.ts';

/** Who serves a full name: one entry per micro name, with all its versions. */
export interface Owner {
  readonly name: string;
  readonly versions: readonly Service[];
}

/** Full name -> those that serve it, by micro name. */
export type VisibleServices = ReadonlyMap<string, readonly Owner[]>;

/** Full names with at least one endpoint that the caller of a call may call; a call that asks again within visibleTrustMs gets the same answer. */
export const rememberVisible = (grpc: GrpcContext): ((ctx: CallContext) => Promise<VisibleServices>) => {
  const known = new WeakMap<CallContext, { readonly atMs: number; readonly services: Promise<VisibleServices> }>();
  return (ctx) => {
    const found = known.get(ctx);
    if (found !== undefined && grpc.now() - found.atMs < visibleTrustMs) return found.services;
    const services = visibleServices(grpc, ctx);
    known.set(ctx, { atMs: grpc.now(), services });
    return services;
  };
};

/** Full names with at least one endpoint that this caller may call. */
export const visibleServices = async (
  { needs: { auth, registry } }: Pick<GrpcContext, 'needs'>,
  ctx: CallContext,
): Promise<VisibleServices> => {
  const { namespace, signal } = ctx;
  const [services, may] = await Promise.all([
    registry.list({ domain: namespace, signal }),
    callRights({ ...ctx, auth }),
  ]);
  const found = new Map<string, Owner[]>();
  for (const [name, versions] of Map.groupBy(services, (s) => s.name))
    for (const [fullName, endpoints] of endpointsByFullName(versions)) {
      if (!endpoints.some((endpoint) => may(name, endpoint))) continue;
      const owners = found.get(fullName) ?? [];
      owners.push({ name, versions });
      found.set(fullName, owners);
    }
  return found;
};

/** The registered endpoints of each full name that the nodes register. */
const endpointsByFullName = (versions: readonly Service[]): ReadonlyMap<string, readonly string[]> => {
  const found = new Map<string, string[]>();
  for (const { nodes, endpoints } of versions)
    for (const [type, fullName] of typesOf([...new Set(nodes.flatMap(fullNamesAt))])) {
      const names = endpoints.map((e) => e.name).filter((name) => name.startsWith(`${type}.`));
      found.set(fullName, [...(found.get(fullName) ?? []), ...names]);
    }
  return found;
};
