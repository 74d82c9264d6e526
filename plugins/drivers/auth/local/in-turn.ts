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
