/** The gRPC server: any path prefix reaches the handler behind it, every method is raw bidi (wire.md 2). Owns its listener; knows neither registry nor accounts. */

import { type Server, ServerCredentials } from '@grpc/grpc-js';

import type { Account } from '../contract/auth.ts';
import { defaultNamespace } from '../contract/core.ts';
import { internal, toMicroError, unavailable } from '../contract/error.ts';
import type { CallContext, Handler } from '../contract/handler.ts';
import { connectionStreamsMax, goodbyeMs, messageBytesMax } from '../contract/limits.ts';
import type { Logger } from '../contract/logger.ts';
import { parseTraceparent } from '../trace/trace-context.ts';
import { loadTracer, type Tracer } from '../trace/tracer.ts';
import { joinAddress, splitAddress } from './address.ts';
import { createCatchAllServer, type RawCall } from './catch-all.ts';
import {
  answerCall,
  endWithStatus,
  failCall,
  type IncomingCall,
  openIncomingCall,
  serverErrorId,
} from './incoming-call.ts';
import { headerOf, readMetadata } from './metadata.ts';
import { malformedPath, parsePath, type RpcPath } from './path.ts';

/** What is known of a call before its body is read. */
export interface CallHead {
  readonly service: string;
  readonly endpoint: string;
  readonly authorization: string | undefined;
  readonly namespaceHeader: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly remote: string;
  readonly signal: AbortSignal;
}

/** Who calls, as `before` has found out. */
export interface Caller {
  readonly account?: Account;
  readonly namespace: string;
  /** Why a token that was sent gave no account: the hint of a handler's 401 that has none. */
  readonly problem?: string;
}

export interface RpcServerOptions {
  /** The handler of `Type.Method` of a service; the service name is the path's prefix, which most servers ignore. */
  resolve(service: string, endpoint: string): Handler | undefined;
  /** Whether the service has any handler of this type: it words the answer for an unknown method. Default: never. */
  knowsType?(service: string, type: string): boolean;
  /** The service's own name for a path prefix, which becomes ctx.service. Default: the prefix. */
  nameOf?(service: string): string;
  /** Decides who calls, before the body is read; a throw refuses the call. Default: everybody, as nobody. */
  before?(head: CallHead): Promise<Caller>;
  readonly log: Logger;
  readonly now?: () => number;
  /** Spans go here; default: a tracer of its own. */
  readonly tracer?: Tracer;
}

export interface RpcServerStats {
  readonly requests: number;
  readonly errors: number;
}

export interface RpcServer {
  /** Binds `host:port` (port 0: a free one; no host: every interface) and resolves with what was bound. */
  listen(address: string): Promise<string>;
  stats(): RpcServerStats;
  /** Streams end at once, unary calls may finish until the deadline fires, then everything is cut. Safe twice. */
  close(deadline: AbortSignal): Promise<void>;
}

const unimplemented = 12;
const invalidArgument = 3;

/** Builds a server; nothing is bound before listen(). */
export const createRpcServer = (o: RpcServerOptions): RpcServer => {
  const active = new Set<{ readonly call: IncomingCall; readonly handler: Handler }>();
  const stats = { requests: 0, errors: 0 };
  let tracer = o.tracer;
  let closed: Promise<void> | undefined;

  const serve = async (path: string, raw: RawCall): Promise<void> => {
    const found = findHandler(o, path, raw);
    stats.requests += 1;
    if (found === undefined || tracer === undefined) {
      stats.errors += 1;
      return;
    }
    const entry = { call: openIncomingCall(raw), handler: found.handler };
    active.add(entry);
    try {
      if (!(await traced({ ...found, call: entry.call, o, tracer }))) stats.errors += 1;
    } finally {
      entry.call.release();
      active.delete(entry);
    }
  };

  const server = createCatchAllServer(serverOptions, (path, raw) => {
    serve(path, raw).catch((error: unknown) => {
      o.log.error('call failed inside the server', { path, error: String(error) });
      failCall(raw, internal(serverErrorId, 'internal error'));
    });
  });

  return {
    listen: async (address) => {
      tracer ??= await loadTracer({ now: o.now ?? Date.now });
      return bind(server, address);
    },
    stats: () => ({ ...stats }),
    close: (deadline) => {
      closed ??= closeServer(server, active, deadline);
      return closed;
    },
  };
};

const serverOptions = {
  'grpc.max_receive_message_length': messageBytesMax,
  'grpc.max_send_message_length': messageBytesMax,
  'grpc.max_concurrent_streams': connectionStreamsMax,
  'grpc.enable_channelz': 0,
};

interface Found {
  readonly path: RpcPath;
  readonly service: string;
  readonly handler: Handler;
}

/** The handler of a path; answers and returns undefined when there is none. The texts are v3's and match what its command line looks for. */
const findHandler = (o: RpcServerOptions, text: string, raw: RawCall): Found | undefined => {
  const path = parsePath(text);
  if (path === undefined) {
    raw.on('error', () => undefined);
    endWithStatus(raw, invalidArgument, malformedPath(text));
    return undefined;
  }
  const handler = o.resolve(path.service, path.endpoint);
  if (handler !== undefined) return { path, handler, service: o.nameOf?.(path.service) ?? path.service };
  const known = o.knowsType?.(path.service, path.type) ?? false;
  raw.on('error', () => undefined);
  endWithStatus(raw, unimplemented, `unknown service ${known ? path.endpoint : path.type}`);
  return undefined;
};

interface Traced extends Found {
  readonly call: IncomingCall;
  readonly o: RpcServerOptions;
  readonly tracer: Tracer;
}

/** Checks the caller and runs the handler inside a span; resolves with whether the call went well. */
const traced = async ({ path, service, handler, call, o, tracer }: Traced): Promise<boolean> => {
  const head = headOf(service, path, call);
  const { endpoint } = path;
  const span = tracer.start(`${service}.${endpoint}`, {
    kind: 'server',
    parent: parseTraceparent(head.metadata.traceparent, head.metadata.tracestate),
    attributes: { 'rpc.system': 'grpc', 'rpc.service': service, 'rpc.method': endpoint },
  });
  const error = await span.run(() => checkedAnswer(head, handler, call, o));
  span.end(error?.detail);
  if (error !== undefined) {
    const fields = { service, endpoint, trace: span.context.traceId, code: error.code, detail: error.detail };
    // An error that no handler meant to throw carries what was thrown as its cause.
    if (error.code === 500 && error.cause instanceof Error)
      o.log.error('handler failed', { ...fields, stack: error.cause.stack ?? error.cause.message });
    else o.log.debug('call failed', fields);
  }
  return error === undefined;
};

const headOf = (service: string, path: RpcPath, call: IncomingCall): CallHead => ({
  service,
  endpoint: path.endpoint,
  authorization: headerOf(call.headers, 'authorization'),
  namespaceHeader: headerOf(call.headers, 'micro-namespace'),
  metadata: readMetadata(call.headers),
  remote: call.raw.getPeer(),
  signal: call.signal,
});

const checkedAnswer = async (head: CallHead, handler: Handler, call: IncomingCall, o: RpcServerOptions) => {
  let caller: Caller;
  try {
    caller = (await o.before?.(head)) ?? { namespace: head.namespaceHeader ?? defaultNamespace };
  } catch (cause) {
    const error = toMicroError(cause, head.service);
    failCall(call.raw, error);
    return error;
  }
  const { service, endpoint, metadata, signal, remote } = head;
  const { namespace, account } = caller;
  const ctx: CallContext = { service, endpoint, namespace, account, metadata, signal, remote };
  return answerCall(call, handler, { ctx, problem: caller.problem });
};

const bind = (server: Server, address: string): Promise<string> => {
  const { host, port } = splitAddress(address);
  const name = host === '' ? '0.0.0.0' : host;
  return new Promise((resolve, reject) => {
    server.bindAsync(joinAddress(name, port ?? '0'), ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(joinAddress(name, bound));
      else reject(internal(serverErrorId, `cannot listen on ${address}: ${bindReason(error)}`, { cause: error }));
    });
  });
};

/** The system's own words, out of the list that grpc-js makes of one attempt. */
const bindReason = ({ message }: Error): string => /listen E[A-Z]+: ([^\]]+)/.exec(message)?.[1] ?? message;

const closeServer = async (
  server: Server,
  active: ReadonlySet<{ readonly call: IncomingCall; readonly handler: Handler }>,
  deadline: AbortSignal,
): Promise<void> => {
  const stopping = unavailable(serverErrorId, 'service is stopping');
  // Streams have no end of their own: waiting for them would only use up the deadline.
  for (const { call, handler } of active) if (handler.kind !== 'unary') call.abort(stopping);
  const cut = (): void => {
    for (const { call } of active) call.abort(stopping);
    setTimeout(() => server.forceShutdown(), goodbyeMs);
  };
  if (deadline.aborted) cut();
  else deadline.addEventListener('abort', cut, { once: true });
  await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  deadline.removeEventListener('abort', cut);
  server.forceShutdown();
};
