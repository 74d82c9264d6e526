/** Puts services behind one gRPC listener and into the registry: the start path of core services and of user services alike. Checks every caller. Builds no handlers. */

import { randomUUID } from 'node:crypto';

import { callRights, type CallCheck, checkCall, checkCallNow, identifyCall } from '../auth/check-call.ts';
import { cutEndedCalls } from '../auth/cut-ended-calls.ts';
import type { LocalCalls } from '../contract/call-transport.ts';
import type { CallerAuth } from '../contract/auth.ts';
import { defaultVersion } from '../contract/core.ts';
import { stopTimeoutMs } from '../contract/limits.ts';
import type { Logger } from '../contract/logger.ts';
import type { Registry, Service } from '../contract/registry.ts';
import type { LogRecord } from '../contract/runtime.ts';
import { advertisedAddress } from '../rpc/advertised-address.ts';
import { type Debug, openDebug } from '../rpc/debug.ts';
import { createHealth } from '../rpc/health.ts';
import { reflectionHandlers } from '../rpc/reflection.ts';
import { startRegistration } from '../rpc/registration.ts';
import type { Caller, CallHead } from '../rpc/incoming-call.ts';
import { createRpcServer, type RpcServer } from '../rpc/server.ts';
import {
  createServiceTable,
  describeEndpoints,
  fullNamesOf,
  type ServedService,
  type ServiceTable,
} from '../rpc/service-table.ts';
import { servedFiles } from '../rpc/served-files.ts';
import { loadTracer } from '../trace/tracer.ts';

export type { ServedService } from '../rpc/service-table.ts';

export interface ServeOptions {
  readonly services: readonly ServedService[];
  /** Where to listen: `host:port`, port 0 for a free one. */
  readonly address: string;
  /** What to register instead of the bound address. */
  readonly advertise?: string;
  readonly registry: Pick<Registry, 'register' | 'deregister'>;
  readonly auth: CallerAuth;
  readonly log: Logger;
  /** Gives up starting and ends refreshing; call stop() as well. */
  readonly signal: AbortSignal;
  readonly now?: () => number;
  /** The process's last log lines, for Debug.Log; default none. */
  logs?(): readonly LogRecord[];
  /** Of core services: the version of the micro they are part of. */
  readonly microVersion?: string;
  /** Names of the broker and registry in use, for the node's metadata; default `service`. */
  readonly implementations?: { readonly broker?: string; readonly registry?: string };
}

export interface Served {
  /** `host:port` as bound. */
  readonly address: string;
  /** Takes calls to these services from other transports of this process. */
  readonly calls: LocalCalls;
  /** Deregisters, lets calls finish until the deadline (default stopTimeoutMs), then cuts them. Safe twice. */
  stop(deadline?: AbortSignal): Promise<void>;
}

/** Listens, registers and serves until stop(). When it throws, nothing is left open. */
export const serve = async (o: ServeOptions): Promise<Served> => {
  const now = o.now ?? Date.now;
  const tracer = await loadTracer({ now });
  const debug: Debug = openDebug({
    stats: () => server.stats(),
    logs: o.logs,
    tracer,
    now,
    microVersion: o.microVersion,
  });
  const { auth } = o;
  const health = createHealth((name) => isServed(name, o.services));
  const reflection = reflectionHandlers(
    servedFiles(o.services, async ({ name, namespace: rulesNamespace }, ctx) => {
      const may = await callRights({ ...ctx, auth, rulesNamespace });
      return (endpoint) => may(name, endpoint);
    }),
  );
  const table = createServiceTable(o.services, {
    everywhere: debug.handlers,
    standard: [...health.handlers, ...reflection],
  });
  const server: RpcServer = createRpcServer({
    resolve: table.resolve,
    knowsType: table.knowsType,
    nameOf: (prefix) => table.serviceOf(prefix)?.name ?? prefix,
    before: (head) => checkCaller(head, table, auth),
    beforeNow: (head) => checkCallerNow(head, table, auth),
    log: o.log,
    now,
    tracer,
  });
  const letCallsBe = cutEndedCalls({ auth, open: server.open, log: o.log });
  const release = async (deadline: AbortSignal): Promise<void> => {
    await server.close(deadline);
    letCallsBe();
    debug.close();
  };
  try {
    const address = await server.listen(o.address);
    const registration = await startRegistration({
      registry: o.registry,
      entries: o.services.map((s) => ({ domain: s.namespace, service: recordOf(s, address, o) })),
      log: o.log,
      signal: o.signal,
    });
    return {
      address,
      calls: server.calls as LocalCalls,
      stop: async (deadline = AbortSignal.timeout(stopTimeoutMs)) => {
        health.drain();
        await registration.stop(deadline);
        await release(deadline);
      },
    };
  } catch (error) {
    await release(AbortSignal.abort());
    throw error;
  }
};

/** Health is asked for by micro name or by proto full name. */
const isServed = (name: string, services: readonly ServedService[]): boolean =>
  services.some((service) => service.name === name || fullNamesOf(service).includes(name));

const checkCaller = (head: CallHead, table: ServiceTable, auth: CallerAuth): Promise<Caller> =>
  (table.isStandard(head.service) ? identifyCall : checkCall)({ ...checkOf(head, table, auth), signal: head.signal });

/** Debug answers everybody, as in v3; health and reflection know their caller but ask no rule; everything else goes by accounts and the rules of the service's own namespace. */
const checkCallerNow = (head: CallHead, table: ServiceTable, auth: CallerAuth): Caller | undefined => {
  const check = checkOf(head, table, auth);
  if (head.endpoint.startsWith('Debug.')) return { namespace: head.namespaceHeader ?? check.rulesNamespace ?? '' };
  return table.isStandard(head.service) ? undefined : checkCallNow(check);
};

const checkOf = (
  { service, endpoint, authorization, namespaceHeader }: CallHead,
  table: ServiceTable,
  auth: CallerAuth,
): CallCheck => {
  const rulesNamespace = table.serviceOf(service)?.namespace;
  return { auth, service, endpoint, authorization, namespaceHeader, rulesNamespace };
};

const recordOf = (service: ServedService, bound: string, o: ServeOptions): Service => ({
  name: service.name,
  version: service.version ?? defaultVersion,
  metadata: {},
  endpoints: describeEndpoints(service.handlers),
  nodes: [
    {
      id: `${service.name}-${randomUUID()}`,
      address: advertisedAddress(o.advertise ?? bound),
      metadata: {
        ...service.metadata,
        broker: o.implementations?.broker ?? 'service',
        registry: o.implementations?.registry ?? 'service',
        server: 'grpc',
        transport: 'grpc',
        protocol: 'grpc',
        pid: String(process.pid),
        ...(service.grpcNames === undefined || service.grpcNames.length === 0
          ? {}
          : { grpc: service.grpcNames.join(',') }),
      },
    },
  ],
});
