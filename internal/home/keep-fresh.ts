/** Renews the token of a long-running command in the background (cli.md 5.4.7), so that its next call finds a good one. Owns the timer only. */

import { keepFreshMs } from '../contract/limits.ts';

export interface KeepFreshOptions {
  /** Asks for the token, which renews it when its time is near. */
  token(): Promise<unknown>;
  /** Calls back again and again until the function it gives is called; default: a timer that holds no process. */
  every?(ms: number, look: () => void): () => void;
}

/** Looks every keepFreshMs until the function it gives is called. */
export const keepFresh = ({ token, every = timer }: KeepFreshOptions): (() => void) =>
  every(keepFreshMs, () => {
    // A failure is the business of the next call, which asks again and can say so.
    token().catch(() => undefined);
  });

const timer = (ms: number, look: () => void): (() => void) => {
  const handle = setInterval(look, ms);
  handle.unref();
  return () => clearInterval(handle);
};
