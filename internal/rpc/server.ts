/** The gRPC server on grpc-js: any path prefix reaches the handler behind it, every method is raw bidi (wire.md 2). Owns its listener; knows neither registry nor accounts. */

import { type Server, ServerCredentials } from '@grpc/grpc-js';

import type { LocalCalls } from '../contract/call-transport.ts';
import { internal } from '../contract/error.ts';
import { connectionStreamsMax, goodbyeMs, messageBytesMax } from '../contract/limits.ts';
import type { OpenCall } from '../contract/open-call.ts';
import { loadTracer, type Tracer } from '../trace/tracer.ts';
import { joinAddress, splitAddress } from './address.ts';
import { createCatchAllServer } from './catch-all.ts';
import { createDispatcher, type Dispatcher, type DispatcherOptions, type RpcServerStats } from './dispatcher.ts';
import { grpcJsCall } from './grpc-js-call.ts';
import { serverErrorId } from './status.ts';

export interface RpcServerOptions extends DispatcherOptions {
  readonly now?: () => number;
  /** Spans go here; default: a tracer of its own. */
  readonly tracer?: Tracer;
}

export interface RpcServer {
  /** Binds `host:port` (port 0: a free one; no host: every interface) and resolves with what was bound. */
  listen(address: string): Promise<string>;
  /** The same calls from another transport of this process; undefined before listen(). */
  readonly calls: LocalCalls | undefined;
  stats(): RpcServerStats;
  /** The calls that are open now, whatever carries them. */
  open(): Iterable<OpenCall>;
  /** Streams end at once, unary calls may finish until the deadline fires, then everything is cut. Safe twice. */
  close(deadline: AbortSignal): Promise<void>;
}

/** Builds a server; nothing is bound before listen(). */
export const createRpcServer = (o: RpcServerOptions): RpcServer => {
  let dispatcher: Dispatcher | undefined;
  let closed: Promise<void> | undefined;
  // Nothing arrives before listen() has made the dispatcher.
  const server = createCatchAllServer(serverOptions, (path, raw) => dispatcher?.dispatch(path, grpcJsCall(raw)));
  return {
    listen: async (address) => {
      const tracer = o.tracer ?? (await loadTracer({ now: o.now ?? Date.now }));
      dispatcher ??= createDispatcher({ ...o, tracer });
      return bind(server, address);
    },
    get calls() {
      return dispatcher;
    },
    stats: () => dispatcher?.stats() ?? { requests: 0, errors: 0 },
    open: () => dispatcher?.open() ?? [],
    close: (deadline) => {
      closed ??= closeServer(server, dispatcher, deadline);
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
  dispatcher: Dispatcher | undefined,
  deadline: AbortSignal,
): Promise<void> => {
  // Streams have no end of their own: waiting for them would only use up the deadline.
  dispatcher?.cut('streams');
  const cut = (): void => {
    dispatcher?.cut('all');
    setTimeout(() => server.forceShutdown(), goodbyeMs);
  };
  if (deadline.aborted) cut();
  else deadline.addEventListener('abort', cut, { once: true });
  await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  deadline.removeEventListener('abort', cut);
  server.forceShutdown();
};
