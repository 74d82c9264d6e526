/** The gRPC proxy: an HTTP/2 listener that checks each call and passes its frames on to a node. Owns its listener and the connections behind it; decodes no message. */

import { setTimeout as sleep } from 'node:timers/promises';

import type { LocalCalls } from '../../../internal/contract/call-transport.ts';
import { defaultNamespace } from '../../../internal/contract/core.ts';
import { internal, toMicroError, unavailable } from '../../../internal/contract/error.ts';
import {
  connectionWindowBytes,
  drainMs,
  goodbyeMs,
  idleConnectionMs,
  proxyConnectionsMax,
  proxyHandshakeMs,
  proxyStreamsMax,
  proxyWindowBytes,
} from '../../../internal/contract/limits.ts';
import type { PluginContext, ServiceInstance } from '../../../internal/contract/plugin.ts';
import type { Picked } from '../../../internal/contract/router.ts';
import { errorCode } from '../../../internal/h2/error.ts';
import { type HeaderBlock, fieldValue } from '../../../internal/h2/header-block.ts';
import { createListener, type Listener } from '../../../internal/h2/listener.ts';
import type { Stream, StreamReader } from '../../../internal/h2/stream.ts';
import { deafReader } from '../../../internal/h2/stream-state.ts';
import { joinAddress, splitAddress } from '../../../internal/rpc/address.ts';
import { answerFrameCall } from '../../../internal/rpc/frame-call.ts';
import { parsePath } from '../../../internal/rpc/path.ts';
import { formatTraceparent, parseTraceparent } from '../../../internal/trace/trace-context.ts';
import { loadTracer, type Span, type Tracer } from '../../../internal/trace/tracer.ts';
import { type CallTarget, findTarget } from './call-target.ts';
import { httpErrorBlock, isGrpc, notGrpc, parseRequest, proxyErrorId, requestBlock } from './headers.ts';
import { createNodeConnections, type NodeConnection, type NodeConnections } from './node-connections.ts';
import type { config, needs } from './plugin.ts';
import { openProxiedCall, type ProxiedCall } from './proxied-call.ts';

type Context = PluginContext<typeof config, typeof needs>;

interface Proxy {
  readonly ctx: Context;
  readonly tracer: Tracer;
  readonly nodes: NodeConnections;
  readonly calls: Set<ProxiedCall>;
  /** Services of this process that calls have gone to. */
  readonly locals: Set<LocalCalls>;
}

export const create = (ctx: Context): ServiceInstance => {
  const calls = new Set<ProxiedCall>();
  const locals = new Set<LocalCalls>();
  const onFault = (error: unknown): void => ctx.log.error('proxy failed', { error: faultText(error) });
  let proxy: Proxy | undefined;
  let listener: Listener | undefined;
  let bound: string | undefined;

  return {
    handlers: [],
    listeners: () =>
      bound === undefined ? [] : [{ name: 'proxy', address: bound, protocol: 'gRPC (HTTP/2, plain text)', auth: true }],
    start: async () => {
      const nodes = createNodeConnections({
        now: ctx.now,
        unresponsive: (address) => ctx.needs.router.report(address, 'failed'),
        onFault,
      });
      const started: Proxy = { ctx, nodes, calls, locals, tracer: await loadTracer({ now: ctx.now }) };
      proxy = started;
      listener = createListener({
        connectionsMax: proxyConnectionsMax,
        streamsMax: proxyStreamsMax,
        streamWindowBytes: proxyWindowBytes,
        connectionWindowBytes,
        handshakeMs: proxyHandshakeMs,
        idleMs: idleConnectionMs,
        now: ctx.now,
        onStream: (stream, block, endStream) => answer(started, { stream, block, endStream }),
        onFault,
      });
      bound = await listen(listener, ctx.config.address);
    },
    stop: async (deadline) => {
      if (listener === undefined) return;
      listener.drain();
      for (const local of locals) local.cut('streams');
      await drained(listener, AbortSignal.any([deadline, AbortSignal.timeout(drainMs)]));
      if (listener.streamCount > 0) {
        for (const call of calls) call.fail(unavailable(proxyErrorId, 'proxy is stopping'));
        for (const local of locals) local.cut('all');
        await drained(listener, AbortSignal.timeout(goodbyeMs));
      }
      await listener.close();
      proxy?.nodes.close();
    },
  };
};

const faultText = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

const listen = async (listener: Listener, address: string): Promise<string> => {
  const { host, port } = splitAddress(address);
  try {
    const bound = await listener.listen(host === '' ? undefined : host, Number(port ?? 0));
    return joinAddress(host === '' ? '0.0.0.0' : host, bound.port);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw internal('proxy', `cannot listen on ${address}: ${reason}`, { cause });
  }
};

/** How often a stopping proxy looks whether calls are left. */
const drainPollMs = 5;

/** Waits until no call is left or the limit fires. */
const drained = async (listener: Listener, limit: AbortSignal): Promise<void> => {
  while (listener.streamCount > 0 && !limit.aborted) await sleep(drainPollMs);
};

interface Incoming {
  readonly stream: Stream;
  readonly block: HeaderBlock;
  readonly endStream: boolean;
}

/** Starts one call; whatever happens to it stays with it. */
const answer = (proxy: Proxy, incoming: Incoming): StreamReader => {
  const { stream, block } = incoming;
  if (!isGrpc(block)) return answerHttp(incoming);
  const local = localCalls(proxy, block);
  if (local !== undefined) return answerFrameCall(stream, block, { dispatcher: local, endStream: incoming.endStream });
  let span: Span | undefined;
  const call: ProxiedCall = openProxiedCall({
    ...incoming,
    over: (failure) => {
      proxy.calls.delete(call);
      span?.end(failure?.detail);
    },
  });
  proxy.calls.add(call);
  span = forward(proxy, call, block);
  return call.reader;
};

/** The services of this process answer calls to them here, without a second hop; they check their callers themselves. */
const localCalls = (proxy: Proxy, block: HeaderBlock): LocalCalls | undefined => {
  const path = parsePath(fieldValue(block, ':path') ?? '');
  if (path === undefined || !isForDefaultNamespace(block)) return undefined;
  const local = proxy.ctx.needs.host.local(path.service, defaultNamespace);
  if (local !== undefined) proxy.locals.add(local);
  return local;
};

/** Without the header the namespace is the account's own, which is not known yet. */
const isForDefaultNamespace = (block: HeaderBlock): boolean => {
  const namespace = fieldValue(block, 'micro-namespace');
  return namespace === defaultNamespace || (!namespace && fieldValue(block, 'authorization') === undefined);
};

/** The answer to a browser or HTTP client: status, and the error as JSON, once it has said all of its request. */
const answerHttp = ({ stream, block, endStream }: Incoming): StreamReader => {
  const body = Buffer.from(JSON.stringify(notGrpc(block)));
  const isHead = fieldValue(block, ':method') === 'HEAD';
  const respond = (): void => {
    clearTimeout(timer);
    stream.sendHeaders(httpErrorBlock(body.length), isHead);
    if (!isHead) stream.sendData(body, true);
    stream.reset(errorCode.noError);
  };
  const timer = setTimeout(respond, proxyHandshakeMs).unref();
  if (endStream) respond();
  return {
    ...deafReader,
    headers: respond,
    data: (chunk, ended) => {
      stream.consumed(chunk.length);
      if (ended) respond();
    },
    reset: () => clearTimeout(timer),
  };
};

const forward = (proxy: Proxy, call: ProxiedCall, block: HeaderBlock): Span | undefined => {
  const refuse = (error: unknown): void => {
    const known = toMicroError(error, proxyErrorId);
    proxy.ctx.log.debug('call refused', { path: fieldValue(block, ':path'), code: known.code, detail: known.detail });
    call.fail(known);
  };
  try {
    const request = parseRequest(block);
    if (request.timeoutMs !== undefined) call.limit(request.timeoutMs);
    const { service, endpoint } = request.path;
    const span = proxy.tracer.start(`${service}.${endpoint}`, {
      kind: 'server',
      parent: parseTraceparent(fieldValue(block, 'traceparent'), fieldValue(block, 'tracestate')),
      attributes: { 'rpc.system': 'grpc', 'rpc.service': service, 'rpc.method': endpoint },
    });
    span
      .run(() => findTarget(request, proxy.ctx.needs, call.signal))
      .then((target) => sendOn({ proxy, call, target, span, block }))
      .catch(refuse);
    return span;
  } catch (error) {
    refuse(error);
    return undefined;
  }
};

interface Forwarded {
  readonly proxy: Proxy;
  readonly call: ProxiedCall;
  readonly target: CallTarget;
  readonly span: Span;
  readonly block: HeaderBlock;
}

/** The node that was picked, and one other when it cannot be reached: nothing has been forwarded then. */
const nodeTries = 2;

const sendOn = async (o: Forwarded): Promise<void> => {
  const { proxy, call, target, block } = o;
  const { service, namespace, fullName } = target;
  const exclude = new Set<string>();
  let failure: unknown;
  let picked: Picked | undefined = target.picked;
  for (let attempt = 1; attempt <= nodeTries && picked !== undefined; attempt += 1) {
    const { address } = picked.route.node;
    try {
      const node = await connectTo(proxy.nodes, address);
      if (call.isOver) return picked.done('unknown');
      const traceparent = formatTraceparent(o.span.context);
      return call.sendTo({ node, picked, request: requestBlock(block, { namespace, traceparent }) });
    } catch (error) {
      picked.done('failed');
      if (call.isOver) return;
      failure = error;
      noteFailure(proxy, picked, service, error);
      exclude.add(address);
      picked = proxy.ctx.needs.router.pick(service, { namespace, fullName, exclude });
    }
  }
  throw internal(proxyErrorId, `Error creating stream: ${dialText(failure)}`, { cause: failure });
};

/** A fresh connection may be full before its turn comes: the next one is dialled, up to the pool's bound. */
const connectTo = async (nodes: NodeConnections, address: string): Promise<NodeConnection> => {
  for (;;) {
    const node = nodes.ready(address) ?? (await nodes.connect(address));
    if (node.h2.canOpen) return node;
  }
};

const noteFailure = ({ ctx }: Proxy, { route }: Picked, service: string, error: unknown): void => {
  const { id: node, address } = route.node;
  ctx.log.warn('node cannot be reached', { service, node, address, error: String(error) });
};

/** Go's words for a refused connection: its clients try again when they read them. */
const dialText = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error);
  const refused = /connect ECONNREFUSED (\S+)/.exec(message);
  return refused === null ? message : `dial tcp ${refused[1]}: connect: connection refused`;
};
