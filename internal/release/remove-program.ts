/** Takes an installed program away: the version before, caches, at last the program itself. Touches nothing else. */

import { constants } from 'node:fs';
import { access, lstat, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

import { ExitError } from '../contract/error.ts';
import { type Place, previousOf } from './replace-program.ts';

export interface RemoveProgram extends Place {
  /** Folders that can be made again; those of other users are left alone. */
  readonly caches: readonly string[];
}

export interface Removed {
  readonly removed: readonly string[];
  /** Windows: the running program under its new name, which nobody can delete before it ends. */
  readonly leftover?: string;
}

/** Throws ExitError before anything is removed when the program cannot be. */
export const removeProgram = async (o: RemoveProgram): Promise<Removed> => {
  const folder = dirname(o.program);
  await access(folder, constants.W_OK).catch((e: unknown) => {
    throw refusal(o.program, e);
  });
  const removed: string[] = [];
  for (const path of [...o.caches, previousOf(o)]) {
    if (!(await isOurs(path))) continue;
    await rm(path, { recursive: true, force: true });
    removed.push(path);
  }
  const leftover = await removeSelf(o).catch((e: unknown) => {
    throw refusal(o.program, e);
  });
  return { removed: [...removed, o.program], leftover };
};

const removeSelf = async ({ program, platform }: Place): Promise<string | undefined> => {
  if (platform !== 'win32') {
    await rm(program);
    return undefined;
  }
  // A running program can be renamed within its disk, and not be deleted.
  const name = `micro-removed-${process.pid}-${basename(program)}`;
  const inTemp = join(tmpdir(), name);
  try {
    await rename(program, inTemp);
    return inTemp;
  } catch {
    // Another disk, most likely; if it is something else the next rename says so.
    const beside = join(dirname(program), name);
    await rename(program, beside);
    return beside;
  }
};

/** There, and not somebody else's: the folder for temporary files is open to all. */
const isOurs = async (path: string): Promise<boolean> => {
  try {
    const { uid } = await lstat(path);
    return process.getuid === undefined || uid === process.getuid();
  } catch {
    // Not there: nothing to remove.
    return false;
  }
};

const refusal = (program: string, cause: unknown): ExitError => {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const reason = code === 'EACCES' || code === 'EPERM' ? 'permission denied' : String((cause as Error).message);
  return new ExitError(`cannot remove ${program}: ${reason}`, 1, {
    cause,
    hint: 'run it as the user who installed it',
  });
};
