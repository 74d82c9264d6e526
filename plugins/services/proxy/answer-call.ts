/** What becomes of one call to the proxy: answered here, refused, or sent on to a node. Owns no connection. */

import { vouchedHeader, wantsVouching } from '../../../internal/auth/vouched-caller.ts';
import type { LocalCalls } from '../../../internal/contract/call-transport.ts';
import { defaultNamespace } from '../../../internal/contract/core.ts';
import { internal, toMicroError } from '../../../internal/contract/error.ts';
import { proxyHandshakeMs } from '../../../internal/contract/limits.ts';
import type { PluginContext } from '../../../internal/contract/plugin.ts';
import type { Picked } from '../../../internal/contract/router.ts';
import { errorCode } from '../../../internal/h2/error.ts';
import { fieldValue, type HeaderBlock } from '../../../internal/h2/header-block.ts';
import type { Stream, StreamReader } from '../../../internal/h2/stream.ts';
import { deafReader } from '../../../internal/h2/stream-state.ts';
import { answerFrameCall } from '../../../internal/rpc/frame-call.ts';
import type { MessageMemory } from '../../../internal/rpc/message-memory.ts';
import { splitAddress } from '../../../internal/rpc/address.ts';
import { parsePath } from '../../../internal/rpc/path.ts';
import { isLocalPeer } from '../../../internal/tls/local-peer.ts';
import { formatTraceparent, parseTraceparent } from '../../../internal/trace/trace-context.ts';
import type { Span, Tracer } from '../../../internal/trace/tracer.ts';
import { type CallTarget, findTarget, findTargetNow, namespaceNow } from './call-target.ts';
import {
  httpErrorBlock,
  isGrpc,
  notGrpc,
  parseRequest,
  proxyErrorId,
  type ProxyRequest,
  requestBlock,
} from './headers.ts';
import type { NodeConnection, NodeConnections } from './node-connections.ts';
import type { config, needs } from './plugin.ts';
import { openProxiedCall, type ProxiedCall } from './proxied-call.ts';

/** What the calls of one proxy share. */
export interface ProxyState {
  readonly ctx: PluginContext<typeof config, typeof needs>;
  readonly tracer: Tracer;
  readonly nodes: NodeConnections;
  /** Of calls that are answered here. */
  readonly memory: MessageMemory;
  /** Calls on their way to nodes. */
  readonly calls: Set<ProxiedCall>;
  /** Services of this process that calls have gone to. */
  readonly locals: Set<LocalCalls>;
}

export interface Incoming {
  readonly stream: Stream;
  readonly block: HeaderBlock;
  /** The head ended the stream: there is no body. */
  readonly endStream: boolean;
}

/** Starts one call; whatever happens to it stays with it. The result is what the caller's stream tells. */
export const answerCall = (proxy: ProxyState, incoming: Incoming): StreamReader => {
  const { stream, block, endStream } = incoming;
  if (!isGrpc(block)) return answerHttp(incoming);
  const dispatcher = localCalls(proxy, block);
  if (dispatcher !== undefined) return answerFrameCall(stream, block, { dispatcher, endStream, memory: proxy.memory });
  let request: ProxyRequest;
  try {
    request = parseRequest(block);
  } catch (error) {
    return refused(proxy, incoming, error);
  }
  return forward(proxy, incoming, request);
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

/** The services of this process answer calls to them here, without a second hop; they check their callers themselves. */
const localCalls = ({ ctx, locals }: ProxyState, block: HeaderBlock): LocalCalls | undefined => {
  const path = parsePath(fieldValue(block, ':path') ?? '');
  // A service's Debug is open to everybody; here the rules hold for it.
  if (path === undefined || path.type === 'Debug') return undefined;
  const local = ctx.needs.host.local(path.service, defaultNamespace);
  if (local === undefined) return undefined;
  const sender = senderOf(block);
  // A comma: the header may have come twice, which is refused.
  if (sender.authorization?.includes(',') || namespaceNow(sender, ctx.needs.auth) !== defaultNamespace)
    return undefined;
  locals.add(local);
  return local;
};

const senderOf = (block: HeaderBlock) => ({
  authorization: fieldValue(block, 'authorization'),
  namespaceHeader: fieldValue(block, 'micro-namespace'),
});

/** A call that says nothing anyone could forward. */
const refused = (proxy: ProxyState, incoming: Incoming, error: unknown): StreamReader => {
  const call = openProxiedCall({ ...incoming, refused: () => false, over: () => undefined });
  refuse(proxy, call, incoming.block, error);
  return call.reader;
};

const refuse = ({ ctx }: ProxyState, call: ProxiedCall, block: HeaderBlock, error: unknown): void => {
  const known = toMicroError(error, proxyErrorId);
  ctx.log.debug('call refused', { path: fieldValue(block, ':path'), code: known.code, detail: known.detail });
  call.fail(known);
};

const forward = (proxy: ProxyState, incoming: Incoming, request: ProxyRequest): StreamReader => {
  const { block } = incoming;
  const span = startSpan(proxy.tracer, block, request);
  /** What was sent on last, for the one try more that a refusal gives. */
  let forwarded: Forwarded | undefined;
  const fail = (error: unknown): void => refuse(proxy, call, block, error);
  const send = (target: CallTarget): void => {
    // It may have been ended while its caller was asked for.
    if (call.isOver) {
      target.picked.done('unknown');
      return;
    }
    call.target = target;
    forwarded = { proxy, call, target, span, block, remote: incoming.stream.remote };
    if (!sendNow(forwarded)) sendOn(forwarded).catch(fail);
  };
  const call: ProxiedCall = openProxiedCall({
    ...incoming,
    refused: (address) => {
      const again = forwarded === undefined ? undefined : elsewhere(forwarded, new Set([address]));
      if (forwarded === undefined || again === undefined) return false;
      sendOn({ ...forwarded, target: { ...forwarded.target, picked: again } }).catch(fail);
      forwarded = undefined;
      return true;
    },
    over: (failure) => {
      proxy.calls.delete(call);
      span.end(failure?.detail);
    },
  });
  proxy.calls.add(call);
  if (request.timeoutMs !== undefined) call.limit(request.timeoutMs);
  const { needs } = proxy.ctx;
  try {
    const target = findTargetNow(request, needs);
    if (target !== undefined) send(target);
    else
      span
        .run(() => findTarget(request, needs, call.signal))
        .then(send)
        .catch(fail);
  } catch (error) {
    fail(error);
  }
  return call.reader;
};

const startSpan = (tracer: Tracer, block: HeaderBlock, { path }: ProxyRequest): Span =>
  tracer.start(`${path.service}.${path.endpoint}`, {
    kind: 'server',
    parent: parseTraceparent(fieldValue(block, 'traceparent'), fieldValue(block, 'tracestate')),
    attributes: { 'rpc.system': 'grpc', 'rpc.service': path.service, 'rpc.method': path.endpoint },
  });

interface Forwarded {
  readonly proxy: ProxyState;
  readonly call: ProxiedCall;
  readonly target: CallTarget;
  readonly span: Span;
  readonly block: HeaderBlock;
  /** The caller's address. */
  readonly remote: string;
}

/** Sends a call on over a connection that stands; false when there is none. */
const sendNow = (o: Forwarded): boolean => {
  const node = o.proxy.nodes.ready(o.target.picked.route.node.address);
  if (node !== undefined) join(o, node, o.target.picked);
  return node !== undefined;
};

const join = (o: Forwarded, node: NodeConnection, picked: Picked): void => {
  const { call, block, span, target } = o;
  const traceparent = formatTraceparent(span.context);
  const { service, namespace, nodePath: path, dropToken } = target;
  const vouched = wantsVouching(service, namespace) ? vouchedFor(o) : undefined;
  call.sendTo({ node, picked, request: requestBlock(block, { namespace, traceparent, path, dropToken, vouched }) });
};

/** From where the caller comes. A gateway on this machine may have said it: a seal it made is as good as ours, and another one is none. */
const vouchedFor = ({ proxy, block, remote }: Forwarded): string | undefined => {
  const sent = isLocalPeer(splitAddress(remote).host) ? fieldValue(block, vouchedHeader) : undefined;
  return sent ?? proxy.ctx.needs.auth.vouch?.(remote);
};

/** The node that was picked, and one other when it cannot be reached: nothing has been forwarded then. */
const nodeTries = 2;

const sendOn = async (o: Forwarded): Promise<void> => {
  const { proxy, call, target } = o;
  const exclude = new Set<string>();
  let failure: unknown;
  let picked: Picked | undefined = target.picked;
  for (let attempt = 1; attempt <= nodeTries && picked !== undefined; attempt += 1) {
    const { address } = picked.route.node;
    try {
      const node = await connectTo(proxy.nodes, address);
      if (call.isOver) return picked.done('unknown');
      return join(o, node, picked);
    } catch (error) {
      picked.done('failed');
      if (call.isOver) return;
      failure = error;
      noteFailure(proxy, picked, error);
      exclude.add(address);
      picked = elsewhere(o, exclude);
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

/** Another node that the call may go to. */
const elsewhere = ({ proxy, target }: Forwarded, exclude: ReadonlySet<string>): Picked | undefined => {
  const { service, namespace, fullName }: CallTarget = {
    ...target,
    ...(target.via && { ...target.via, fullName: undefined }),
  };
  return proxy.ctx.needs.router.pick(service, { namespace, fullName, exclude });
};

const noteFailure = ({ ctx }: ProxyState, { route }: Picked, error: unknown): void => {
  const {
    service,
    node: { id: node, address },
  } = route;
  ctx.log.warn('node cannot be reached', { service, node, address, error: String(error) });
};

/** Go's words for a refused connection: its clients try again when they read them. */
const dialText = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error);
  const refused = /connect ECONNREFUSED (\S+)/.exec(message);
  return refused === null ? message : `dial tcp ${refused[1]}: connect: connection refused`;
};
