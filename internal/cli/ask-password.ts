/** Asks for a new password or secret twice, hidden (cli.md 5.3.7, 5.5). Keeps nothing of what was typed. */

import { ExitError } from '../contract/error.ts';
import { passwordTriesMax } from '../contract/limits.ts';
import type { Output } from '../contract/output.ts';

export interface AskOptions {
  /** What it is called; default `password`. */
  readonly word?: 'password' | 'secret';
  /** Asks on stderr, for commands whose stdout is a value. */
  readonly aside?: boolean;
}

/** Trimmed, as `micro login` trims what it is given; never empty. A pipe may end before the second time, but not contradict the first. */
export const askNewPassword = async (
  out: Output,
  { word = 'password', aside = false }: AskOptions = {},
): Promise<string> => {
  const ask = async (question: string): Promise<string> => (await out.prompt(question, { hidden: true, aside })).trim();
  const remark = aside ? out.note : out.line;
  for (let tries = 0; tries < passwordTriesMax; tries += 1) {
    const first = await ask(`Enter a new ${word}: `);
    if (first === '') {
      // At the end of a pipe every answer is blank, and asking again would never end.
      if (!out.interactive) throw new ExitError('New secret should not be blank', 1);
      remark(`The ${word} is blank. Please try again.`);
      continue;
    }
    const second = await ask(`Verify your ${word}: `);
    if (first === second || (second === '' && !out.interactive)) return first;
    remark(`${word === 'secret' ? 'Secrets' : 'Passwords'} do not match. Please try again.`);
  }
  throw new ExitError(`no two equal ${word}s within passwordTriesMax (${passwordTriesMax}) tries`, 1);
};
