/** Answers the tls-alpn-01 challenges of a certificate authority (RFC 8737): one handshake with the challenge's certificate, and no more. */

import { createSecureContext, createServer, type Server } from 'node:tls';

import type { CertificateSource } from './certificate-source.ts';

/** The protocol that only certificate authorities ask for. */
export const challengeProtocol = 'acme-tls/1';

const recordHeadBytes = 5;
/** The longest TLS record. */
const recordBytesMax = 2 ** 14;

/** Not listening; connections are handed to it as `connection` events. */
export const createChallengeServer = (certificates: CertificateSource): Server => {
  const server = createServer({
    ALPNProtocols: [challengeProtocol],
    minVersion: 'TLSv1.2',
    SNICallback: (name, answer) => {
      try {
        const pair = certificates.challenge?.(name);
        if (pair === undefined) answer(new Error(`no challenge is running for ${name}`));
        else answer(null, createSecureContext(pair));
      } catch (e) {
        answer(e instanceof Error ? e : new Error(String(e)));
      }
    },
  });
  server.on('secureConnection', (socket) => socket.end());
  server.on('tlsClientError', (_, socket) => socket.destroy());
  return server;
};

/** Whether the first record of a handshake, which names the protocols, is all there; true as well for what is none. */
export const wholeHello = (start: Buffer): boolean => {
  if (start.length < recordHeadBytes) return false;
  const length = start.readUInt16BE(3);
  return length > recordBytesMax || start.length >= recordHeadBytes + length;
};
