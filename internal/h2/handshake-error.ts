/** A peer that was reached over TCP and not understood: its certificate, or what it speaks. The words for it; loads no TLS code. */

import type { TlsFault } from '../contract/tls.ts';

export class HandshakeError extends Error {
  override readonly name = 'HandshakeError';
  /** Read by contract/tls.ts. */
  readonly tlsFault: TlsFault;
  constructor(fault: TlsFault, options?: { cause: unknown }) {
    super(faultText(fault), options);
    this.tlsFault = fault;
  }
}

const faultText = (fault: TlsFault): string => {
  switch (fault.kind) {
    case 'no_tls':
      return 'the server does not speak TLS';
    case 'wants_tls':
      return 'the server expects TLS';
    case 'no_http2':
      return 'the server does not speak HTTP/2 (it did not choose ALPN h2)';
    case 'self_signed':
      return `its certificate is self-signed: ${fault.fingerprint}`;
    case 'unknown_authority':
      return `its certificate is signed by an authority that is not trusted: ${fault.issuer}`;
    case 'wrong_pin':
      return `its key is not the pinned one: ${fault.fingerprint}`;
    case 'wrong_host':
      return `its certificate is for ${fault.names.join(', ') || 'nobody by name'}, not for ${fault.host}`;
    case 'expired':
      return `its certificate expired at ${timeText(fault.untilMs)}`;
    case 'not_yet_valid':
      return `its certificate is valid from ${timeText(fault.fromMs)} on`;
    case 'wants_certificate':
      return 'the server asks for a client certificate';
    case 'refused_certificate':
      return `the server refused the client certificate: ${fault.reason}`;
    case 'closed':
      return 'the server closed the connection at the handshake';
    case 'gateway':
      return 'a gateway there refused the call with HTTP status 400';
    case 'bad_file':
      return oneLine(`${fault.file.replaceAll('\\', '/')}: ${fault.reason}`);
    case 'other':
      return fault.reason;
  }
};

const timeText = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/**
 * What broke a TLS connection, from OpenSSL's reason, which its own message wraps in numbers. Also for a connection that stood: under
 * TLS 1.3 a server judges the client's certificate after the client has heard its last word. `shown`: a client certificate was at hand.
 */
export const faultOf = (error: unknown, shown: boolean): TlsFault => {
  if (!(error instanceof Error)) return { kind: 'other', reason: String(error) };
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
  if (/wrong version number|packet length too long|http request/.test(reason)) return { kind: 'no_tls' };
  if (/no application protocol/.test(reason)) return { kind: 'no_http2' };
  if (/certificate required/.test(reason)) return { kind: 'wants_certificate' };
  // Also what OpenSSL's servers say under TLS 1.2 when no client certificate came.
  if (/alert handshake failure/.test(reason)) return { kind: 'closed' };
  if (/alert (?:unknown ca|bad certificate|certificate \w+|unsupported certificate|access denied)/.test(reason))
    return shown ? { kind: 'refused_certificate', reason: oneLine(reason) } : { kind: 'wants_certificate' };
  if (/^Client network socket disconnected|^read ECONNRESET$/.test(reason)) return { kind: 'closed' };
  return { kind: 'other', reason: oneLine(reason) };
};

/** Whether an error of a socket is OpenSSL's. */
export const isTlsError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('ERR_SSL_');

/** A stranger's text as a part of our sentence, which is searched by pattern later. */
export const oneLine = (text: string): string => text.replace(/[\p{Cc}"\\]+/gu, ' ').slice(0, textCharsMax);

const textCharsMax = 200;
