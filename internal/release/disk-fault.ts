/** What a file system's refusal means to somebody who installs a program. Pure. */

import { ExitError } from '../contract/error.ts';

const deniedHint = 'run it as a user who may write there, or install micro into a folder of your own';

/** ExitErrors and aborts as they are; the rest becomes an ExitError that names the folder. */
export const diskFault = (e: unknown, folder: string): unknown => {
  if (e instanceof ExitError || !(e instanceof Error) || !('code' in e) || typeof e.code !== 'string') return e;
  const ending = 'nothing was changed';
  switch (e.code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new ExitError(`no space left on the disk of ${folder}; ${ending}`, 1, { cause: e });
    case 'EACCES':
    case 'EPERM':
      return new ExitError(`cannot write to ${folder}: permission denied; ${ending}`, 1, {
        cause: e,
        hint: deniedHint,
      });
    case 'EROFS':
      return new ExitError(`cannot write to ${folder}: read-only file system; ${ending}`, 1, { cause: e });
    default:
      return /^E[A-Z]+$/.test(e.code) ? new ExitError(`cannot install to ${folder}: ${e.message}`, 1, { cause: e }) : e;
  }
};
