/** Asks for a new password twice, hidden (cli.md 5.3.7, 5.5). Keeps nothing of what was typed. */

import { ExitError } from '../contract/error.ts';
import { passwordTriesMax } from '../contract/limits.ts';
import type { Output } from '../contract/output.ts';

/** Trimmed, as `micro login` trims what it is given; never empty. */
export const askNewPassword = async (out: Output): Promise<string> => {
  for (let tries = 0; tries < passwordTriesMax; tries += 1) {
    const first = (await out.prompt('Enter a new password: ', { hidden: true })).trim();
    // At the end of a pipe every answer is blank, and asking again would never end.
    if (first === '') throw new ExitError('New secret should not be blank', 1);
    const second = (await out.prompt('Verify your password: ', { hidden: true })).trim();
    if (first === second) return first;
    out.line('Passwords do not match. Please try again.');
  }
  throw new ExitError(`no two equal passwords within passwordTriesMax (${passwordTriesMax}) tries`, 1);
};
