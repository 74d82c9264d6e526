/**
 * The door of a listener with TLS: the first byte of a connection tells TLS from plain text, which only peers on loopback may speak. Owns
 * connections until their handshake is over and bounds their time and number; what is spoken inside is its user's business.
 */

import type { Socket } from 'node:net';
import { createServer, type SecureContextOptions, type TlsOptions, type TLSSocket } from 'node:tls';

import { logFaultReportMs, tlsHandshakeMs, tlsHandshakesMax } from '../contract/limits.ts';
import type { Logger } from '../contract/logger.ts';
import { challengeProtocol, createChallengeServer, wholeHello } from './challenge-server.ts';
import type { CertificateSource } from './certificate-source.ts';
import { isLocalPeer } from './local-peer.ts';

export interface TlsDoorOptions {
  readonly certificates: CertificateSource;
  /** What may be spoken inside, most wanted first. A client that names protocols and none of these is turned away. */
  readonly protocols: readonly string[];
  /** Certificates of clients: who signs them, and whether there must be one. */
  readonly clients?: { readonly ca: string; readonly required: boolean };
  /** What a peer is told that speaks plain text and must not, by its first bytes; undefined: nothing. */
  refusal(start: Buffer): Buffer | undefined;
  readonly log: Logger;
  readonly now: () => number;
  /** Default: what its address says. */
  isLocal?(peer: Socket): boolean;
  /** Default tlsHandshakeMs. */
  readonly handshakeMs?: number;
  /** Default tlsHandshakesMax. */
  readonly handshakesMax?: number;
}

export interface TlsDoor {
  /** Takes a connection that nothing was read from; `accept` gets it when its bytes are those of the protocol inside. */
  take(socket: Socket, accept: (socket: Socket) => void): void;
  /** Connections that are not through. */
  readonly waiting: number;
  /** Cuts them and takes no more. Safe twice. */
  close(): void;
}

/** A connection that is not through. */
interface Guest {
  readonly socket: Socket;
  accept(socket: Socket): void;
  readonly timer: NodeJS.Timeout;
}

const handshakeRecord = 0x16;
/** A peer that was refused has this long to read why. */
const lingerMs = 1_000;

/** TLS 1.3, and of TLS 1.2 what has forward secrecy and authenticated encryption (RFC 9113 section 9.2.2). */
const ciphers = [
  ...['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
  ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ...['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ...['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
].join(':');

/** Throws when the certificate, the key or the client CA cannot be used. */
export const createTlsDoor = (o: TlsDoorOptions): TlsDoor => {
  const { certificates } = o;
  const isLocal = o.isLocal ?? ((peer: Socket) => isLocalPeer(peer.remoteAddress));
  const handshakeMs = o.handshakeMs ?? tlsHandshakeMs;
  const handshakesMax = o.handshakesMax ?? tlsHandshakesMax;
  const guests = new Map<string, Guest>();
  const crowd = createCrowdReport(o);
  let closed = false;

  const server = createServer({ ...serverOptions(o), ...contextOf(o), handshakeTimeout: handshakeMs });
  const challenges = certificates.challenge === undefined ? undefined : createChallengeServer(certificates);
  const unsubscribe = certificates.subscribe(() => {
    try {
      server.setSecureContext(contextOf(o));
    } catch (e) {
      o.log.error('new certificate not used', { error: e instanceof Error ? e.message : String(e) });
    }
  });

  /** Out of the door, in or away. */
  const dismiss = (key: string): Guest | undefined => {
    const guest = guests.get(key);
    if (guest === undefined) return undefined;
    clearTimeout(guest.timer);
    guests.delete(key);
    return guest;
  };
  server.on('secureConnection', (secure) => {
    const guest = dismiss(keyOf(secure));
    if (guest === undefined || !mayEnter(secure)) secure.destroy();
    else guest.accept(secure);
  });
  server.on('tlsClientError', (error, secure) => {
    o.log.debug('handshake failed', { peer: secure.remoteAddress, error: error.message });
    secure.destroy();
  });

  const toTls = (socket: Socket, start: Buffer): void => {
    socket.unshift(start);
    const wanted = challenges !== undefined && start.includes(challengeProtocol) ? challenges : server;
    wanted.emit('connection', socket);
  };
  const toPlain = (key: string, socket: Socket, start: Buffer): void => {
    const guest = dismiss(key);
    if (isLocal(socket)) {
      socket.unshift(start);
      guest?.accept(socket);
      socket.resume();
    } else refuse(socket, o.refusal(start));
  };
  const read = (key: string, socket: Socket, before: Buffer): void => {
    socket.once('data', (chunk: Buffer) => {
      socket.pause();
      const start = before.length === 0 ? chunk : Buffer.concat([before, chunk]);
      if (start[0] !== handshakeRecord) toPlain(key, socket, start);
      else if (challenges === undefined || wholeHello(start)) toTls(socket, start);
      else {
        read(key, socket, start);
        socket.resume();
      }
    });
  };

  return {
    take: (socket, accept) => {
      const key = keyOf(socket);
      // A peer that has left already has no address any more.
      if (closed || socket.remoteAddress === undefined) return void socket.destroy();
      socket.on('error', () => undefined);
      const timer = setTimeout(() => socket.destroy(), handshakeMs).unref();
      guests.set(key, { socket, accept, timer });
      socket.once('close', () => {
        if (guests.get(key)?.socket === socket) dismiss(key);
      });
      if (guests.size > handshakesMax) {
        crowd.report();
        // Who has waited longest is the least likely to be a caller: a handshake takes milliseconds.
        const [first] = guests.keys();
        dismiss(first as string)?.socket.destroy();
      }
      read(key, socket, Buffer.alloc(0));
    },
    get waiting() {
      return guests.size;
    },
    close: () => {
      closed = true;
      unsubscribe();
      for (const key of [...guests.keys()]) dismiss(key)?.socket.destroy();
    },
  };
};

const serverOptions = ({ protocols, clients }: TlsDoorOptions): TlsOptions => ({
  ALPNProtocols: [...protocols],
  requestCert: clients !== undefined,
  rejectUnauthorized: clients?.required === true,
});

const contextOf = ({ certificates, clients }: TlsDoorOptions): SecureContextOptions => ({
  ...certificates.current(),
  ...(clients === undefined ? {} : { ca: clients.ca }),
  minVersion: 'TLSv1.2',
  ciphers,
  honorCipherOrder: true,
});

/** Where none is required, a certificate that does not hold is still refused. */
const mayEnter = (secure: TLSSocket): boolean => secure.authorized || secure.getPeerX509Certificate() === undefined;

/** One connection among those of all listeners that share the door; the same for the socket and the TLS around it. */
const keyOf = (s: Socket): string => `${s.localAddress} ${s.localPort} ${s.remoteAddress} ${s.remotePort}`;

/** Says why and ends; what the peer still sends is read and thrown away, else the system might throw the answer away. */
const refuse = (socket: Socket, answer: Buffer | undefined): void => {
  if (answer === undefined) return void socket.destroy();
  socket.end(answer);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref();
  socket.once('close', () => clearTimeout(timer));
};

/** One line at most in a while, however many come. */
const createCrowdReport = ({ log, now }: TlsDoorOptions): { report(): void } => {
  let reportedAt = Number.NEGATIVE_INFINITY;
  let cut = 0;
  return {
    report: () => {
      cut += 1;
      if (now() - reportedAt < logFaultReportMs) return;
      log.warn(`too many TLS handshakes at one time (tlsHandshakesMax): the oldest are cut`, { cut });
      reportedAt = now();
      cut = 0;
    },
  };
};
