/** Pauses between attempts: each twice the last, up to a bound. Counts only; the caller waits. */

export interface Backoff {
  /** Milliseconds to pause before the next attempt. */
  next(): number;
  /** Starts again at the shortest pause. */
  reset(): void;
}

export interface BackoffOptions {
  readonly minMs: number;
  readonly maxMs: number;
  /** Part of each pause that is left to chance, 0 to 1, so that many do not come back at one moment; default none. */
  readonly jitter?: number;
  /** 0 to 1; replaced in tests. */
  readonly random?: () => number;
}

/** The first pause is minMs, none is longer than maxMs. */
export const backoff = ({ minMs, maxMs, jitter = 0, random = Math.random }: BackoffOptions): Backoff => {
  let pauseMs = minMs;
  return {
    next: () => {
      const current = Math.min(pauseMs, maxMs);
      pauseMs = Math.min(current * 2, maxMs);
      return current * (1 - jitter * random());
    },
    reset: () => {
      pauseMs = minMs;
    },
  };
};
