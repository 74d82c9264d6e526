/**
 * Token buckets for what fails, one per key, in memory that never grows: keys fall into a fixed number of buckets by a hash that nobody
 * outside can compute. Knows nothing of what its keys are.
 */

import { createHash, randomBytes } from 'node:crypto';

export interface FailureBuckets {
  /** Milliseconds until one more may be tried; 0: now. */
  waitMs(key: string): number;
  take(key: string): void;
  /** What was taken did not fail. */
  giveBack(key: string): void;
}

export interface FailureBucketsOptions {
  readonly buckets: number;
  /** What a bucket holds; 0: it is never empty. */
  readonly size: number;
  /** How long it takes until one more is in it. */
  readonly refillMs: number;
  readonly now: () => number;
}

/**
 * Each bucket is one number: when it will be full again. Two keys may share a bucket, which makes both wait a little earlier; with a
 * secret in the hash nobody can arrange that, and nobody fills many buckets, since every failure costs a password hash.
 */
export const createFailureBuckets = (o: FailureBucketsOptions): FailureBuckets => {
  const full = new Float64Array(o.buckets);
  const secret = randomBytes(16);
  const bucketOf = (key: string): number =>
    createHash('sha256').update(secret).update(key).digest().readUInt32LE() % o.buckets;
  /** Milliseconds until the bucket is full; a clock that was put back must not make anybody wait for it. */
  const leftMs = (bucket: number): number => Math.min(Math.max(0, (full[bucket] ?? 0) - o.now()), o.size * o.refillMs);
  return {
    waitMs: (key) => (o.size === 0 ? 0 : Math.max(0, leftMs(bucketOf(key)) - (o.size - 1) * o.refillMs)),
    take(key) {
      const bucket = bucketOf(key);
      full[bucket] = o.now() + Math.min(leftMs(bucket) + o.refillMs, o.size * o.refillMs);
    },
    giveBack(key) {
      const bucket = bucketOf(key);
      full[bucket] = o.now() + Math.max(0, leftMs(bucket) - o.refillMs);
    },
  };
};
