/** Takes calls from any transport to their handlers: path, span, counting, logging, stopping. Owns no listener. */

import { internal, unavailable } from '../contract/error.ts';
import type { Handler } from '../contract/handler.ts';
import type { Logger } from '../contract/logger.ts';
import type { OpenCall } from '../contract/open-call.ts';
import { parseTraceparent } from '../trace/trace-context.ts';
import type { Span, Tracer } from '../trace/tracer.ts';
import type { CallTransport, LocalCalls } from '../contract/call-transport.ts';
import { type CallError, type Caller, type CallHead, type IncomingCall, openCall } from './incoming-call.ts';
import { malformedPath, parsePath } from './path.ts';
import { serverErrorId, statusOfError } from './status.ts';

export interface DispatcherOptions {
  /** The handler of `Type.Method` of a service; the service name is the path's prefix, which most servers ignore. A handler once given stays. */
  resolve(service: string, endpoint: string): Handler | undefined;
  /** Whether the service has any handler of this type: it words the answer for an unknown method. Default: never. */
  knowsType?(service: string, type: string): boolean;
  /** The service's own name for a path prefix, which becomes ctx.service. Default: the prefix. */
  nameOf?(service: string): string;
  /** Decides who calls, before the body is read; a throw refuses the call. Default: everybody, as nobody. */
  before?(head: CallHead): Promise<Caller>;
  /** The same without waiting, for callers that are known; undefined: ask before(). */
  beforeNow?(head: CallHead): Caller | undefined;
  readonly log: Logger;
}

export interface RpcServerStats {
  readonly requests: number;
  readonly errors: number;
}

export interface Dispatcher extends LocalCalls {
  stats(): RpcServerStats;
  /** The calls that are open now, from their head on. */
  open(): Iterable<OpenCall>;
}

const unimplemented = 12;
const invalidArgument = 3;
/** Paths whose handlers are remembered, and the longest of them: callers choose prefixes. */
const pathsMax = 1_024;
const pathCharsMax = 256;

export const createDispatcher = (o: DispatcherOptions & { readonly tracer: Tracer }): Dispatcher => {
  const active = new Set<IncomingCall>();
  const found = new Map<string, Found>();
  const stats = { requests: 0, errors: 0 };
  const find = (path: string): Found | NotFound => {
    const known = found.get(path);
    if (known !== undefined) return known;
    const fresh = findHandler(o, path);
    if ('code' in fresh || path.length > pathCharsMax) return fresh;
    if (found.size >= pathsMax) found.clear();
    found.set(path, fresh);
    return fresh;
  };
  const rules = {
    before: o.before,
    beforeNow: o.beforeNow,
    finished: (call: IncomingCall, error: CallError | undefined): void => {
      active.delete(call);
      call.span.end(error?.detail);
      if (error === undefined) return;
      stats.errors += 1;
      logFailure(o.log, call, error);
    },
  };
  return {
    dispatch: (path, transport) => {
      stats.requests += 1;
      try {
        const target = find(path);
        if ('code' in target) {
          stats.errors += 1;
          transport.fail({ code: target.code, message: target.message, details: undefined });
          return;
        }
        const { service, endpoint, handler } = target;
        const span = startSpan(o.tracer, target, transport);
        const call = openCall({ rules, transport, handler, service, endpoint, span });
        active.add(call);
        call.begin();
      } catch (error) {
        stats.errors += 1;
        o.log.error('call failed inside the server', { path, error: String(error) });
        transport.fail(statusOfError(internal(serverErrorId, 'internal error')));
      }
    },
    stats: () => ({ ...stats }),
    open: () => active,
    cut: (which) => {
      const stopping = unavailable(serverErrorId, 'service is stopping');
      for (const call of active) if (which === 'all' || call.handler.kind !== 'unary') call.abort(stopping);
    },
  };
};

interface Found {
  readonly service: string;
  readonly endpoint: string;
  readonly handler: Handler;
  readonly spanName: string;
  readonly attributes: Readonly<Record<string, string>>;
}

interface NotFound {
  readonly code: number;
  readonly message: string;
}

/** The handler of a path, or the status for who finds none. The texts are v3's and match what its command line looks for. */
const findHandler = (o: DispatcherOptions, text: string): Found | NotFound => {
  const path = parsePath(text);
  if (path === undefined) return { code: invalidArgument, message: malformedPath(text) };
  const { endpoint } = path;
  const handler = o.resolve(path.service, endpoint);
  if (handler !== undefined) {
    const service = o.nameOf?.(path.service) ?? path.service;
    const attributes = { 'rpc.system': 'grpc', 'rpc.service': service, 'rpc.method': endpoint };
    return { handler, endpoint, service, spanName: `${service}.${endpoint}`, attributes };
  }
  const known = o.knowsType?.(path.service, path.type) ?? false;
  return { code: unimplemented, message: `unknown service ${known ? endpoint : path.type}` };
};

const startSpan = (tracer: Tracer, { spanName, attributes }: Found, transport: CallTransport): Span => {
  const sent = transport.header('traceparent');
  const parent = sent === undefined ? undefined : parseTraceparent(sent, transport.header('tracestate'));
  return tracer.start(spanName, { kind: 'server', parent, attributes });
};

const logFailure = (log: Logger, { service, endpoint, span }: IncomingCall, error: CallError): void => {
  const { code, detail } = error;
  const fields = { service, endpoint, trace: span.context.traceId, code, detail };
  // An error that no handler meant to throw carries what was thrown as its cause.
  if (code === 500 && error.cause instanceof Error)
    log.error('handler failed', { ...fields, stack: error.cause.stack ?? error.cause.message });
  else log.debug('call failed', fields);
};
