/** A port that speaks HTTP/2, in TLS where a door is given: accepts connections, bounds their number and time, drains them at the end. Owns the port and the connections. */

import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

import type { TlsDoor } from '../tls/tls-door.ts';
import { type Connection, createConnection } from './connection.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import type { HeaderBlock } from './header-block.ts';
import type { Stream, StreamReader } from './stream.ts';

export interface ListenerOptions {
  readonly connectionsMax: number;
  readonly limits: ConnectionLimits;
  readonly now: () => number;
  /** Stands before the connections; without one all of them are plain text. Who made it closes it. */
  readonly door?: TlsDoor;
  /** Bytes for a peer that speaks HTTP/1 instead. */
  readonly http1Answer?: Buffer;
  readonly onStream: (stream: Stream, block: HeaderBlock, endStream: boolean) => StreamReader;
  readonly onFault: (error: unknown) => void;
}

export interface Listener {
  /** Binds (port 0: a free one; no host: every interface) and resolves with what was bound; rejects with the system's error. */
  listen(host: string | undefined, port: number): Promise<AddressInfo>;
  /** Streams of all connections that are not over. */
  readonly streamCount: number;
  /** Takes no more connections and streams; those that are open go on. */
  drain(): void;
  /** Cuts what is left; resolves when the port is closed. Safe twice. */
  close(): Promise<void>;
}

const tickMs = 1_000;

export const createListener = (o: ListenerOptions): Listener => {
  const connections = new Set<Connection>();
  const server = createServer({ noDelay: true }, (socket) => {
    if (o.door === undefined) accept(socket);
    else o.door.take(socket, accept);
  });
  server.maxConnections = o.connectionsMax;
  let timer: NodeJS.Timeout | undefined;
  let closing: Promise<void> | undefined;

  const accept = (socket: Socket): void => {
    const connection: Connection = createConnection({
      role: 'server',
      socket,
      remote: remoteOf(socket),
      limits: o.limits,
      now: o.now,
      http1Answer: o.http1Answer,
      onStream: o.onStream,
      onClose: () => connections.delete(connection),
      onFault: o.onFault,
    });
    connections.add(connection);
  };

  return {
    listen: async (host, port) => {
      const address = await bind(server, host, port);
      timer = setInterval(() => {
        for (const connection of connections) connection.tick();
      }, tickMs).unref();
      server.on('error', o.onFault);
      return address;
    },
    get streamCount() {
      let count = 0;
      for (const connection of connections) count += connection.streamCount;
      return count;
    },
    drain: () => {
      if (server.listening) server.close();
      for (const connection of connections) connection.drain();
    },
    close: () => {
      closing ??= closeAll(server, connections).finally(() => clearInterval(timer));
      return closing;
    },
  };
};

const remoteOf = ({ remoteAddress, remotePort, remoteFamily }: Socket): string => {
  if (remoteAddress === undefined) return '';
  return remoteFamily === 'IPv6' ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
};

const bind = (server: Server, host: string | undefined, port: number): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });

const closeAll = async (server: Server, connections: ReadonlySet<Connection>): Promise<void> => {
  const closed = server.listening ? new Promise<void>((resolve) => server.close(() => resolve())) : undefined;
  for (const connection of connections) connection.destroy();
  await closed;
};
