/** The gRPC client on the frame engine: raw bytes to an address and path, over shared connections (wire.md 2.3 to 2.6). Picks no nodes and adds no tokens: its callers do. */

import type { ClientStream, ContentType } from '../contract/client.ts';
import { internal, type MicroError, type MicroErrorJson, microError, toMicroError } from '../contract/error.ts';
import { clientTimeoutMs, messageBytesMax } from '../contract/limits.ts';
import type { TlsTrust } from '../contract/tls.ts';
import { formatTraceparent } from '../trace/trace-context.ts';
import { loadTracer, type Span, type Tracer } from '../trace/tracer.ts';
import { type CallConnections, createCallConnections } from './call-connections.ts';
import { callHeadBlock, callMetadata } from './call-head.ts';
import { ClientCall } from './client-call.ts';
import { formatGrpcTimeout } from './grpc-timeout.ts';
import { formatTimeoutHeader } from './metadata.ts';
import { openStream } from './outgoing-stream.ts';
import { malformedPath } from './path.ts';
import { clientErrorId } from './status.ts';
import { wasRefused } from './transport-error.ts';

export interface RpcCallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds; unary default clientTimeoutMs, streams none. */
  readonly timeoutMs?: number;
  /** Default application/grpc+proto. */
  readonly contentType?: ContentType;
  /** The micro-namespace header. */
  readonly namespace?: string;
  /** Sent as `authorization: Bearer`. */
  readonly token?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface StreamTarget {
  readonly address: string;
  readonly path: string;
  readonly options: RpcCallOptions;
  /** Called once, when the stream has ended or could not be opened. */
  ended?(failure: unknown): void;
}

export interface RpcClientOptions {
  readonly now?: () => number;
  /** Spans go here; default: a tracer of its own. */
  readonly tracer?: Tracer;
  /** Whom to believe at an address (host:port) that is dialled with TLS; default the authorities this machine knows. */
  trustOf?(address: string): TlsTrust | undefined;
}

export interface RpcClient {
  /** One request, one response. `address` is `host:port`, or `https://host[:port]` for TLS. */
  call(address: string, path: string, request: Uint8Array, o?: RpcCallOptions): Promise<Uint8Array>;
  /** Opens a stream of any kind, as bidi. */
  stream(address: string, path: string, o?: RpcCallOptions): ClientStream;
  /** As stream(), when it takes time to find out where to. What `target` throws is what the stream throws. */
  streamTo(target: () => Promise<StreamTarget>, signal?: AbortSignal): ClientStream;
  /** Opens the connection to an address; false when that is refused. Sends nothing. */
  connect(address: string, signal?: AbortSignal): Promise<boolean>;
  /** Closes every connection; calls in flight end canceled. */
  close(): Promise<void>;
}

/** Builds a client; nothing is dialled before the first call. */
export const createRpcClient = (o: RpcClientOptions = {}): RpcClient => {
  const now = o.now ?? Date.now;
  const connections = createCallConnections({ now, trustOf: o.trustOf });
  let loading: Promise<Tracer> | undefined;
  const tracer = (): Promise<Tracer> => {
    loading ??= o.tracer === undefined ? loadTracer({ now }) : Promise.resolve(o.tracer);
    return loading;
  };
  const startSpan = async (address: string, path: string): Promise<Span> =>
    (await tracer()).start(path.slice(1), { kind: 'client', attributes: spanAttributes(address) });

  const streamTo: RpcClient['streamTo'] = (target, signal) =>
    openStream({
      limit: checkSize,
      open: async () => {
        throwIfAborted(signal);
        const { address, path, options, ended } = await target();
        try {
          checkPath(path);
          const span = await startSpan(address, path);
          const call = { connections, address, path, span, options: { ...options, signal: options.signal ?? signal } };
          return await openCall(call, (failure) => {
            span.end(failure?.detail);
            ended?.(failure);
          });
        } catch (error) {
          ended?.(error);
          throw error;
        }
      },
    });

  return {
    call: async (address, path, request, options = {}) => {
      checkSize(request);
      checkPath(path);
      const span = await startSpan(address, path);
      try {
        throwIfAborted(options.signal);
        const timeoutMs = options.timeoutMs ?? clientTimeoutMs;
        const response = await unary(
          { connections, address, path, options: { ...options, timeoutMs }, span },
          toBuffer(request),
        );
        span.end();
        return response;
      } catch (error) {
        const known = toMicroError(error, clientErrorId);
        span.end(known.detail);
        throw known;
      }
    },
    stream: (address, path, options = {}) => streamTo(async () => ({ address, path, options }), options.signal),
    streamTo,
    connect: (address, signal) => connect(connections, address, signal),
    close: async () => connections.close(),
  };
};

const toBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const throwIfAborted = (signal: AbortSignal | undefined): void => {
  if (signal?.aborted === true) throw toMicroError(signal.reason, clientErrorId);
};

const spanAttributes = (address: string): Readonly<Record<string, string>> => ({
  'rpc.system': 'grpc',
  'server.address': address,
});

const checkSize = (message: Uint8Array): void => {
  if (message.length > messageBytesMax)
    throw microError(
      413,
      clientErrorId,
      `message of ${message.length} bytes is over messageBytesMax (${messageBytesMax})`,
    );
};

/** A path that is no path cannot be sent: the peer's words for it are used here. */
const checkPath = (path: string): void => {
  if (!/^\/[!-~]+$/.test(path)) throw internal(clientErrorId, malformedPath(path));
};

const connect = async (connections: CallConnections, address: string, signal?: AbortSignal): Promise<boolean> => {
  const aborted = Promise.withResolvers<void>();
  const abort = (): void => aborted.resolve();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    if (connections.ready(address) === undefined && signal?.aborted !== true)
      await Promise.race([connections.more(address), aborted.promise]);
    return signal?.aborted !== true;
  } catch {
    return false;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
};

interface Outgoing {
  readonly connections: CallConnections;
  readonly address: string;
  readonly path: string;
  readonly options: RpcCallOptions;
  readonly span: Span;
}

const metadataOf = ({ options, span }: Outgoing) => {
  const { timeoutMs } = options;
  return callMetadata(options.metadata ?? {}, {
    'x-content-type': options.contentType ?? defaultType,
    timeout: timeoutMs === undefined ? undefined : formatTimeoutHeader(timeoutMs),
    'micro-namespace': options.namespace,
    authorization: options.token === undefined ? undefined : `Bearer ${options.token}`,
    traceparent: formatTraceparent(span.context),
    tracestate: span.context.state,
  });
};

const defaultType: ContentType = 'application/grpc+proto';

/** Begins a call, on a connection that is there or comes to stand. Rejects with what ends it before that; `over` is told of any other end. */
const openCall = async (
  outgoing: Outgoing,
  over: (failure: (MicroErrorJson & Error) | undefined) => void,
): Promise<ClientCall> => {
  const { connections, address, path, options } = outgoing;
  const metadata = metadataOf(outgoing);
  const ended = Promise.withResolvers<never>();
  let opened = false;
  const call = new ClientCall({
    path,
    signal: options.signal,
    timeoutMs: options.timeoutMs,
    over: (failure) => (opened ? over(failure) : ended.reject(failure)),
  });
  ended.promise.catch(() => undefined);
  try {
    let on = connections.ready(address);
    while (on === undefined) {
      await Promise.race([connections.more(address), ended.promise]);
      on = connections.ready(address);
    }
    if (call.over) await ended.promise;
    const head = callHeadBlock({
      tls: on.target.tls,
      authority: on.target.address,
      path,
      contentType: options.contentType ?? defaultType,
      timeout: call.msLeft === undefined ? undefined : formatGrpcTimeout(call.msLeft),
      metadata,
    });
    call.open(on, head);
    opened = true;
    return call;
  } catch (error) {
    const known = toMicroError(error, clientErrorId);
    call.fail(known);
    throw known;
  }
};

/** A call that the peer refused to look at, on its way out or full, goes out once more: on another connection. */
const unary = async (outgoing: Outgoing, request: Buffer): Promise<Uint8Array> => {
  const deadlineAt = performance.now() + (outgoing.options.timeoutMs ?? 0);
  try {
    return await unaryOnce(outgoing, request);
  } catch (error) {
    if (!wasRefused(error)) throw error;
    const timeoutMs = Math.max(1, deadlineAt - performance.now());
    return unaryOnce({ ...outgoing, options: { ...outgoing.options, timeoutMs } }, request);
  }
};

const unaryOnce = async (outgoing: Outgoing, request: Buffer): Promise<Uint8Array> => {
  const call = await openCall(outgoing, () => undefined);
  call.send(request, true);
  const response = await call.next();
  if (response === undefined) return new Uint8Array();
  // A streaming endpoint would go on: its second message says so, the end says that there is none.
  if ((await call.next()) === undefined) return response;
  const several = severalAnswers(outgoing.path);
  call.fail(several);
  throw several;
};

const severalAnswers = (path: string): MicroError =>
  internal(clientErrorId, `${path} answered a unary call with more than one message`, {
    hint: 'the endpoint streams: use micro stream',
  });
