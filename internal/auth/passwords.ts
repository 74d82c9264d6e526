/** Password hashes: scrypt from node:crypto, a salt each, a bounded number at one time. Owns the hash text's format; stores nothing. */

import { Buffer } from 'node:buffer';
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

import { tooMany } from '../contract/error.ts';
import { passwordHashesMax, passwordQueueMax } from '../contract/limits.ts';

export interface Passwords {
  /** `scrypt$N$r$p$salt$hash`, salt and hash as base64url. */
  hash(secret: string): Promise<string>;
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
    async verify(secret, hash) {
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

const parseHash = (text: string): { readonly cost: Cost; readonly salt: Buffer; readonly key: Buffer } | undefined => {
  const [scheme, n, r, p, salt, key] = text.split('$');
  if (scheme !== 'scrypt' || salt === undefined || key === undefined) return undefined;
  const parsed = { n: Number(n), r: Number(r), p: Number(p) };
  if (!(parsed.n > 1 && parsed.r >= 1 && parsed.n * parsed.r <= costMax && parsed.p >= 1 && parsed.p <= 16))
    return undefined;
  return { cost: parsed, salt: Buffer.from(salt, 'base64url'), key: Buffer.from(key, 'base64url') };
};
