/**
 * A certificate and its key from two PEM files, read again when they change; new files that cannot be used leave the old ones in use. Writes
 * nothing.
 */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

import { ExitError } from '../contract/error.ts';
import { certificateFileBytesMax, certificateLookMs } from '../contract/limits.ts';
import type { Logger } from '../contract/logger.ts';
import type { KeyAndCertificate } from './certificate-source.ts';
import { type WatchedCertificate, watchCertificate } from './watch-certificate.ts';

export interface CertificateFilesOptions {
  readonly certFile: string;
  readonly keyFile: string;
  readonly log: Logger;
  readonly now: () => number;
  /** Default certificateLookMs. */
  readonly lookMs?: number;
}

/**
 * Rejects with ExitError when the files cannot be used; the first ones must be good. Two files are not replaced at one instant: what has
 * changed is used when the next look finds the same.
 */
export const openCertificateFiles = async (o: CertificateFilesOptions): Promise<WatchedCertificate> => {
  let used = await versionOf(o);
  const first = await readPair(o);
  // An expired one still serves whoever pins its key, and this machine; nobody is helped by no server.
  if (hasExpired(first, o)) o.log.warn('the certificate has expired', { file: o.certFile, until: endOf(first) });
  let seen = used;
  let refused: string | undefined;

  const next = async (current: KeyAndCertificate): Promise<KeyAndCertificate> => {
    const version = await versionOf(o).catch(messageOf);
    const settled = version === seen;
    seen = version;
    if (!settled || version === used || version === refused) return current;
    try {
      const pair = await readPair(o);
      if (hasExpired(pair, o)) throw new ExitError(`it has expired: ${endOf(pair)}`, 1);
      used = version;
      refused = undefined;
      if (pair.cert === current.cert && pair.key === current.key) return current;
      o.log.info('new certificate in use', { file: o.certFile, until: endOf(pair) });
      return pair;
    } catch (e) {
      refused = version;
      o.log.error(`new certificate not used, the old one stays: ${messageOf(e)}`, { file: o.certFile });
      return current;
    }
  };
  return watchCertificate({ first, next, everyMs: o.lookMs ?? certificateLookMs });
};

/** Changes whenever one of the files does, also when a link on the way to it was turned. */
const versionOf = async ({ certFile, keyFile }: CertificateFilesOptions): Promise<string> => {
  const parts = await Promise.all([certFile, keyFile].map((file) => stat(file, { bigint: true }).catch(faultIn(file))));
  return parts.map((s) => `${s.dev}:${s.ino}:${s.size}:${s.mtimeNs}`).join(' ');
};

const readPair = async (o: CertificateFilesOptions): Promise<KeyAndCertificate> => {
  const [cert, key] = await Promise.all([readPem(o.certFile), readPem(o.keyFile)]);
  requireUsable({ cert, key }, o);
  return { cert, key };
};

const endOf = ({ cert }: KeyAndCertificate): string => new X509Certificate(cert).validTo;

const hasExpired = ({ cert }: KeyAndCertificate, { now }: CertificateFilesOptions): boolean =>
  new X509Certificate(cert).validToDate.getTime() <= now();

const readPem = async (file: string): Promise<string> => {
  const handle = await open(file).catch(faultIn(file));
  try {
    const { size } = await handle.stat();
    if (size > certificateFileBytesMax)
      throw new ExitError(`${file} is larger than certificateFileBytesMax (${certificateFileBytesMax} bytes)`, 1);
    return await handle.readFile('utf8').catch(faultIn(file));
  } finally {
    await handle.close();
  }
};

const faultIn =
  (file: string) =>
  (e: unknown): never => {
    const code = e instanceof Error && 'code' in e ? String(e.code) : messageOf(e);
    throw new ExitError(`cannot read ${file}: ${code === 'ENOENT' ? 'there is no such file' : code}`, 1, { cause: e });
  };

/** Both files say what they should, they belong together, and TLS takes them. */
const requireUsable = (pair: KeyAndCertificate, { certFile, keyFile }: CertificateFilesOptions): void => {
  const certificate = parsed(() => new X509Certificate(pair.cert), `${certFile} holds no certificate`, pemHint);
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pair.key))
    throw new ExitError(`the key in ${keyFile} is encrypted`, 1, {
      hint: `a server asks nobody for a password: openssl pkey -in ${keyFile} -out PLAIN.pem`,
    });
  const key = parsed(() => createPrivateKey(pair.key), `${keyFile} holds no private key`, pemHint);
  if (!certificate.checkPrivateKey(key))
    throw new ExitError(`the key in ${keyFile} does not belong to the certificate in ${certFile}`, 1, {
      hint: "where the file holds several certificates, the server's own comes first",
    });
  parsed(() => createSecureContext(pair), `TLS does not take ${certFile} with ${keyFile}`);
};

const pemHint = 'PEM is expected: a text with BEGIN and END lines';

const parsed = <T>(work: () => T, fault: string, hint?: string): T => {
  try {
    return work();
  } catch (cause) {
    throw new ExitError(hint === undefined ? `${fault}: ${messageOf(cause)}` : fault, 1, { cause, hint });
  }
};

const messageOf = (e: unknown): string => (e instanceof Error ? e.message : String(e));
