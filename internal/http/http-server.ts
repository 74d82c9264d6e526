/**
 * An HTTP/1.1 listener with its limits set: size and time of heads, time of bodies, connections, and a close that waits for what is being
 * answered. Owns the socket; what is answered is the handler's business.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import { type Hint, internal, isMicroError, type MicroErrorJson, toMicroError } from '../contract/error.ts';
import {
  drainMs,
  headerBytesMax,
  httpCheckMs,
  httpConnectionsMax,
  httpHeadersTimeoutMs,
  httpKeepAliveMs,
  httpRequestTimeoutMs,
} from '../contract/limits.ts';
import type { Logger } from '../contract/logger.ts';
import type { TlsDoor } from '../tls/tls-door.ts';
import { sendError } from './respond.ts';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Fires when the caller leaves before the answer is complete, when the server closes, and with the error of cut(). */
  readonly signal: AbortSignal;
  /** Ends the exchange with this error, as far as it can still be told. */
  cut(error: MicroErrorJson & Hint & Error): void;
  /** Resolves when the answer is sent, or the caller has left. */
  readonly ended: Promise<void>;
}

export interface HttpServerOptions {
  /** Error id of what the server itself refuses. */
  readonly id: string;
  readonly log: Logger;
  /** Stands before the connections; without one all of them are plain text. Who made it closes it, before the server. */
  readonly door?: TlsDoor;
  /** A rejection is answered as the error JSON with its status, when nothing was sent yet. */
  handle(exchange: Exchange): Promise<void>;
}

export interface HttpServer {
  /** Answers the address as bound, `host:port`. Port 0 picks a free one. */
  listen(at: { readonly host: string; readonly port: number }): Promise<string>;
  /** Takes no new requests, lets those under way finish for drainMs or until the deadline, then cuts them. Safe twice and before listen. */
  close(deadline: AbortSignal): Promise<void>;
}

export const createHttpServer = (o: HttpServerOptions): HttpServer => {
  const open = new Set<{ readonly ended: Promise<void>; abort(): void }>();
  let closing = false;
  const server = createServer(
    {
      maxHeaderSize: headerBytesMax,
      headersTimeout: httpHeadersTimeoutMs,
      requestTimeout: httpRequestTimeoutMs,
      keepAliveTimeout: httpKeepAliveMs,
      connectionsCheckingInterval: httpCheckMs,
    },
    (request, response) => {
      if (closing) response.setHeader('Connection', 'close');
      const { entry, signal, cut } = track(response);
      open.add(entry);
      entry.ended.then(() => open.delete(entry));
      answer(o, { request, response, signal, cut, ended: entry.ended });
    },
  );
  server.maxConnections = httpConnectionsMax;
  if (o.door !== undefined) standBefore(server, o.door);
  return {
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        const fail = (e: Error): void =>
          reject(internal(o.id, `cannot listen on ${hostPort(host, port)}: ${e.message}`, { cause: e }));
        server.once('error', fail);
        server.listen({ host, port }, () => {
          server.off('error', fail);
          server.on('error', (e) => o.log.error('listener failed', { error: String(e) }));
          resolve(hostPort(host, (server.address() as AddressInfo).port));
        });
      }),
    close: async (deadline) => {
      closing = true;
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await firstOf([Promise.all([...open].map((entry) => entry.ended)), drained(deadline)]);
      for (const entry of open) entry.abort();
      server.closeAllConnections();
      await closed;
    },
  };
};

/** What the server does with a connection happens behind the door. */
const standBefore = (server: Server, door: TlsDoor): void => {
  const accept = server.listeners('connection') as ((socket: Socket) => void)[];
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) =>
    door.take(socket, (open) => {
      for (const listener of accept) listener.call(server, open);
    }),
  );
};

const hostPort = (host: string, port: number): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

const track = (response: ServerResponse) => {
  const left = new AbortController();
  const ended = new Promise<void>((resolve) => {
    response.once('close', () => {
      if (!response.writableFinished) left.abort();
      resolve();
    });
  });
  const cut: Exchange['cut'] = (error) => left.abort(error);
  return { entry: { ended, abort: () => left.abort() }, signal: left.signal, cut };
};

const answer = (o: HttpServerOptions, exchange: Exchange): void => {
  exchange.response.setHeader('X-Content-Type-Options', 'nosniff');
  o.handle(exchange).catch((e: unknown) => {
    const cause = endOf(exchange, e);
    if (cause === undefined) return;
    const error = toMicroError(cause, o.id);
    if (error.code >= 500) o.log.warn('request failed', { code: error.code, detail: error.detail });
    sendError(exchange, error);
  });
};

/** What the caller is to be told when the handler fails: its error, or that of cut(). Undefined when there is nobody to tell. */
export const endOf = ({ signal }: Pick<Exchange, 'signal'>, error: unknown): unknown => {
  if (!signal.aborted) return error;
  return isMicroError(signal.reason) ? signal.reason : undefined;
};

const drained = (deadline: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const limit = AbortSignal.any([deadline, AbortSignal.timeout(drainMs)]);
    if (limit.aborted) return resolve();
    limit.addEventListener('abort', () => resolve(), { once: true });
  });

const firstOf = async (work: readonly Promise<unknown>[]): Promise<void> => {
  await Promise.race(work);
};
