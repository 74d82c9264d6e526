/** Counts what a peer may do only so often: a bucket that refills with time. Pure but for the clock that is handed in. */

export interface Bucket {
  /** Takes one; false when nothing is left. */
  take(): boolean;
}

/** Holds `burst`, refills by `perSecond`. */
export const createBucket = (burst: number, perSecond: number, now: () => number): Bucket => {
  let left = burst;
  let at = now();
  return {
    take: () => {
      if (left < 1) {
        const time = now();
        left = Math.min(burst, left + ((time - at) / 1_000) * perSecond);
        at = time;
        if (left < 1) return false;
      }
      left -= 1;
      return true;
    },
  };
};
