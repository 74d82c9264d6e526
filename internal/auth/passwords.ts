/**
 * Hashes of secrets, a salt each: scrypt, a bounded number at one time, for what people think up; one SHA-256 for what this program made at
 * random, which nobody can guess however fast guessing is. Owns the hash text's formats; stores nothing.
 */

import { Buffer } from 'node:buffer';
import { createHash, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

import { tooMany } from '../contract/error.ts';
import { passwordHashesMax, passwordQueueMax } from '../contract/limits.ts';

export interface Passwords {
  /** `scrypt$N$r$p$salt$hash`, salt and hash as base64url. */
  hash(secret: string): Promise<string>;
  /** `sha256$salt$hash`, at once. Only for a secret of 120 random bits or more that this program made itself. */
  hashRandom(secret: string): string;
  /** Takes as long for an unknown account (`undefined`) as for a known one. */
  verify(secret: string, hash: string | undefined): Promise<boolean>;
}

interface Cost {
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

const cost: Cost = { n: 2 ** 14, r: 8, p: 1 };
/** N times r: 128 bytes each, so a stored hash may ask for 128 MiB at most. */
const costMax = 2 ** 20;
const memoryBytesExtra = 2 ** 20;
const saltBytes = 16;
const hashBytes = 32;

/** Hashing runs on the threads that disk work also needs, so only few run at once and the others wait in a bounded line. */
export const createPasswords = (): Passwords => {
  let running = 0;
  const waiting: (() => void)[] = [];
  const enter = async (): Promise<void> => {
    if (running < passwordHashesMax) {
      running += 1;
      return;
    }
    if (waiting.length >= passwordQueueMax)
      throw tooMany('auth.Auth.Token', `too many logins at once: passwordQueueMax (${passwordQueueMax})`);
    await new Promise<void>((resolve) => waiting.push(resolve));
  };
  // A place is handed on, not given back, so that nobody slips in between.
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  };
  const derive = async (secret: string, salt: Buffer, c: Cost): Promise<Buffer> => {
    await enter();
    try {
      return await scryptOf(secret, salt, c);
    } finally {
      leave();
    }
  };
  return {
    async hash(secret) {
      const salt = randomBytes(saltBytes);
      const key = await derive(secret, salt, cost);
      return ['scrypt', cost.n, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join('$');
    },
    hashRandom(secret) {
      const salt = randomBytes(saltBytes);
      return ['sha256', salt.toString('base64url'), digestOf(secret, salt).toString('base64url')].join('$');
    },
    async verify(secret, hash) {
      const made = hash === undefined ? undefined : parseRandom(hash);
      if (made !== undefined) return timingSafeEqual(digestOf(secret, made.salt), made.key);
      const known = hash === undefined ? undefined : parseHash(hash);
      const key = await derive(secret, known?.salt ?? Buffer.alloc(saltBytes), known?.cost ?? cost);
      return known !== undefined && key.length === known.key.length && timingSafeEqual(key, known.key);
    },
  };
};

const scryptOf = (secret: string, salt: Buffer, c: Cost): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const options: ScryptOptions = { N: c.n, r: c.r, p: c.p, maxmem: 2 * 128 * c.n * c.r + memoryBytesExtra };
    scrypt(secret.normalize('NFC'), salt, hashBytes, options, (e, key) => (e === null ? resolve(key) : reject(e)));
  });

const digestOf = (secret: string, salt: Buffer): Buffer => createHash('sha256').update(salt).update(secret).digest();

const parseRandom = (text: string): { readonly salt: Buffer; readonly key: Buffer } | undefined => {
  const [scheme, salt, hash] = text.split('$');
  if (scheme !== 'sha256' || salt === undefined || hash === undefined) return undefined;
  const key = Buffer.from(hash, 'base64url');
  return key.length === hashBytes ? { salt: Buffer.from(salt, 'base64url'), key } : undefined;
};

const parseHash = (text: string): { readonly cost: Cost; readonly salt: Buffer; readonly key: Buffer } | undefined => {
  const [scheme, n, r, p, salt, key] = text.split('$');
  if (scheme !== 'scrypt' || salt === undefined || key === undefined) return undefined;
  const parsed = { n: Number(n), r: Number(r), p: Number(p) };
  if (!(parsed.n > 1 && parsed.r >= 1 && parsed.n * parsed.r <= costMax && parsed.p >= 1 && parsed.p <= 16))
    return undefined;
  return { cost: parsed, salt: Buffer.from(salt, 'base64url'), key: Buffer.from(key, 'base64url') };
};
