/**
 * A certificate that this server makes for itself: key and certificate in one folder, renewed in time with the same key, so that its
 * fingerprint stays. All listeners of a server share it. Owns the two files.
 */

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  randomUUID,
  X509Certificate,
} from 'node:crypto';
import { link, readFile, rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { writeSecret } from '../auth/write-secret.ts';
import { ExitError } from '../contract/error.ts';
import { selfSignedDays, selfSignedLookMs, selfSignedNamesMax, selfSignedRenewDays } from '../contract/limits.ts';
import type { Logger } from '../contract/logger.ts';
import type { KeyAndCertificate } from './certificate-source.ts';
import { type WatchedCertificate, watchCertificate } from './watch-certificate.ts';

export interface SelfSignedOptions {
  /** Exists, and is this user's alone. */
  readonly folder: string;
  /** Names and addresses it must be for; one that is for more stays. */
  readonly names: readonly string[];
  readonly log: Logger;
  readonly now: () => number;
}

const dayMs = 24 * 3_600_000;
/** Clocks of clients may be behind. */
const backdatedMs = dayMs;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** id-kp-serverAuth of RFC 5280 section 4.2.1.12. */
const serverAuth = '1.3.6.1.5.5.7.3.1';
const generateKeyPairAsync = promisify(generateKeyPair);

/** Rejects with ExitError when the key that is there cannot be read: it is never replaced, since clients pin it. */
export const openSelfSigned = async (o: SelfSignedOptions): Promise<WatchedCertificate> => {
  const files = { key: join(o.folder, 'key.pem'), cert: join(o.folder, 'cert.pem') };
  const key = await keyIn(files.key);
  const renewed = async (): Promise<string> => {
    const stored = await readIfThere(files.cert);
    if (stored !== undefined && isGood(stored, key, o)) return stored;
    const cert = await issue(key, namesFor(stored, key, o), o.now());
    await writeSecret(files.cert, cert);
    if (stored !== undefined) o.log.info('certificate renewed, its key stays', { file: files.cert });
    return cert;
  };
  /** It must be renewed, or another process has done so. */
  const next = async (current: KeyAndCertificate): Promise<KeyAndCertificate> => {
    try {
      const cert = await renewed();
      return cert === current.cert ? current : { key, cert };
    } catch (error) {
      o.log.error('certificate not renewed', { file: files.cert, error });
      return current;
    }
  };
  return watchCertificate({ first: { key, cert: await renewed() }, next, everyMs: selfSignedLookMs });
};

/** The key as PEM, made on first use; when two processes do so at once, the first one's. */
const keyIn = async (file: string): Promise<string> => {
  const stored = (await readIfThere(file)) ?? (await makeKey(file));
  try {
    if (createPrivateKey(stored).asymmetricKeyDetails?.namedCurve === 'prime256v1') return stored;
  } catch {
    // Said below: what is there is no such key.
  }
  throw new ExitError(`${file} holds no ECDSA P-256 key`, 1, {
    hint: 'bring the old file back; or remove it, and tell every client the new fingerprint',
  });
};

const makeKey = async (file: string): Promise<string> => {
  const { privateKey } = await generateKeyPairAsync('ec', { namedCurve: 'P-256' });
  const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const draft = `${file}.${randomUUID()}`;
  await writeSecret(draft, pem);
  try {
    await link(draft, file);
    return pem;
  } catch (e) {
    if (!isMissingOrThere(e, 'EEXIST')) throw e;
    return await readFile(file, 'utf8');
  } finally {
    await rm(draft, { force: true });
  }
};

/** Of this key, for all the names, and with time left. */
const isGood = (stored: string, key: string, { names, now }: SelfSignedOptions): boolean => {
  const certificate = certificateOf(stored, key);
  return (
    certificate !== undefined &&
    names.every((name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined) &&
    certificate.validFromDate.getTime() <= now() &&
    certificate.validToDate.getTime() - now() > selfSignedRenewDays * dayMs
  );
};

/** Listeners with names of their own share one certificate: what it was for stays in it, the oldest names go when there are too many. */
const namesFor = (stored: string | undefined, key: string, { names }: SelfSignedOptions): readonly string[] => {
  const certificate = stored === undefined ? undefined : certificateOf(stored, key);
  const before = certificate?.subjectAltName ?? '';
  const kept = [...before.matchAll(/(DNS|IP Address):([^\s,"]+)/g)].map(([, kind, name = '']) =>
    kind === 'DNS' ? name : plainIp(name),
  );
  return [...new Set([...names, ...kept])].slice(0, selfSignedNamesMax);
};

/** Node writes IPv6 in full: `0:0:0:0:0:0:0:1`. */
const plainIp = (text: string): string =>
  text.includes(':') ? new URL(`http://[${text}]`).hostname.slice(1, -1) : text;

/** Undefined for what is no certificate, or one of another key. */
const certificateOf = (text: string, key: string): X509Certificate | undefined => {
  try {
    const certificate = new X509Certificate(text);
    return certificate.checkPrivateKey(createPrivateKey(key)) ? certificate : undefined;
  } catch {
    // Whatever it is, a new one takes its place.
    return undefined;
  }
};

const readIfThere = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, 'utf8');
  } catch (e) {
    if (isMissingOrThere(e, 'ENOENT')) return undefined;
    throw e;
  }
};

const isMissingOrThere = (e: unknown, code: 'ENOENT' | 'EEXIST'): boolean =>
  e instanceof Error && 'code' in e && e.code === code;

const issue = async (key: string, names: readonly string[], now: number): Promise<string> => {
  const x509 = await import('@peculiar/x509');
  const privateKey = createPrivateKey(key);
  const usable = async (part: KeyObject, usage: 'sign' | 'verify') =>
    part.toCryptoKey({ name: algorithm.name, namedCurve: algorithm.namedCurve }, true, [usage]);
  const keys = {
    privateKey: await usable(privateKey, 'sign'),
    publicKey: await usable(createPublicKey(privateKey), 'verify'),
  };
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    // Positive, as RFC 5280 section 4.1.2.2 wants it.
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    name: 'CN=micro',
    notBefore: new Date(now - backdatedMs),
    notAfter: new Date(now + selfSignedDays * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
      ),
    ],
  });
  return `${certificate.toString('pem')}\n`;
};
