/** RSA keys that sign tokens, in v3's form (base64 of a PEM). Makes, reads and names them; keeps no file. */

import { Buffer } from 'node:buffer';
import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/** What a token is verified with. */
export interface VerifyKey {
  readonly publicKey: KeyObject;
  /** Short fingerprint of the public key; the `kid` of tokens. */
  readonly id: string;
  /** base64(PEM) of the public key, as Go peers take it in MICRO_AUTH_PUBLIC_KEY. */
  readonly publicText: string;
}

export interface KeyPair extends VerifyKey {
  readonly privateKey: KeyObject;
  /** base64(PEM) of the private key. */
  readonly privateText: string;
}

const newKeyBits = 2048;
const keyBitsMin = 2048;
const generate = promisify(generateKeyPair);

export const makeKeys = async (): Promise<KeyPair> =>
  pairOf((await generate('rsa', { modulusLength: newKeyBits })).privateKey);

/** A private key as text: base64 of a PEM (v3) or the PEM itself. `origin` names it in errors. */
export const parsePrivateKey = (text: string, origin: string): KeyPair =>
  pairOf(
    checked(
      parsed(() => createPrivateKey(pemOf(text)), `${origin} holds no RSA private key`),
      origin,
    ),
  );

/** A public key as text, in the same two forms. */
export const parsePublicKey = (text: string, origin: string): VerifyKey =>
  verifyKeyOf(
    checked(
      parsed(() => createPublicKey(pemOf(text)), `${origin} holds no RSA public key`),
      origin,
    ),
  );

const parsed = (read: () => KeyObject, problem: string): KeyObject => {
  try {
    return read();
  } catch (e) {
    throw new Error(`${problem} (base64 of a PEM)`, { cause: e });
  }
};

const checked = (key: KeyObject, origin: string): KeyObject => {
  if (key.asymmetricKeyType !== 'rsa')
    throw new Error(`${origin} holds a key of type ${key.asymmetricKeyType}, not rsa`);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < keyBitsMin) throw new Error(`${origin} holds an RSA key of ${bits} bits; ${keyBitsMin} is the least`);
  return key;
};

const pairOf = (privateKey: KeyObject): KeyPair => ({
  ...verifyKeyOf(createPublicKey(privateKey)),
  privateKey,
  privateText: base64(privateKey.export({ type: 'pkcs1', format: 'pem' })),
});

const verifyKeyOf = (publicKey: KeyObject): VerifyKey => ({
  publicKey,
  id: createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
    .slice(0, 16),
  publicText: base64(publicKey.export({ type: 'spki', format: 'pem' })),
});

const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64');

const pemOf = (text: string): string => {
  const trimmed = text.trim();
  return trimmed.startsWith('-----BEGIN') ? trimmed : Buffer.from(trimmed, 'base64').toString('utf8');
};
