/**
 * Health of any service, as standard gRPC clients ask the proxy for it: a service is serving when a node of it can be reached and says nothing else.
 * A service that the caller may not call is as unknown as one that is not there. Owns who is watching; keeps no state of services.
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { callRights } from '../../../internal/auth/check-call.ts';
import { conflict, isMicroError, notFound, tooMany } from '../../../internal/contract/error.ts';
import type { CallContext, Handlers } from '../../../internal/contract/handler.ts';
import { healthTimeoutMs, healthWatchersMax, healthWatchMs } from '../../../internal/contract/limits.ts';
import type { Node } from '../../../internal/contract/registry.ts';
import { healthService, standardServices } from '../../../internal/contract/standard.ts';
import { type HealthCheckResponse, healthApi } from '../../../internal/schema/core/health.ts';
import { implement } from '../../../internal/schema/implement.ts';
import type { GrpcContext } from './service.ts';
import { visibleServices } from './visible-services.ts';

const checkId = 'grpc.health.v1.Health.Check';
const watchId = 'grpc.health.v1.Health.Watch';

/** Health.Check and Watch by micro name or proto full name; the empty name is the server itself. */
export const healthOfServices = (grpc: GrpcContext): Handlers => {
  let watchers = 0;
  return implement(
    healthApi,
    {
      'Health.Check': async ({ service }, ctx) => {
        const status = await statusOf(grpc, service, ctx);
        if (status === 'SERVICE_UNKNOWN') throw notFound(checkId, `unknown service ${service}`);
        return { status };
      },
      'Health.Watch': async function* ({ service }, ctx) {
        if (watchers >= healthWatchersMax)
          throw tooMany(watchId, `more than healthWatchersMax (${healthWatchersMax}) watch the health of services`);
        watchers += 1;
        try {
          yield* watch(grpc, service, ctx);
        } finally {
          watchers -= 1;
        }
      },
    },
    { internal: true },
  );
};

type Status = HealthCheckResponse['status'];

async function* watch(grpc: GrpcContext, service: string, ctx: CallContext): AsyncGenerator<{ status: Status }> {
  const signal = AbortSignal.any([ctx.signal, grpc.signal]);
  let before: Status | undefined;
  while (!signal.aborted) {
    const status = await statusOf(grpc, service, ctx);
    if (status !== before) yield { status };
    before = status;
    await sleep(healthWatchMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

const statusOf = async (grpc: GrpcContext, service: string, ctx: CallContext): Promise<Status> => {
  if (service === '' || standardServices.includes(service)) return 'SERVING';
  const name = await nameOf(grpc, service, ctx);
  if (name === undefined) return 'SERVICE_UNKNOWN';
  const routes = await grpc.needs.router.lookup(name, ctx).catch(() => []);
  for (const { node } of routes.slice(0, nodeTries)) if (await isServing(grpc, node, ctx)) return 'SERVING';
  return 'NOT_SERVING';
};

const nodeTries = 2;

/** The micro name that is meant, if the caller may call anything of it. */
const nameOf = async (grpc: GrpcContext, service: string, ctx: CallContext): Promise<string | undefined> => {
  const { auth, registry } = grpc.needs;
  const { namespace, signal } = ctx;
  const versions = await registry.get(service, { domain: namespace, signal });
  if (versions.length > 0) {
    const may = await callRights({ ...ctx, auth });
    const endpoints = versions.flatMap((v) => v.endpoints.map((e) => e.name));
    // Gateways register none.
    return (endpoints.length === 0 ? ['Debug.Health'] : endpoints).some((e) => may(service, e)) ? service : undefined;
  }
  const owners = (await visibleServices(grpc, ctx)).get(service) ?? [];
  if (owners.length > 1)
    throw conflict(checkId, `${service} is served by ${owners.map(({ name }) => name).join(' and ')}`);
  return owners[0]?.name;
};

/** What a node answers that has no health of its own, or does not tell it to strangers: it is there. */
const isAnswer = (e: unknown): boolean => isMicroError(e) && [400, 401, 403, 404, 501].includes(e.code);

const isServing = async ({ needs }: GrpcContext, node: Node, ctx: CallContext): Promise<boolean> => {
  const { request, response } = healthApi.method('Health.Check');
  const options = { address: node.address, namespace: ctx.namespace, token: null, timeoutMs: healthTimeoutMs };
  try {
    const asked = request.encode({});
    const bytes = await needs.client.call('', `/${healthService}/Check`, asked, { ...options, signal: ctx.signal });
    return (response.decode(bytes) as HealthCheckResponse).status === 'SERVING';
  } catch (e) {
    return isAnswer(e);
  }
};
