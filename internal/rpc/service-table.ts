/** Services behind one listener: finds the handler of a call and describes each service for the registry (wire.md 4.1, 4.2). Pure. */

import { badRequest } from '../contract/error.ts';
import type { Handler, Handlers } from '../contract/handler.ts';
import type { Endpoint } from '../contract/registry.ts';
import { isStandardPrefix } from '../contract/standard.ts';

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
  /** Its proto files as FileDescriptorProto bytes, for reflection; asked for once, at first use. Default: those that micro brings along. */
  descriptors?(): readonly Uint8Array[];
  /** Answers calls to services that are not behind the listener. */
  readonly fallback?: Handler;
  /** Answers under every path prefix, as v3's services do. Default: when it is the only one behind the listener and has no fallback. */
  readonly sharePrefix?: boolean;
}

export interface ServiceTable {
  /** The service that a path prefix means; undefined for none, and for standard ones. */
  serviceOf(prefix: string): ServedService | undefined;
  /** Whether the prefix means health or reflection of the listener itself. */
  isStandard(prefix: string): boolean;
  resolve(prefix: string, endpoint: string): Handler | undefined;
  knowsType(prefix: string, type: string): boolean;
}

interface Row {
  readonly service: ServedService;
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly types: ReadonlySet<string>;
}

export interface CommonHandlers {
  /** Part of every service (Debug). */
  readonly everywhere: Handlers;
  /** Of the listener itself, under their proto package only (health, reflection). A service that registers such a full name answers it itself. */
  readonly standard: Handlers;
}

/** Throws badRequest for two services with one name or two handlers with one endpoint. */
export const createServiceTable = (services: readonly ServedService[], common: CommonHandlers): ServiceTable => {
  const rows = new Map<string, Row>();
  for (const service of services) {
    if (rows.has(service.name)) throw badRequest(service.name, `two services are named ${service.name}`);
    rows.set(service.name, rowOf(service, common.everywhere));
  }
  const sharing = services.find((s) => s.sharePrefix ?? (services.length === 1 && s.fallback === undefined));
  const catchAll = sharing === undefined ? undefined : rows.get(sharing.name);
  const fallback = services.find((s) => s.fallback !== undefined)?.fallback;
  const standard = {
    handlers: byEndpoint(common.standard),
    types: new Set(common.standard.map((h) => typeOf(h.endpoint))),
  };
  const isStandard = (prefix: string): boolean =>
    isStandardPrefix(prefix) &&
    !rows.has(prefix) &&
    !(catchAll?.service.grpcNames ?? []).some((name) => name.startsWith(`${prefix}.`));
  const rowFor = (prefix: string): Pick<Row, 'handlers' | 'types'> | undefined =>
    isStandard(prefix) ? standard : (rows.get(prefix) ?? catchAll);
  return {
    serviceOf: (prefix) => (isStandard(prefix) ? undefined : (rows.get(prefix) ?? catchAll)?.service),
    isStandard,
    resolve: (prefix, endpoint) => {
      const row = rowFor(prefix);
      return row === undefined ? fallback : row.handlers.get(endpoint);
    },
    knowsType: (prefix, type) => rowFor(prefix)?.types.has(type) ?? false,
  };
};

const rowOf = (service: ServedService, common: Handlers): Row => {
  const handlers = byEndpoint(common);
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

const byEndpoint = (handlers: Handlers): Map<string, Handler> => new Map(handlers.map((h) => [h.endpoint, h]));

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

/** The proto full names a service registers; one that registers none goes by its micro name. */
export const fullNamesOf = (service: ServedService): readonly string[] =>
  service.grpcNames ?? [...new Set(service.handlers.map((h) => `${service.name}.${typeOf(h.endpoint)}`))];
