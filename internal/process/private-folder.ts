/** Makes a folder that only this user can enter, with the folders above it. */

import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * One folder after the other: Node's own recursive mkdir never returns where a parent exists but cannot take a folder, as below /proc.
 * Throws an Error that names the folder, with the file system's own as its cause.
 */
export const makePrivateFolder = (folder: string): string => {
  if (existsSync(folder)) return folder;
  makePrivateFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (e) {
    // Somebody else made it at the same moment.
    if ((e as NodeJS.ErrnoException).code === 'EEXIST') return folder;
    throw new Error(`cannot make the folder ${folder}: ${e instanceof Error ? e.message : String(e)}`, { cause: e });
  }
  return folder;
};
