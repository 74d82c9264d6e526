/** Takes calls from any transport to their handlers: path, span, counting, logging, stopping. Owns no listener. */

import { internal, unavailable } from '../contract/error.ts';
import type { Handler } from '../contract/handler.ts';
import type { Logger } from '../contract/logger.ts';
import { parseTraceparent } from '../trace/trace-context.ts';
import type { Tracer } from '../trace/tracer.ts';
import type { CallTransport } from './call-transport.ts';
import { beginCall, type CallError, type Caller, type CallHead, type IncomingCall, openCall } from './incoming-call.ts';
import { malformedPath, parsePath } from './path.ts';
import { serverErrorId, statusOfError } from './status.ts';

export interface DispatcherOptions {
  /** The handler of `Type.Method` of a service; the service name is the path's prefix, which most servers ignore. */
  resolve(service: string, endpoint: string): Handler | undefined;
  /** Whether the service has any handler of this type: it words the answer for an unknown method. Default: never. */
  knowsType?(service: string, type: string): boolean;
  /** The service's own name for a path prefix, which becomes ctx.service. Default: the prefix. */
  nameOf?(service: string): string;
  /** Decides who calls, before the body is read; a throw refuses the call. Default: everybody, as nobody. An answer at once makes calls cheaper. */
  before?(head: CallHead): Caller | Promise<Caller>;
  readonly log: Logger;
}

export interface RpcServerStats {
  readonly requests: number;
  readonly errors: number;
}

export interface Dispatcher {
  /** Answers one call through its transport. Never throws. */
  dispatch(path: string, transport: CallTransport): void;
  stats(): RpcServerStats;
  /** Ends running calls because the server stops: streams, or everything. */
  cut(which: 'streams' | 'all'): void;
}

const unimplemented = 12;
const invalidArgument = 3;

export const createDispatcher = (o: DispatcherOptions & { readonly tracer: Tracer }): Dispatcher => {
  const active = new Set<IncomingCall>();
  const stats = { requests: 0, errors: 0 };
  const rules = {
    before: o.before,
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
        const found = findHandler(o, path);
        if ('code' in found) {
          stats.errors += 1;
          transport.fail({ code: found.code, message: found.message, details: undefined });
          return;
        }
        const call = openCall({ ...found, rules, transport, span: startSpan(o.tracer, found, transport) });
        active.add(call);
        beginCall(call);
      } catch (error) {
        stats.errors += 1;
        o.log.error('call failed inside the server', { path, error: String(error) });
        transport.fail(statusOfError(internal(serverErrorId, 'internal error')));
      }
    },
    stats: () => ({ ...stats }),
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
}

/** The handler of a path, or the status for who finds none. The texts are v3's and match what its command line looks for. */
const findHandler = (
  o: DispatcherOptions,
  text: string,
): Found | { readonly code: number; readonly message: string } => {
  const path = parsePath(text);
  if (path === undefined) return { code: invalidArgument, message: malformedPath(text) };
  const { endpoint } = path;
  const handler = o.resolve(path.service, endpoint);
  if (handler !== undefined) return { handler, endpoint, service: o.nameOf?.(path.service) ?? path.service };
  const known = o.knowsType?.(path.service, path.type) ?? false;
  return { code: unimplemented, message: `unknown service ${known ? endpoint : path.type}` };
};

const startSpan = (tracer: Tracer, { service, endpoint }: Found, transport: CallTransport) =>
  tracer.start(`${service}.${endpoint}`, {
    kind: 'server',
    parent: parseTraceparent(transport.header('traceparent'), transport.header('tracestate')),
    attributes: { 'rpc.system': 'grpc', 'rpc.service': service, 'rpc.method': endpoint },
  });

const logFailure = (log: Logger, { service, endpoint, span }: IncomingCall, error: CallError): void => {
  const { code, detail } = error;
  const fields = { service, endpoint, trace: span.context.traceId, code, detail };
  // An error that no handler meant to throw carries what was thrown as its cause.
  if (code === 500 && error.cause instanceof Error)
    log.error('handler failed', { ...fields, stack: error.cause.stack ?? error.cause.message });
  else log.debug('call failed', fields);
};
