/** Asks for secrets: typed twice without echo at a terminal, or a line from a pipe. Prompts stand aside, so that stdout holds results only. Keeps nothing. */

import { ExitError } from '../../../internal/contract/error.ts';
import type { Output } from '../../../internal/contract/output.ts';

/** The secret an account has. Empty when nothing was given. */
export const askSecret = async (out: Output, question: string): Promise<string> =>
  (await out.prompt(`${question}: `, { hidden: true, aside: true })).trim();

/** A secret to be: a person types it until both times agree; a pipe may leave the second time out, but not contradict. */
export const askNewSecret = async (out: Output): Promise<string> => {
  for (;;) {
    const secret = await askSecret(out, 'Enter a new secret');
    const again = await askSecret(out, 'Verify the new secret');
    if (secret === again || (again === '' && !out.interactive)) return requireSecret(secret);
    if (!out.interactive)
      throw new ExitError('Secrets do not match', 1, { hint: 'a pipe gives the new secret once or twice' });
    out.note('Secrets do not match. Please try again.');
  }
};

const requireSecret = (secret: string): string => {
  if (secret === '') throw new ExitError('New secret should not be blank', 1);
  return secret;
};
