/** Waiting in tests: asks again until the answer holds, with a bound. Owns no timers beyond its own call. */

const pollMs = 50;

/** Calls `look` until it returns something other than undefined or false; rejects after `limitMs` with what it saw last. */
export const poll = async <T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  limitMs = 20_000,
): Promise<T> => {
  const deadline = Date.now() + limitMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      last = found;
    } catch (e) {
      last = e;
    }
    if (Date.now() > deadline)
      throw new Error(`not within ${limitMs} ms: ${what}`, { cause: last instanceof Error ? last : undefined });
    await new Promise((r) => setTimeout(r, pollMs));
  }
};
