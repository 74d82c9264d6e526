/** Opens an HTTP/2 connection to a server with prior knowledge (RFC 9113 section 3.3). Owns nothing once it stands. */

import { connect } from 'node:net';

import { type Connection, createConnection } from './connection.ts';
import type { ConnectionLimits } from './connection-limits.ts';

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /** Time for the TCP connection to stand. */
  readonly dialMs: number;
  readonly limits: ConnectionLimits;
  readonly now: () => number;
  readonly onGoaway: () => void;
  readonly onClose: () => void;
  readonly onFault: (error: unknown) => void;
}

/** Resolves when the connection stands, preface and SETTINGS under way; rejects with the system's error, nothing sent. */
export const dial = (o: DialOptions): Promise<Connection> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: o.host, port: o.port, noDelay: true });
    const timer = setTimeout(() => socket.destroy(new Error(`dial tcp ${o.host}:${o.port}: i/o timeout`)), o.dialMs);
    const failed = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    socket.once('error', failed);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', failed);
      resolve(
        createConnection({
          role: 'client',
          socket,
          remote: `${o.host}:${o.port}`,
          limits: o.limits,
          now: o.now,
          onGoaway: o.onGoaway,
          onClose: o.onClose,
          onFault: o.onFault,
        }),
      );
    });
  });
