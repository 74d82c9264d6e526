/** Runs steps about one thing one after the other, and steps about different things at the same time. Forgets a key when nothing waits. */

export type KeyedTurns = <T>(key: string, step: () => Promise<T>) => Promise<T>;

/** A step that fails does not stop the next. */
export const createKeyedTurns = (): KeyedTurns => {
  const last = new Map<string, Promise<unknown>>();
  return async (key, step) => {
    const before = last.get(key);
    const result = before === undefined ? step() : before.then(step, step);
    last.set(key, result);
    try {
      return await result;
    } finally {
      if (last.get(key) === result) last.delete(key);
    }
  };
};
