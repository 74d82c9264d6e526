/** Remembers answers of the auth service for a while, bounded, and asks once for callers that come together. Knows nothing of what it holds. */

export interface TrustCache<T> {
  /** The remembered answer, else what `ask` gives. Failures are not remembered. */
  get(key: string, ask: () => Promise<T>): Promise<T>;
  /** The remembered answer while it counts. */
  known(key: string): T | undefined;
  /** Forgets the answers with this tag, those that are on their way included. */
  drop(tag: string): void;
  clear(): void;
}

export interface TrustOptions<T> {
  readonly now: () => number;
  /** What drop() knows a key by. */
  tagOf(key: string): string | undefined;
  /** Answers remembered at one time; the oldest goes first. */
  readonly max: number;
  /** Until when (milliseconds since the epoch) an answer counts that was asked for now. */
  until(answer: T, key: string): number;
  /** Changes of what was answered have been told up to then; whoever tells drops or clears what they end. */
  toldUntil(): number;
  /** How long an answer counts after it is last known to hold: when it was asked for, or when changes were told. */
  readonly unwatchedMs: number;
  /** When asking fails in a way this accepts, an answer that ended less than this long ago counts on; default 0. */
  readonly graceMs?: number;
  survives?(error: unknown): boolean;
}

interface Held<T> {
  readonly answer: T;
  readonly until: number;
  readonly askedAt: number;
  readonly tag: string | undefined;
}

export const createTrustCache = <T extends {}>(o: TrustOptions<T>): TrustCache<T> => {
  const held = new Map<string, Held<T>>();
  const asking = new Map<string, { readonly answer: Promise<T>; readonly tag: string | undefined }>();
  let generation = 0;
  const keep = (key: string, kept: Held<T>): void => {
    held.delete(key);
    const [oldest] = held.keys();
    if (held.size >= o.max && oldest !== undefined) held.delete(oldest);
    held.set(key, kept);
  };
  const renew = async (key: string, tag: string | undefined, ask: () => Promise<T>): Promise<T> => {
    const before = generation;
    const askedAt = o.now();
    try {
      const answer = await ask();
      if (before === generation) keep(key, { answer, until: o.until(answer, key), askedAt, tag });
      return answer;
    } catch (e) {
      const old = held.get(key);
      if (old === undefined || !o.survives?.(e) || o.now() >= endOf(old, o) + (o.graceMs ?? 0)) throw e;
      return old.answer;
    }
  };
  const known = (key: string): T | undefined => {
    const found = held.get(key);
    return found !== undefined && o.now() < endOf(found, o) ? found.answer : undefined;
  };
  return {
    known,
    get(key, ask) {
      const answer = known(key);
      if (answer !== undefined) return Promise.resolve(answer);
      const pending = asking.get(key);
      if (pending !== undefined) return pending.answer;
      const tag = o.tagOf(key);
      const mine = renew(key, tag, ask).finally(() => {
        if (asking.get(key)?.answer === mine) asking.delete(key);
      });
      asking.set(key, { answer: mine, tag });
      return mine;
    },
    drop(tag) {
      // An answer on its way may be older than what ends it; who asks from now on must not share it.
      generation += 1;
      for (const entries of [held, asking])
        for (const [key, entry] of entries) if (entry.tag === tag) entries.delete(key);
    },
    clear() {
      generation += 1;
      held.clear();
      asking.clear();
    },
  };
};

const endOf = <T>({ until, askedAt }: Held<T>, o: TrustOptions<T>): number =>
  Math.min(until, Math.max(askedAt, o.toldUntil()) + o.unwatchedMs);
