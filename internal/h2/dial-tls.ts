/**
 * Opens a TLS connection with ALPN h2 and judges the certificate: by the machine's authorities, one's own, or a pin. Loaded when the
 * first address with TLS is dialled. Sends nothing before the judgement; who calls owns what stands.
 */

import { isIP } from 'node:net';
import { connect, createSecureContext, getCACertificates, type SecureContext, type TLSSocket } from 'node:tls';

import type { TlsFault, TlsTrust } from '../contract/tls.ts';
import { type DialSocketOptions, standing, tcpOptions } from './dial-socket.ts';
import { faultOf, HandshakeError } from './handshake-error.ts';
import { readCertificateFile } from '../tls/read-certificate-file.ts';
import { peerCertificate } from './peer-certificate.ts';

/** Resolves when the certificate is accepted. Rejects with the system's error, or HandshakeError. */
export const dialTls = async (o: DialSocketOptions): Promise<TLSSocket> => {
  const trust = o.trust ?? {};
  const secureContext = await contextOf(trust);
  o.signal?.throwIfAborted();
  const socket = connect({
    ...tcpOptions(o),
    ...(isIP(o.host) === 0 ? { servername: o.host } : {}),
    secureContext,
    ALPNProtocols: ['h2'],
    // A refused certificate must still be there to be described: certificateFault() refuses it below.
    rejectUnauthorized: false,
  });
  let reached = false;
  socket.once('connect', () => {
    reached = true;
  });
  try {
    await standing(socket, 'secureConnect', o);
  } catch (error) {
    if (!reached || timedOut(error) || o.signal?.aborted === true) throw error;
    throw new HandshakeError(faultOf(error, trust.cert !== undefined), { cause: error });
  }
  const fault: TlsFault | undefined =
    certificateFault(socket, o.host, trust) ?? (socket.alpnProtocol === 'h2' ? undefined : { kind: 'no_http2' });
  if (fault === undefined) return socket;
  socket.destroy();
  throw new HandshakeError(fault);
};

const timedOut = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ETIMEDOUT';

/** Undefined when the certificate is accepted. */
const certificateFault = (socket: TLSSocket, host: string, trust: TlsTrust): TlsFault | undefined => {
  if (trust.insecure === true) return undefined;
  const presented = peerCertificate(socket);
  if (presented === undefined) return { kind: 'other', reason: 'the server presented no certificate' };
  const { fingerprint } = presented;
  if (trust.fingerprint !== undefined)
    return fingerprint === trust.fingerprint
      ? undefined
      : { kind: 'wrong_pin', fingerprint, pinned: trust.fingerprint };
  if (socket.authorized) return undefined;
  // Its type says Error; it is the code of one.
  const code = String(socket.authorizationError);
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      if (presented.untilMs > Date.now()) return aboveIt('has expired');
      return { kind: 'expired', untilMs: presented.untilMs };
    case 'CERT_NOT_YET_VALID':
      if (presented.fromMs < Date.now()) return aboveIt('is not valid yet');
      return { kind: 'not_yet_valid', fromMs: presented.fromMs };
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return { kind: 'wrong_host', host, names: presented.names };
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return { kind: 'self_signed', fingerprint };
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return { kind: 'unknown_authority', issuer: presented.issuer };
    default:
      return { kind: 'other', reason: `its certificate is not valid: ${code}` };
  }
};

/** By the system's clock, as OpenSSL judged. */
const aboveIt = (fault: string): TlsFault => ({
  kind: 'other',
  reason: `the certificate of an authority above its own ${fault}`,
});

/** Files are read for each connection: what replaced them counts at once. */
const contextOf = async (trust: TlsTrust): Promise<SecureContext> => {
  const { ca, cert, key } = trust;
  const unchecked = trust.fingerprint !== undefined || trust.insecure === true;
  if (ca === undefined && cert === undefined && !unchecked) return machineContext();
  const own = {
    cert: cert === undefined ? undefined : await fileText(cert),
    key: key === undefined ? undefined : await fileText(key),
  };
  const authorities = unchecked ? [] : ca === undefined ? machineAuthorities() : await fileText(ca);
  try {
    // What the user calls an authority is one, also when it is not the last of its chain.
    return createSecureContext({ ca: authorities, allowPartialTrustChain: ca !== undefined, ...own });
  } catch (cause) {
    const file = cert ?? ca ?? '';
    throw new HandshakeError({ kind: 'bad_file', file, reason: reasonOf(cause) }, { cause });
  }
};

const machineAuthorities = (): string[] => [...getCACertificates('default'), ...getCACertificates('system')];

const machineContext = (): SecureContext => {
  machine ??= createSecureContext({ ca: machineAuthorities() });
  return machine;
};

/** Certificates of this machine and those Node brings, read once: it takes some milliseconds. */
let machine: SecureContext | undefined;

const fileText = async (file: string): Promise<string> => {
  try {
    return await readCertificateFile(file);
  } catch (cause) {
    throw new HandshakeError({ kind: 'bad_file', file, reason: reasonOf(cause) }, { cause });
  }
};

/** Neither the file's path again nor anything of what stands in it. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'it cannot be read';
  if ('code' in error && error.code === 'ENOENT') return 'there is no such file';
  if ('code' in error && error.code === 'EACCES') return 'it may not be read by this user';
  if ('reason' in error && typeof error.reason === 'string') return error.reason;
  return error.message;
};
