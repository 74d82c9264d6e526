/** Services behind one listener: finds the handler of a call and describes each service for the registry (wire.md 4.1, 4.2). Pure. */

import { badRequest } from '../contract/error.ts';
import type { Handler, Handlers } from '../contract/handler.ts';
import type { Endpoint } from '../contract/registry.ts';

/** One service behind a listener. */
export interface ServedService {
  readonly name: string;
  /** Default `latest`. */
  readonly version?: string;
  /** The registry domain, and whose rules decide about callers. */
  readonly namespace: string;
  readonly handlers: Handlers;
  /** Added to the node's metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Proto full names (`helloworld.v1.Helloworld`) under which plain gRPC clients may call it. */
  readonly grpcNames?: readonly string[];
  /** Answers under every path prefix, as v3's services do. Default: when it is the only one behind the listener. */
  readonly sharePrefix?: boolean;
}

export interface ServiceTable {
  /** The service that a path prefix means; undefined for none. */
  serviceOf(prefix: string): ServedService | undefined;
  resolve(prefix: string, endpoint: string): Handler | undefined;
  knowsType(prefix: string, type: string): boolean;
}

interface Row {
  readonly service: ServedService;
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly types: ReadonlySet<string>;
}

/** Throws badRequest for two services with one name or two handlers with one endpoint. `common` handlers (Debug) are part of every service. */
export const createServiceTable = (services: readonly ServedService[], common: Handlers): ServiceTable => {
  const rows = new Map<string, Row>();
  for (const service of services) {
    if (rows.has(service.name)) throw badRequest(service.name, `two services are named ${service.name}`);
    rows.set(service.name, rowOf(service, common));
  }
  const sharing = services.find((s) => s.sharePrefix ?? services.length === 1);
  const catchAll = sharing === undefined ? undefined : rows.get(sharing.name);
  const rowFor = (prefix: string): Row | undefined => rows.get(prefix) ?? catchAll;
  return {
    serviceOf: (prefix) => rowFor(prefix)?.service,
    resolve: (prefix, endpoint) => rowFor(prefix)?.handlers.get(endpoint),
    knowsType: (prefix, type) => rowFor(prefix)?.types.has(type) ?? false,
  };
};

const rowOf = (service: ServedService, common: Handlers): Row => {
  const handlers = new Map<string, Handler>(common.map((h) => [h.endpoint, h]));
  const own = new Set<string>();
  for (const handler of service.handlers) {
    const { endpoint } = handler;
    if (!/^[A-Za-z0-9_]+\.[A-Za-z0-9_]+$/.test(endpoint))
      throw badRequest(service.name, `endpoint ${JSON.stringify(endpoint)} is not Type.Method`);
    if (own.has(endpoint)) throw badRequest(service.name, `endpoint ${endpoint} has two handlers`);
    own.add(endpoint);
    handlers.set(endpoint, handler);
  }
  return { service, handlers, types: new Set([...handlers.keys()].map(typeOf)) };
};

const typeOf = (endpoint: string): string => endpoint.slice(0, endpoint.indexOf('.'));

/** The registered endpoints: by handler type, then method; internal ones left out, streams marked. */
export const describeEndpoints = (handlers: Handlers): readonly Endpoint[] =>
  handlers
    .filter((h) => h.internal !== true)
    .toSorted((a, b) => compare(typeOf(a.endpoint), typeOf(b.endpoint)) || compare(a.endpoint, b.endpoint))
    .map((h) => {
      const { request, response } = h.describe();
      const metadata = h.kind === 'unary' ? { ...h.metadata } : { ...h.metadata, stream: 'true' };
      return { name: h.endpoint, request, response, metadata };
    });

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
