/** v3's plain commands show what the server answered as it is, and end with 1 (cli.md 0.3). Pure but for the question it is handed. */

import { ExitError, isMicroError } from '../contract/error.ts';

/** A refusal becomes its detail with exit code 1; a server that could not be asked stays as it is. */
export const plainly = async <T>(ask: () => Promise<T>, hint?: string): Promise<T> => {
  try {
    return await ask();
  } catch (e) {
    if (!isMicroError(e) || e.code >= 500 || e.code === 408) throw e;
    throw new ExitError(e.detail.charAt(0).toUpperCase() + e.detail.slice(1), 1, { cause: e, hint: e.hint ?? hint });
  }
};
