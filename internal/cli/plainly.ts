/** v3's plain commands show what the server answered as it is, and end with 1 (cli.md 0.3). Pure but for the question it is handed. */

import { ExitError, isMicroError } from '../contract/error.ts';

/** A refusal becomes its detail with exit code 1; a server that could not be asked stays as it is. `wayOut` is added to a reason that names no command. */
export const plainly = async <T>(ask: () => Promise<T>, wayOut?: string): Promise<T> => {
  try {
    return await ask();
  } catch (e) {
    if (!isMicroError(e) || e.code >= 500 || e.code === 408) throw e;
    const message = e.detail.charAt(0).toUpperCase() + e.detail.slice(1);
    throw new ExitError(message, 1, { cause: e, hint: hintOf(e.hint, wayOut) });
  }
};

const hintOf = (reason: string | undefined, wayOut: string | undefined): string | undefined => {
  if (reason === undefined || wayOut === undefined) return reason ?? wayOut;
  return reason.includes('micro ') ? reason : `${reason}: ${wayOut}`;
};
