/** Which file is the installed program that runs now. Reads no settings. */

import { realpathSync } from 'node:fs';
import { isSea } from 'node:sea';

import { ExitError } from '../contract/error.ts';

/** Links followed. Throws ExitError when micro runs from its sources: then git is what brings another version, `way` says how. */
export const installedProgram = (way: string): string => {
  if (!isSea()) throw new ExitError(`this micro runs from source: ${way}`, 1);
  return ownNameOf((process.platform === 'linux' ? realPath('/proc/self/exe') : undefined) ?? process.execPath);
};

/** The kept version before may be the one that still runs: `micro.old upgrade --rollback` means the program beside it. */
export const ownNameOf = (file: string): string => file.replace(/\.old(\.exe)?$/i, '$1');

/** Right even when the file was moved since; undefined when it is gone or the folder is not there. */
const realPath = (file: string): string | undefined => {
  try {
    return realpathSync(file);
  } catch {
    // The other name is then the best there is, and using it says what is wrong.
    return undefined;
  }
};
