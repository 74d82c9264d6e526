/** The certificate a TLS peer presented, as facts. Judges nothing. */

import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

import { fingerprintOf } from '../tls/fingerprint.ts';
import { oneLine } from './handshake-error.ts';

export interface PeerCertificate {
  /** Common name, else the whole subject; one line. */
  readonly subject: string;
  readonly issuer: string;
  /** Host names and addresses it is for. */
  readonly names: readonly string[];
  readonly fromMs: number;
  readonly untilMs: number;
  /** Of its public key: what clients pin. */
  readonly fingerprint: string;
}

/** Undefined when the peer presented none. */
export const peerCertificate = (socket: TLSSocket): PeerCertificate | undefined => {
  // getPeerX509Certificate() answers once and then no more (Node 24).
  const { raw } = socket.getPeerCertificate() as { readonly raw?: Buffer };
  return raw === undefined ? undefined : factsOf(new X509Certificate(raw));
};

const factsOf = (x: X509Certificate): PeerCertificate => ({
  subject: nameText(x.subject),
  issuer: nameText(x.issuer),
  names: (x.subjectAltName ?? '')
    .split(', ')
    .map((name) => oneLine(name.replace(/^(?:DNS|IP Address):/, '')))
    .filter((name) => name !== '')
    .slice(0, namesMax),
  fromMs: Date.parse(x.validFrom),
  untilMs: Date.parse(x.validTo),
  fingerprint: fingerprintOf(x),
});

const namesMax = 10;

/** A name has lines such as `O=Example` and `CN=example.com`. */
const nameText = (name: string | undefined): string => {
  const lines = (name ?? '').split('\n');
  return oneLine(lines.find((line) => line.startsWith('CN=')) ?? lines.join(', '));
};
