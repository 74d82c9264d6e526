/**
 * Hashes of secrets, a salt each: scrypt, a bounded number at one time, for what people think up; one SHA-256 for what this program made at
 * random, which nobody can guess however fast guessing is. Owns the hash text's formats; stores nothing.
 */

import { Buffer } from 'node:buffer';
import { createHash, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

import { tooMany } from '../contract/error.ts';
import { passwordHashesMax, passwordQueueMax, passwordWork } from '../contract/limits.ts';

export interface Passwords {
  /** `scrypt$N$r$p$salt$hash`, salt and hash as base64url. */
  hash(secret: string): Promise<string>;
  /** `sha256$salt$hash`, at once. Only for a secret of 120 random bits or more that this program made itself. */
  hashRandom(secret: string): string;
  /** A wrong secret takes as long for an unknown account (`undefined`) as for a known one, whatever its hash. */
  verify(secret: string, hash: string | undefined, o?: VerifyOptions): Promise<boolean>;
  /** A hash that takes less work to guess at than one made now would. */
  isWeak(hash: string): boolean;
}

export interface VerifyOptions {
  /** Called when the line has been waited for and the work begins; what it throws ends the matter. */
  begin?(): void;
  /** Waits with the strangers, who come after everybody else and have a line of their own. */
  readonly stranger?: boolean;
}

export interface PasswordsOptions {
  /** Rounds of scrypt over 16 MiB for one secret; default passwordWork. */
  readonly work?: number;
  /** Default Node's scrypt; a test counts what is done. */
  readonly derive?: (secret: string, salt: Buffer, cost: Cost) => Promise<Buffer>;
}

export interface Cost {
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

/** N times r: 128 bytes each, so a stored hash may ask for 128 MiB at most; and rounds. */
const costMax = 2 ** 20;
const roundsMax = 16;
const memoryBytesExtra = 2 ** 20;
const saltBytes = 16;
const hashBytes = 32;

/** Hashing runs on the threads that disk work also needs, so only few run at once and the others wait in a bounded line. */
export const createPasswords = (o: PasswordsOptions = {}): Passwords => {
  const cost: Cost = { n: 2 ** 14, r: 8, p: o.work ?? passwordWork };
  const { derive = scryptOf } = o;
  let running = 0;
  const known: (() => void)[] = [];
  const strangers: (() => void)[] = [];
  const enter = async (stranger: boolean): Promise<void> => {
    if (running < passwordHashesMax) {
      running += 1;
      return;
    }
    const waiting = stranger ? strangers : known;
    if (waiting.length >= passwordQueueMax)
      throw tooMany('auth.Auth.Token', `too many logins at once: passwordQueueMax (${passwordQueueMax})`, {
        reason: 'too_many_logins',
        hint: 'try again in a moment',
      });
    await new Promise<void>((resolve) => waiting.push(resolve));
  };
  // A place is handed on, not given back, so that nobody slips in between.
  const leave = (): void => {
    const next = known.shift() ?? strangers.shift();
    if (next === undefined) running -= 1;
    else next();
  };
  const inLine = async <T>(work: () => Promise<T>, stranger = false): Promise<T> => {
    await enter(stranger);
    try {
      return await work();
    } finally {
      leave();
    }
  };
  return {
    async hash(secret) {
      const salt = randomBytes(saltBytes);
      const key = await inLine(() => derive(secret, salt, cost));
      return ['scrypt', cost.n, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join('$');
    },
    hashRandom(secret) {
      const salt = randomBytes(saltBytes);
      return ['sha256', salt.toString('base64url'), digestOf(secret, salt).toString('base64url')].join('$');
    },
    async verify(secret, hash, how = {}) {
      const made = hash === undefined ? undefined : parseRandom(hash);
      if (made !== undefined && timingSafeEqual(digestOf(secret, made.salt), made.key)) {
        how.begin?.();
        return true;
      }
      const stored = hash === undefined ? undefined : parseHash(hash);
      const key = await inLine(async () => {
        how.begin?.();
        return derive(secret, stored?.salt ?? Buffer.alloc(saltBytes), stored?.cost ?? cost);
      }, how.stranger);
      return stored !== undefined && key.length === stored.key.length && timingSafeEqual(key, stored.key);
    },
    isWeak(hash) {
      const known = parseHash(hash);
      return known !== undefined && workOf(known.cost) < workOf(cost);
    },
  };
};

const workOf = ({ n, r, p }: Cost): number => n * r * p;

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
  if (!(parsed.n > 1 && parsed.r >= 1 && parsed.n * parsed.r <= costMax && parsed.p >= 1 && parsed.p <= roundsMax))
    return undefined;
  return { cost: parsed, salt: Buffer.from(salt, 'base64url'), key: Buffer.from(key, 'base64url') };
};

/** v3's form, bcrypt: nothing here can check it. */
export const isBcrypt = (hash: string): boolean => /^\$2[abxy]?\$/.test(hash);
