/** Files of an ACME account and its certificates: one folder per authority, each file private and written whole. Reads what it wrote, and says when somebody damaged it. */

import { createHash, createPrivateKey } from 'node:crypto';
import { access, constants, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';

import { writeSecret } from '../../auth/write-secret.ts';
import { acmeFileBytesMax } from '../../contract/limits.ts';
import type { KeyAndCertificate } from '../certificate-source.ts';
import { isRecord } from './ca-error.ts';
import { type CheckedPair, checkPair } from './check-pair.ts';

export interface AcmeAccount {
  /** PEM, PKCS #8. */
  readonly key: string;
  /** Undefined until the authority knows the key. */
  readonly url: string | undefined;
}

/** What a file holds: nothing yet, something whole, or something else. */
export type Stored<T> =
  | { readonly state: 'none' }
  | { readonly state: 'whole'; readonly value: T }
  | { readonly state: 'damaged'; readonly reason: string };

export interface AcmeFiles {
  readonly folder: string;
  account(): Promise<Stored<AcmeAccount>>;
  keepAccount(account: AcmeAccount): Promise<void>;
  certificate(hosts: readonly string[]): Promise<Stored<CheckedPair>>;
  keepCertificate(hosts: readonly string[], pair: KeyAndCertificate): Promise<void>;
}

/** Makes the folder. Rejections are those of the file system. */
export const openAcmeFiles = async (dataDir: string, directory: string): Promise<AcmeFiles> => {
  const folder = join(dataDir, 'acme', named(new URL(directory).hostname, directory));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  const accountFile = join(folder, 'account.json');
  const fileOf = (hosts: readonly string[]): string => join(folder, `${named(hosts[0] ?? '', hosts.join(','))}.pem`);
  return {
    folder,
    account: async () => judged(await textOf(accountFile), (text) => parseAccount(text, directory)),
    keepAccount: (account) => writeSecret(accountFile, `${JSON.stringify({ directory, ...account }, undefined, 2)}\n`),
    certificate: async (hosts) => judged(await textOf(fileOf(hosts)), (text) => parsePair(text, hosts)),
    // One file for both: a key of another certificate would be of no use.
    keepCertificate: (hosts, { key, cert }) => writeSecret(fileOf(hosts), `${key.trim()}\n${cert.trim()}\n`),
  };
};

/** Readable, and different for different things. */
const named = (text: string, whole: string): string =>
  `${text.replace(/[^a-z0-9._-]/g, '_').slice(0, 64)}-${createHash('sha256').update(whole).digest('hex').slice(0, 12)}`;

const judged = <T>(text: string | undefined, parse: (text: string) => T): Stored<T> => {
  if (text === undefined) return { state: 'none' };
  try {
    return { state: 'whole', value: parse(text) };
  } catch (e) {
    return { state: 'damaged', reason: e instanceof Error ? e.message : String(e) };
  }
};

const textOf = async (file: string): Promise<string | undefined> => {
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      // Not read at all: whoever parses the empty text says that it is damaged.
      return size > acmeFileBytesMax ? '' : await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (e) {
    if (e instanceof Error && 'code' in e && e.code === 'ENOENT') return undefined;
    throw e;
  }
};

const parseAccount = (text: string, directory: string): AcmeAccount => {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value) || typeof value.key !== 'string') throw new Error('it holds no key');
  if (value.directory !== directory) throw new Error('it is of another directory');
  createPrivateKey(value.key);
  return { key: value.key, url: typeof value.url === 'string' ? value.url : undefined };
};

const parsePair = (text: string, hosts: readonly string[]): CheckedPair => {
  const at = text.indexOf('-----BEGIN CERTIFICATE-----');
  if (at < 0) throw new Error('it holds no certificate');
  return checkPair({ key: text.slice(0, at), cert: text.slice(at) }, hosts);
};
