/** The gRPC proxy: an HTTP/2 listener that checks each call and passes its bytes on to a node. Owns its listener and the connections behind it; decodes no message. */

import { createServer, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';

import {
  type Hint,
  internal,
  type MicroErrorJson,
  toMicroError,
  unavailable,
} from '../../../internal/contract/error.ts';
import {
  drainMs,
  goodbyeMs,
  headerBytesMax,
  idleConnectionMs,
  proxyConnectionsMax,
  proxyHandshakeMs,
  proxyStreamsMax,
  proxyWindowBytes,
} from '../../../internal/contract/limits.ts';
import type { PluginContext, ServiceInstance } from '../../../internal/contract/plugin.ts';
import type { Picked, Route } from '../../../internal/contract/router.ts';
import { joinAddress, splitAddress } from '../../../internal/rpc/address.ts';
import { formatTraceparent, parseTraceparent } from '../../../internal/trace/trace-context.ts';
import { loadTracer, type Span, type Tracer } from '../../../internal/trace/tracer.ts';
import { type CallTarget, findTarget } from './call-target.ts';
import { isGrpc, notGrpc, parseRequest, proxyErrorId, requestHeaders } from './headers.ts';
import { createNodeSessions, type NodeSessions } from './node-sessions.ts';
import type { config, needs } from './plugin.ts';
import { type Caller, openCaller, relay } from './relay.ts';

type Context = PluginContext<typeof config, typeof needs>;

interface Proxy {
  readonly ctx: Context;
  readonly tracer: Tracer;
  readonly nodes: NodeSessions;
  readonly callers: Set<Caller>;
}

const noop = (): void => undefined;

export const create = (ctx: Context): ServiceInstance => {
  const sessions = new Set<ServerHttp2Session>();
  const callers = new Set<Caller>();
  const nodes = createNodeSessions();
  const server = createServer({
    maxSessionMemory: sessionMemoryMb,
    settings: {
      enablePush: false,
      initialWindowSize: proxyWindowBytes,
      maxConcurrentStreams: proxyStreamsMax,
      maxHeaderListSize: headerBytesMax,
    },
  });
  let proxy: Proxy | undefined;
  let bound: string | undefined;

  server.maxConnections = proxyConnectionsMax;
  server.on('sessionError', (error) => ctx.log.debug('connection broke', { error: String(error) }));
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    guardSession(session);
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', noop);
    if (proxy === undefined) stream.close();
    else answer(proxy, stream, headers);
  });

  return {
    handlers: [],
    listeners: () =>
      bound === undefined ? [] : [{ name: 'proxy', address: bound, protocol: 'gRPC (HTTP/2, plain text)', auth: true }],
    start: async () => {
      proxy = { ctx, nodes, callers, tracer: await loadTracer({ now: ctx.now }) };
      bound = await listen(server, ctx.config.address);
      server.on('error', (error) => ctx.log.error('listener failed', { error: String(error) }));
    },
    stop: async (deadline) => {
      const closed = server.listening ? new Promise<void>((resolve) => server.close(() => resolve())) : undefined;
      for (const session of sessions) session.close();
      await drained(callers, AbortSignal.any([deadline, AbortSignal.timeout(drainMs)]));
      for (const caller of callers) caller.fail(unavailable(proxyErrorId, 'proxy is stopping'));
      await drained(callers, AbortSignal.timeout(goodbyeMs));
      for (const session of sessions) session.destroy();
      nodes.close();
      await closed;
    },
  };
};

const sessionMemoryMb = 64;

const listen = (server: ReturnType<typeof createServer>, address: string): Promise<string> => {
  const { host, port } = splitAddress(address);
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(internal('proxy', `cannot listen on ${address}: ${error.message}`, { cause: error }));
    server.once('error', fail);
    server.listen(Number(port ?? 0), host === '' ? undefined : host, () => {
      server.off('error', fail);
      resolve(joinAddress(host === '' ? '0.0.0.0' : host, (server.address() as AddressInfo).port));
    });
  });
};

/** A peer that opens a connection must soon speak HTTP/2, and one that has nothing more to ask is let go. */
const guardSession = (session: ServerHttp2Session): void => {
  let streams = 0;
  const handshake = setTimeout(() => session.destroy(), proxyHandshakeMs).unref();
  session.once('remoteSettings', () => clearTimeout(handshake));
  session.once('close', () => clearTimeout(handshake));
  session.on('stream', (stream) => {
    streams += 1;
    stream.once('close', () => {
      streams -= 1;
    });
  });
  session.setTimeout(idleConnectionMs, () => {
    if (streams === 0) session.close();
  });
};

/** Waits until no call is left or the limit fires. */
const drained = async (callers: ReadonlySet<Caller>, limit: AbortSignal): Promise<void> => {
  const ended = [...callers].map(({ closed }) => whenAborted(closed));
  await Promise.race([Promise.all(ended), whenAborted(limit)]);
};

const whenAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** Starts one call; whatever happens to it stays with it. */
const answer = (proxy: Proxy, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
  if (!isGrpc(headers)) {
    answerHttp(stream, headers);
    return;
  }
  const caller = openCaller(stream, headers['content-type'] ?? 'application/grpc');
  proxy.callers.add(caller);
  caller.closed.addEventListener('abort', () => proxy.callers.delete(caller), { once: true });
  forward(proxy, caller, headers).catch((error: unknown) => {
    const known = toMicroError(error, proxyErrorId);
    proxy.ctx.log.debug('call refused', { path: headers[':path'], code: known.code, detail: known.detail });
    caller.fail(known);
  });
};

/** The answer to a browser or HTTP client: status, and the error as JSON. */
const answerHttp = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
  const error = notGrpc(headers);
  const body = JSON.stringify(error);
  stream.respond({ ':status': 415, 'content-type': 'application/json', 'grpc-status': '3' });
  stream.end(headers[':method'] === 'HEAD' ? undefined : body);
  stream.resume();
};

const forward = async (proxy: Proxy, caller: Caller, headers: IncomingHttpHeaders): Promise<void> => {
  const request = parseRequest(headers);
  const { service, endpoint } = request.path;
  const span = proxy.tracer.start(`${service}.${endpoint}`, {
    kind: 'server',
    parent: parseTraceparent(text(headers.traceparent), text(headers.tracestate)),
    attributes: { 'rpc.system': 'grpc', 'rpc.service': service, 'rpc.method': endpoint },
  });
  try {
    const target = await span.run(() => findTarget(request, proxy.ctx.needs, caller.closed));
    const failure = await sendOn({ proxy, caller, target, span, headers });
    span.end(failure?.detail);
  } catch (error) {
    span.end(toMicroError(error, proxyErrorId).detail);
    throw error;
  }
};

const text = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? undefined : value);

interface Forwarded {
  readonly proxy: Proxy;
  readonly caller: Caller;
  readonly target: CallTarget;
  readonly span: Span;
  readonly headers: IncomingHttpHeaders;
}

/** The node that was picked, and one other when it cannot be reached: nothing has been forwarded then. */
const nodeTries = 2;

const sendOn = async (o: Forwarded): Promise<(MicroErrorJson & Hint) | undefined> => {
  const { proxy, caller, target } = o;
  const { router } = proxy.ctx.needs;
  const { service, namespace, fullName } = target;
  const exclude = new Set<string>();
  let failure: unknown;
  let picked: Picked | undefined = target.picked;
  for (let attempt = 1; attempt <= nodeTries && picked !== undefined; attempt += 1) {
    const { route } = picked;
    const { address } = route.node;
    let node: Awaited<ReturnType<NodeSessions['request']>>;
    try {
      node = await proxy.nodes.request(address, headersFor(o, route), caller.closed);
    } catch (error) {
      picked.done(caller.closed.aborted ? 'unknown' : 'failed');
      if (caller.closed.aborted) return undefined;
      failure = error;
      proxy.ctx.log.warn('node cannot be reached', { service, node: route.node.id, address, error: String(error) });
      exclude.add(address);
      picked = router.pick(service, { namespace, fullName, exclude });
      continue;
    }
    router.report(address, 'answered');
    const broken = await relay(caller, node, address);
    // A call that broke off may be one handler's fault: whether the node is gone shows when it is next dialled.
    picked.done('unknown');
    return broken;
  }
  throw internal(proxyErrorId, `Error creating stream: ${dialText(failure)}`, { cause: failure });
};

const headersFor = ({ headers, target, span }: Forwarded, route: Route) =>
  requestHeaders(headers, {
    path: text(headers[':path']) ?? '',
    authority: route.node.address,
    namespace: target.namespace,
    traceparent: formatTraceparent(span.context),
  });

/** Go's words for a refused connection: its clients try again when they read them. */
const dialText = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error);
  const refused = /connect ECONNREFUSED (\S+)/.exec(message);
  return refused === null ? message : `dial tcp ${refused[1]}: connect: connection refused`;
};
