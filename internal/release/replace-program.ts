/**
 * Puts a new program in the place of the present one, keeps that one beside it, and swaps the two back. There is a program under the name
 * at every moment, except on Windows: a running program cannot be replaced there, only renamed.
 */

import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface Place {
  /** The installed program. */
  readonly program: string;
  readonly platform: NodeJS.Platform;
}

/** Where the version before is kept: `micro.old`, on Windows `micro.old.exe`. */
export const previousOf = ({ program, platform }: Place): string =>
  platform === 'win32' ? program.replace(/(\.exe)?$/i, '.old$1') : `${program}.old`;

/** A name nobody uses, in the same folder: what is there can be renamed into place. */
export const asideOf = ({ program, platform }: Place): string =>
  join(dirname(program), `.micro.${randomUUID()}${platform === 'win32' ? '.exe' : '.tmp'}`);

/** `fresh` (a complete program in the same folder) takes the name; what was there is kept as the previous one. */
export const replaceProgram = async (place: Place, fresh: string): Promise<void> => {
  const previous = previousOf(place);
  if (place.platform === 'win32') return renameAway(place.program, { to: previous, fresh });
  await keep(place, previous);
  await rename(fresh, place.program);
};

/** The two change places. Rejects with ENOENT when there is no previous one. */
export const swapPrograms = async (place: Place): Promise<void> => {
  const previous = previousOf(place);
  const aside = asideOf(place);
  try {
    if (place.platform === 'win32') await renameAway(place.program, { to: aside, fresh: previous });
    else {
      await secondName(place.program, aside);
      await rename(previous, place.program);
    }
    await rename(aside, previous);
  } catch (e) {
    // On Windows the file under this name may be the running program itself.
    if (place.platform !== 'win32') await rm(aside, { force: true });
    throw e;
  }
};

const keep = async (place: Place, previous: string): Promise<void> => {
  const aside = asideOf(place);
  try {
    await secondName(place.program, aside);
    await rename(aside, previous);
  } finally {
    // Where both are names of one file already, rename leaves them as they are.
    await rm(aside, { force: true });
  }
};

/** A link where the file system has them, else a copy. */
const secondName = async (file: string, name: string): Promise<void> => {
  try {
    await link(file, name);
  } catch {
    await copyFile(file, name, constants.COPYFILE_EXCL);
  }
};

const renameAway = async (program: string, { to, fresh }: { to: string; fresh: string }): Promise<void> => {
  await rename(program, to);
  try {
    await rename(fresh, program);
  } catch (e) {
    await rename(to, program);
    throw e;
  }
};
