/** The RSA keys that sign tokens: made once, kept as v3 keeps them (base64 of a PEM, mode 0600). Owns the two files; signs nothing. */

import { Buffer } from 'node:buffer';
import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { writeSecret } from './write-secret.ts';

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Short fingerprint of the public key; the `kid` of tokens. */
  readonly id: string;
  /** base64(PEM) of the public key, as Go peers take it in MICRO_AUTH_PUBLIC_KEY. */
  readonly publicText: string;
}

const newKeyBits = 2048;
const keyBitsMin = 2048;
const generate = promisify(generateKeyPair);

/** Keys in `folder`, made on first use. A file that cannot be read as a key is an error that names it; it is never replaced. */
export const loadKeys = async (folder: string): Promise<KeyPair> => {
  const file = join(folder, 'id_rsa');
  const text = readIfThere(file);
  if (text !== undefined) return parsePrivateKey(text, file);
  const { privateKey } = await generate('rsa', { modulusLength: newKeyBits });
  const keys = pairOf(privateKey);
  await writeSecret(`${file}.pub`, keys.publicText);
  await writeSecret(file, base64(privateKey.export({ type: 'pkcs1', format: 'pem' })));
  return keys;
};

/** A private key as text: base64 of a PEM (v3) or the PEM itself. `origin` names it in errors. */
export const parsePrivateKey = (text: string, origin: string): KeyPair => {
  let key: KeyObject;
  try {
    key = createPrivateKey(pemOf(text));
  } catch (e) {
    throw new Error(`${origin} holds no RSA private key (base64 of a PEM)`, { cause: e });
  }
  if (key.asymmetricKeyType !== 'rsa')
    throw new Error(`${origin} holds a key of type ${key.asymmetricKeyType}, not rsa`);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < keyBitsMin) throw new Error(`${origin} holds an RSA key of ${bits} bits; ${keyBitsMin} is the least`);
  return pairOf(key);
};

const pairOf = (privateKey: KeyObject): KeyPair => {
  const publicKey = createPublicKey(privateKey);
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return {
    privateKey,
    publicKey,
    id: createHash('sha256').update(der).digest('base64url').slice(0, 16),
    publicText: base64(publicKey.export({ type: 'spki', format: 'pem' })),
  };
};

const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64');

const pemOf = (text: string): string => {
  const trimmed = text.trim();
  return trimmed.startsWith('-----BEGIN') ? trimmed : Buffer.from(trimmed, 'base64').toString('utf8');
};

const readIfThere = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch (e) {
    if (e instanceof Error && 'code' in e && e.code === 'ENOENT') return undefined;
    throw e;
  }
};
