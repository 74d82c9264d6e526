/** Where `~` is: HOME decides, then the account's entry in the password file. Reads the environment; touches no files. */

import { userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';

import { ExitError } from '../contract/error.ts';

/** The user's home folder. Throws ExitError when there is none, as in a container without HOME and without a password entry. */
export const homeDir = (env: Readonly<Record<string, string | undefined>> = process.env): string => {
  const named = env.HOME || env.USERPROFILE;
  if (named !== undefined && named !== '') {
    if (isAbsolute(named)) return named;
    throw new ExitError(`HOME is not an absolute path: ${named}`, 1);
  }
  try {
    return userInfo().homedir;
  } catch (e) {
    throw new ExitError('no home folder is known for this user', 1, { cause: e, hint: 'set HOME to a folder' });
  }
};

/** `~/.micro`: configuration, tokens, and by default the server's data. */
export const microDir = (): string => join(homeDir(), '.micro');
