/** The gRPC client: raw bytes to an address and path, over pooled connections (wire.md 2.3 to 2.6). Picks no nodes and adds no tokens: its callers do. */

import {
  Client,
  connectivityState,
  credentials,
  logVerbosity,
  type ServiceError,
  setLogVerbosity,
} from '@grpc/grpc-js';

import type { ClientStream, ContentType } from '../contract/client.ts';
import { internal, type MicroError, microError, timeout, toMicroError } from '../contract/error.ts';
import { clientTimeoutMs, connectionsMax, messageBytesMax, nodeDialMs } from '../contract/limits.ts';
import { formatTraceparent } from '../trace/trace-context.ts';
import { loadTracer, type Span, type Tracer } from '../trace/tracer.ts';
import { parseTarget } from './address.ts';
import { formatTimeoutHeader } from './metadata.ts';
import { type OpenedStream, openStream } from './outgoing-stream.ts';
import { malformedPath } from './path.ts';
import { createPool, type Pool } from './pool.ts';
import { rawMetadata } from './raw-metadata.ts';
import { clientErrorId } from './status.ts';
import { connectionFailed, neverSent, transportError } from './transport-error.ts';

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

/** Whether an error of this client says that nothing was sent. */
export const wasNeverSent = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && unsent.has(error);

const unsent = new WeakSet<object>();

/** Whether an error of this client says that the connection was refused or broke, whatever had been sent. */
export const isConnectionFault = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && connectionFaults.has(error);

const connectionFaults = new WeakSet<object>();

/** Builds a client; nothing is dialled before the first call. */
export const createRpcClient = (o: RpcClientOptions = {}): RpcClient => {
  const pool = createPool<Client>({ max: connectionsMax, open: dial, close: (client) => client.close() });
  let loading: Promise<Tracer> | undefined;
  const tracer = (): Promise<Tracer> => {
    loading ??= o.tracer === undefined ? loadTracer({ now: o.now ?? Date.now }) : Promise.resolve(o.tracer);
    return loading;
  };
  const startSpan = async (address: string, path: string): Promise<Span> =>
    (await tracer()).start(path.slice(1), { kind: 'client', attributes: spanAttributes(address) });

  const streamTo: RpcClient['streamTo'] = (target, signal) =>
    openStream({
      limit: checkSize,
      signal,
      open: async () => {
        const { address, path, options, ended } = await target();
        try {
          checkPath(path);
          return openRaw({ pool, address, path, options, ended, span: await startSpan(address, path) });
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
        const response = await unary({ pool, address, path, options, span }, request);
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
    connect: (address, signal) => connect(pool, address, signal),
    close: async () => pool.close(),
  };
};

const same = (bytes: Buffer): Buffer => bytes;
const toBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

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

const connect = async (pool: Pool<Client>, address: string, signal?: AbortSignal): Promise<boolean> => {
  const lease = pool.take(address);
  const channel = lease.item.getChannel();
  const deadline = Date.now() + nodeDialMs;
  try {
    for (;;) {
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.READY) return true;
      const failed = state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN;
      if (failed || signal?.aborted === true || Date.now() >= deadline) {
        if (failed) pool.forget(address);
        return false;
      }
      await new Promise<void>((resolve) => channel.watchConnectivityState(state, deadline, () => resolve()));
    }
  } finally {
    lease.release();
  }
};

/** Keepalive is off as in v3: Go servers end connections that ping too often. */
const channelOptions = {
  'grpc.max_receive_message_length': messageBytesMax,
  'grpc.max_send_message_length': messageBytesMax,
  'grpc.enable_retries': 0,
  'grpc.enable_channelz': 0,
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.primary_user_agent': 'micro',
};

const dial = (text: string): Client => {
  const target = parseTarget(text);
  // The library writes to stderr by itself otherwise; what went wrong also comes back as an error.
  setLogVerbosity(logVerbosity.NONE);
  return new Client(
    target.address,
    target.tls ? credentials.createSsl() : credentials.createInsecure(),
    channelOptions,
  );
};

const deadlineOf = (timeoutMs: number | undefined): Date | undefined =>
  timeoutMs === undefined ? undefined : new Date(Date.now() + timeoutMs);

const metadataOf = (options: RpcCallOptions, span: Span, timeoutMs: number | undefined) => {
  const contentType = options.contentType ?? 'application/grpc+proto';
  return rawMetadata(contentType, options.metadata ?? {}, {
    'x-content-type': contentType,
    timeout: timeoutMs === undefined ? undefined : formatTimeoutHeader(timeoutMs),
    'micro-namespace': options.namespace,
    authorization: options.token === undefined ? undefined : `Bearer ${options.token}`,
    traceparent: formatTraceparent(span.context),
    tracestate: span.context.state,
  });
};

interface Outgoing {
  readonly pool: Pool<Client>;
  readonly address: string;
  readonly path: string;
  readonly options: RpcCallOptions;
  readonly span: Span;
}

const openRaw = ({
  pool,
  address,
  path,
  options,
  span,
  ended,
}: Outgoing & Pick<StreamTarget, 'ended'>): OpenedStream => {
  const metadata = metadataOf(options, span, options.timeoutMs);
  const lease = pool.take(address);
  const deadline = deadlineOf(options.timeoutMs);
  return {
    raw: lease.item.makeBidiStreamRequest(path, toBuffer, same, metadata, { deadline }),
    closed: (failure) => {
      lease.release();
      span.end(failure?.detail);
      ended?.(failure);
    },
    fault: (error) => faultOf(error, { pool, address, options }),
  };
};

const unary = async (outgoing: Outgoing, request: Uint8Array): Promise<Uint8Array> => {
  const { pool, address, path, options, span } = outgoing;
  const { signal } = options;
  signal?.throwIfAborted();
  const timeoutMs = options.timeoutMs ?? clientTimeoutMs;
  const metadata = metadataOf(options, span, timeoutMs);
  const lease = pool.take(address);
  let cancel = (): void => undefined;
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      const deadline = deadlineOf(timeoutMs);
      // grpc-js's own unary call reads one message and then waits for an end that a streaming endpoint sends only after the others.
      const call = lease.item.makeServerStreamRequest(path, toBuffer, same, toBuffer(request), metadata, { deadline });
      let response: Buffer | undefined;
      call.on('data', (message: Buffer) => {
        if (response !== undefined) {
          reject(severalAnswers(path));
          call.cancel();
        }
        response = message;
      });
      call.on('error', (error: ServiceError) => reject(faultOf(error, { pool, address, options })));
      call.on('end', () => resolve(response ?? new Uint8Array()));
      cancel = () => call.cancel();
      signal?.addEventListener('abort', cancel, { once: true });
    });
  } finally {
    signal?.removeEventListener('abort', cancel);
    lease.release();
  }
};

const severalAnswers = (path: string): MicroError =>
  internal(clientErrorId, `${path} answered a unary call with more than one message`, {
    hint: 'the endpoint streams: use micro stream',
  });

interface Where {
  readonly pool: Pool<Client>;
  readonly address: string;
  readonly options: RpcCallOptions;
}

/** A bad end as a MicroError. A connection that failed to open is forgotten, so that the next call dials again without grpc-js's back-off. */
const faultOf = (error: ServiceError, { pool, address, options }: Where): MicroError => {
  const { signal } = options;
  if (signal?.aborted === true && error.code === 1) return abortError(signal);
  const status = { code: error.code, details: error.details };
  const fault = transportError(status, address);
  if (connectionFailed(status)) connectionFaults.add(fault);
  if (neverSent(status)) {
    unsent.add(fault);
    pool.forget(address);
  }
  return fault;
};

const abortError = (signal: AbortSignal): MicroError => {
  const reason: unknown = signal.reason;
  return reason instanceof Error && reason.name === 'TimeoutError'
    ? timeout(clientErrorId, 'context deadline exceeded', { cause: reason })
    : microError(499, clientErrorId, 'context canceled', { cause: reason });
};
