/** The flags of `micro env add` that say how a server is believed, checked together with the files they name. Shows nothing of a key. */

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';

import { ExitError } from '../../../internal/contract/error.ts';
import type { Values } from '../../../internal/contract/field.ts';
import type { TlsTrust } from '../../../internal/contract/tls.ts';
import { parseAddress } from '../../../internal/home/target.ts';
import { normalFingerprint } from '../../../internal/tls/fingerprint.ts';
import { readCertificateFile } from '../../../internal/tls/read-certificate-file.ts';
import type { addFlags } from './plugin.ts';

type Flags = Values<typeof addFlags>;

/** Undefined when none was given. Throws ExitError 128 for what cannot work. */
export const readTrustFlags = async (
  flags: Flags,
  { name, address }: { readonly name: string; readonly address: string },
): Promise<TlsTrust | undefined> => {
  const { ca, cert, key } = flags;
  const insecure = flags.insecure === true;
  const empty = (['ca', 'fingerprint', 'cert', 'key'] as const).find((flag) => flags[flag] === '');
  if (empty !== undefined) throw bad(`--${empty} is empty`, 'leave it out, or say what to trust');
  const given = (['ca', 'fingerprint', 'insecure', 'cert', 'key'] as const).filter((flag) => flags[flag]);
  const [first] = given;
  if (first === undefined) return undefined;
  const target = parseAddress(address);
  if (!target.tls)
    throw bad(
      `--${first} is about TLS, and ${address} is plain text`,
      `micro env add ${name} https://${target.address}`,
    );
  const believed = given.filter((flag) => flag === 'ca' || flag === 'fingerprint' || flag === 'insecure');
  if (believed.length > 1)
    throw bad(
      `${believed.map((flag) => `--${flag}`).join(' and ')} exclude each other`,
      'one of them says how the server is believed',
    );
  if (Boolean(cert) !== Boolean(key))
    throw bad('--cert and --key belong together', `give --${cert ? 'key' : 'cert'} as well`);
  const fingerprint = flags.fingerprint ? fingerprintOf(flags.fingerprint) : undefined;
  if (ca) await certificatesIn(ca, '--ca');
  if (cert && key) await checkPair(cert, key);
  return {
    ...(ca ? { ca: resolve(ca) } : {}),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(insecure ? { insecure } : {}),
    ...(cert && key ? { cert: resolve(cert), key: resolve(key) } : {}),
  };
};

const wrongArgument = 128;
const bad = (message: string, hint: string, cause?: unknown): ExitError =>
  new ExitError(message, wrongArgument, { hint, cause });

const fingerprintOf = (text: string): string => {
  const fingerprint = normalFingerprint(text);
  if (fingerprint !== undefined) return fingerprint;
  throw bad(`bad fingerprint: "${text}"`, 'expected sha256: and 64 hex digits, as the server prints it at its start');
};

const checkPair = async (cert: string, key: string): Promise<void> => {
  const [own] = await certificatesIn(cert, '--cert');
  if (own?.checkPrivateKey(await keyIn(key)) === true) return;
  throw bad(`${key} is not the key of ${cert}`, 'the first certificate of the file is the one that is shown');
};

const keyIn = async (file: string): Promise<KeyObject> => {
  const text = await pemIn(file, '--key');
  try {
    return createPrivateKey(text);
  } catch (cause) {
    const encrypted = /-----BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(text);
    const fault = encrypted ? 'is locked with a passphrase' : 'holds no private key';
    const hint = encrypted ? 'a command cannot ask for it each time: openssl pkey -in FILE -out UNLOCKED' : pemHint;
    throw bad(`--key ${file} ${fault}`, hint, cause);
  }
};

const pemHint = 'expected PEM: lines from -----BEGIN to -----END';
const certificateForm = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

const certificatesIn = async (file: string, flag: string): Promise<readonly X509Certificate[]> => {
  const found = (await pemIn(file, flag)).match(certificateForm) ?? [];
  if (found.length === 0) throw bad(`${flag} ${file} holds no certificate`, pemHint);
  try {
    return found.map((pem) => new X509Certificate(pem));
  } catch (cause) {
    throw bad(`${flag} ${file} holds a damaged certificate`, pemHint, cause);
  }
};

const pemIn = async (file: string, flag: string): Promise<string> => {
  try {
    return await readCertificateFile(file);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw bad(`${flag}: cannot read ${file}: ${reason}`, 'name a PEM file', cause);
  }
};
