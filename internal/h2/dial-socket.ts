/** Opens the socket under an HTTP/2 connection: TCP, with TLS and ALPN in front where asked (RFC 9113 sections 3.2 and 3.3). Sends nothing; who calls owns what stands. */

import { connect as connectTcp, type Socket } from 'node:net';

import type { TlsTrust } from '../contract/tls.ts';

export interface DialSocketOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: boolean;
  /** With TLS: whom to believe; default the authorities this machine knows. */
  readonly trust?: TlsTrust;
  /** Time for the socket to stand. */
  readonly dialMs: number;
  /** Gives the attempt up. */
  readonly signal?: AbortSignal;
}

/** How long one of several addresses of a host may take before the next is tried as well. */
const addressMs = 1_000;

/** Resolves when bytes can be sent. Rejects with the system's error (code ETIMEDOUT after dialMs), or HandshakeError. */
export const dialSocket = async (o: DialSocketOptions): Promise<Socket> => {
  o.signal?.throwIfAborted();
  if (o.tls !== true) return standing(connectTcp(tcpOptions(o)), 'connect', o);
  const { dialTls } = await import('./dial-tls.ts');
  return dialTls(o);
};

/** How both kinds of sockets reach their peer. */
export const tcpOptions = ({ host, port }: DialSocketOptions) => ({
  host,
  port,
  noDelay: true,
  autoSelectFamilyAttemptTimeout: addressMs,
});

/** Waits for the event within dialMs; the socket is destroyed when that, or the signal, comes first. */
export const standing = (socket: Socket, event: 'connect' | 'secureConnect', o: DialSocketOptions): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(timeoutError(o)), o.dialMs);
    const aborted = (): void => void socket.destroy(o.signal?.reason);
    const settle = (): void => {
      clearTimeout(timer);
      o.signal?.removeEventListener('abort', aborted);
      socket.off('error', failed);
      socket.off('close', closed);
    };
    const failed = (error: Error): void => {
      settle();
      // A socket may fail a second time while it goes.
      socket.on('error', () => undefined);
      reject(error);
    };
    const closed = (): void => failed(new Error('the connection was closed'));
    o.signal?.addEventListener('abort', aborted, { once: true });
    socket.once('error', failed);
    socket.once('close', closed);
    socket.once(event, () => {
      settle();
      resolve(socket);
    });
  });

const timeoutError = ({ host, port }: DialSocketOptions): Error =>
  Object.assign(new Error(`dial tcp ${host}:${port}: i/o timeout`), { code: 'ETIMEDOUT' });
