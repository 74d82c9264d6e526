/** Opens an HTTP/2 connection to a server with prior knowledge (RFC 9113 section 3.3). Owns nothing once it stands. */

import { type Connection, createConnection } from './connection.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import { dialSocket } from './dial-socket.ts';

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
export const dial = async ({ host, port, dialMs, ...rest }: DialOptions): Promise<Connection> => {
  const socket = await dialSocket({ host, port, dialMs });
  return createConnection({ role: 'client', socket, remote: `${host}:${port}`, ...rest });
};
