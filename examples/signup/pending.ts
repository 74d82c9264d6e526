/** Addresses that were sent a code and have not used it yet: in memory, bounded in number, life and attempts. Keeps hashes, never a code. */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export interface PendingOptions {
  readonly lifeMs: number;
  readonly now: () => number;
}

export type Check = 'right' | 'wrong' | 'expired';

export interface Pending {
  /** The code to send; undefined: one was sent a moment ago and still holds. Throws RangeError when too many wait. */
  open(email: string): string | undefined;
  /** A right code gives more time: a password has to be thought of, a payment made. */
  check(email: string, code: string): Check;
  /** As check, and the code is used up when it is right; undo() gives it back for another try. */
  take(email: string, code: string): { readonly check: Check; undo(): void };
  /** False: that address is not waiting. */
  pay(email: string): boolean;
  hasPaid(code: string): boolean;
}

/** Addresses that wait at one time, wrong codes for one of them, and the pause between two codes for it. */
export const pendingMax = 1_000;
export const attemptsMax = 5;
export const pauseMs = 30_000;
/** How long a code that was right once stays good. */
const verifiedLifeMs = 3_600_000;

interface Entry {
  readonly hash: Buffer;
  readonly sentAt: number;
  expires: number;
  attempts: number;
  paid: boolean;
}

export const createPending = ({ lifeMs, now }: PendingOptions): Pending => {
  const entries = new Map<string, Entry>();
  const check = (email: string, code: string): Check => {
    const entry = entries.get(email);
    // Work of the same length for an address that is not waiting.
    const isRight = timingSafeEqual(entry?.hash ?? hashOf(''), hashOf(code)) && entry !== undefined;
    if (entry === undefined) return 'wrong';
    if (!isRight) {
      entry.attempts += 1;
      if (entry.attempts >= attemptsMax) entries.delete(email);
      return 'wrong';
    }
    if (entry.expires <= now()) {
      entries.delete(email);
      return 'expired';
    }
    entry.expires = Math.max(entry.expires, now() + verifiedLifeMs);
    return 'right';
  };
  return {
    open(email) {
      const before = entries.get(email);
      if (before !== undefined && before.expires > now() && now() - before.sentAt < pauseMs) return undefined;
      for (const [other, { expires }] of entries) if (expires <= now()) entries.delete(other);
      if (entries.size >= pendingMax) throw new RangeError(`pendingMax (${pendingMax}) addresses are waiting`);
      const code = newCode();
      const paid = before?.paid ?? false;
      entries.set(email, { hash: hashOf(code), sentAt: now(), expires: now() + lifeMs, attempts: 0, paid });
      return code;
    },
    check,
    take(email, code) {
      const entry = entries.get(email);
      const result = check(email, code);
      if (entry === undefined || result !== 'right') return { check: result, undo: () => undefined };
      entries.delete(email);
      return { check: result, undo: () => void entries.set(email, entry) };
    },
    pay(email) {
      const entry = entries.get(email);
      if (entry === undefined) return false;
      entry.paid = true;
      return true;
    },
    hasPaid(code) {
      const hash = hashOf(code);
      let paid = false;
      // All of them, so that the time tells nothing.
      for (const entry of entries.values()) if (timingSafeEqual(entry.hash, hash) && entry.paid) paid = true;
      return paid;
    },
  };
};

const hashOf = (code: string): Buffer => createHash('sha256').update(code).digest();

/** 32 letters and digits that nobody mistakes for one another, so that each byte gives one of them with equal chance. */
const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const codeLength = 8;

/** 40 bits: beyond guessing in the attempts there are. */
const newCode = (): string => [...randomBytes(codeLength)].map((byte) => letters[byte % letters.length]).join('');
