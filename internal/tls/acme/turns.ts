/** One piece of work at a time, in the order of arrival; who is no longer wanted leaves the line. */

/** Rejects with the work's error, or with the signal's reason while others are before it; work that has begun ends by itself. */
export type Turns = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** A failure does not stop the next. */
export const createTurns = (): Turns => {
  let last: Promise<unknown> = Promise.resolve();
  return async <T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    const turn = last.then(() => signal.throwIfAborted());
    const done = turn.then(work);
    last = done.catch(() => undefined);
    await beforeAbort(turn, signal);
    return done;
  };
};

const beforeAbort = (turn: Promise<void>, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    turn.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
