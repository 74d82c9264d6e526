/** Runs work strictly one after the other. Owns the line; a failure reaches its caller and stops nobody else. */

export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

export const createInTurn = (): InTurn => {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    // Its own caller sees the failure; the next in line must not.
    last = mine.catch(() => undefined);
    return mine;
  };
};

/** As InTurn, a line for each key. */
export const createInTurnByKey = (): (<T>(key: string, work: () => Promise<T>) => Promise<T>) => {
  const lines = new Map<string, { readonly inTurn: InTurn; waiting: number }>();
  return async (key, work) => {
    const line = lines.get(key) ?? { inTurn: createInTurn(), waiting: 0 };
    lines.set(key, line);
    line.waiting += 1;
    try {
      return await line.inTurn(work);
    } finally {
      line.waiting -= 1;
      if (line.waiting === 0) lines.delete(key);
    }
  };
};
