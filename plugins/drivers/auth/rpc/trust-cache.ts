/** Remembers answers of the auth service for a short while, bounded, and asks once for callers that come together. Knows nothing of what it holds. */

export interface TrustCache<T> {
  /** The remembered answer, else what `ask` gives. Failures are not remembered. */
  get(key: string, ask: () => Promise<T>): Promise<T>;
  /** The remembered answer while it counts. */
  known(key: string): T | undefined;
  clear(): void;
}

export interface TrustOptions<T> {
  readonly now: () => number;
  /** Answers remembered at one time; the oldest goes first. */
  readonly max: number;
  /** Until when (milliseconds since the epoch) an answer counts. */
  until(answer: T, key: string): number;
  /** When asking fails in a way this accepts, an answer that ended less than this long ago counts on; default 0. */
  readonly graceMs?: number;
  survives?(error: unknown): boolean;
}

export const createTrustCache = <T extends {}>(o: TrustOptions<T>): TrustCache<T> => {
  const held = new Map<string, { readonly answer: T; readonly until: number }>();
  const asking = new Map<string, Promise<T>>();
  let generation = 0;
  const keep = (key: string, answer: T): void => {
    held.delete(key);
    const [oldest] = held.keys();
    if (held.size >= o.max && oldest !== undefined) held.delete(oldest);
    held.set(key, { answer, until: o.until(answer, key) });
  };
  const renew = async (key: string, ask: () => Promise<T>): Promise<T> => {
    const before = generation;
    try {
      const answer = await ask();
      if (before === generation) keep(key, answer);
      return answer;
    } catch (e) {
      const old = held.get(key);
      if (old === undefined || !o.survives?.(e) || o.now() >= old.until + (o.graceMs ?? 0)) throw e;
      return old.answer;
    }
  };
  const known = (key: string): T | undefined => {
    const found = held.get(key);
    return found !== undefined && o.now() < found.until ? found.answer : undefined;
  };
  return {
    known,
    get(key, ask) {
      const answer = known(key);
      if (answer !== undefined) return Promise.resolve(answer);
      const pending = asking.get(key);
      if (pending !== undefined) return pending;
      const mine = renew(key, ask).finally(() => {
        if (asking.get(key) === mine) asking.delete(key);
      });
      asking.set(key, mine);
      return mine;
    },
    clear() {
      generation += 1;
      held.clear();
      asking.clear();
    },
  };
};
