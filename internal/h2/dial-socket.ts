/** Opens the socket under an HTTP/2 connection: TCP, with TLS and ALPN in front where asked (RFC 9113 sections 3.2 and 3.3). Sends nothing; who calls owns what stands. */

import { isIP, connect as connectTcp, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';

export interface DialSocketOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: boolean;
  /** Time for the socket to stand. */
  readonly dialMs: number;
  /** Gives the attempt up. */
  readonly signal?: AbortSignal;
}

/** A peer that was reached over TCP and not understood: its certificate, or that it speaks something else. */
export class HandshakeError extends Error {
  constructor(message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = 'HandshakeError';
  }
}

/** How long one of several addresses of a host may take before the next is tried as well. */
const addressMs = 1_000;

/** Resolves when bytes can be sent. Rejects with the system's error (code ETIMEDOUT after dialMs), or HandshakeError. */
export const dialSocket = async (o: DialSocketOptions): Promise<Socket> => {
  o.signal?.throwIfAborted();
  return o.tls === true ? dialTls(o) : standing(connectTcp(tcpOptions(o)), 'connect', o);
};

const tcpOptions = ({ host, port }: DialSocketOptions) => ({
  host,
  port,
  noDelay: true,
  autoSelectFamilyAttemptTimeout: addressMs,
});

const dialTls = async (o: DialSocketOptions): Promise<Socket> => {
  const tls = await import('node:tls');
  trusted ??= tls.createSecureContext({
    ca: [...tls.getCACertificates('default'), ...tls.getCACertificates('system')],
  });
  const socket = tls.connect({
    ...tcpOptions(o),
    ...(isIP(o.host) === 0 ? { servername: o.host } : {}),
    secureContext: trusted,
    ALPNProtocols: ['h2'],
  });
  let reached = false;
  socket.once('connect', () => {
    reached = true;
  });
  try {
    await standing(socket, 'secureConnect', o);
  } catch (error) {
    throw reached && !timedOut(error) ? new HandshakeError(handshakeFault(error), { cause: error }) : error;
  }
  if (socket.alpnProtocol === 'h2') return socket;
  socket.destroy();
  throw new HandshakeError('the server does not speak HTTP/2 (it did not choose ALPN h2)');
};

/** Certificates of this machine and those Node brings, read once: it takes some milliseconds. */
let trusted: SecureContext | undefined;

const standing = (socket: Socket, event: 'connect' | 'secureConnect', o: DialSocketOptions): Promise<Socket> =>
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

const timedOut = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ETIMEDOUT';

/** OpenSSL's own words are a line of numbers around the reason. */
const handshakeFault = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
  if (/wrong version number|packet length too long|http request/.test(reason)) return 'the server does not speak TLS';
  if (/no application protocol/.test(reason)) return 'the server does not speak HTTP/2 (it refused ALPN h2)';
  return reason;
};
