/** Rewrites a small file so that readers see the old or the new text, never half, and parallel micro processes do not undo each other. Owns the lock beside the file. */

import { randomUUID } from 'node:crypto';
import { closeSync, openSync, realpathSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { ExitError } from '../contract/error.ts';
import { homeFileBytesMax, homeLockStaleMs, homeLockWaitMs } from '../contract/limits.ts';

export interface Update {
  /** Default 0600. */
  readonly mode?: number;
  readonly signal?: AbortSignal;
}

const pollMs = 10;

/** Hands the present text (undefined: no file) to `change` and writes what it returns; the folder is made when missing (0700). */
export const updateFile = async (
  file: string,
  change: (text: string | undefined) => string,
  o: Update = {},
): Promise<void> => {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const target = realPath(file);
  const unlock = await lockFile(target, o.signal);
  try {
    const before = await readIfThere(target);
    const after = change(before);
    if (after !== before) await replaceFile(target, after, o.mode ?? 0o600);
  } finally {
    unlock();
  }
};

/** Written aside, flushed and renamed. */
export const replaceFile = async (file: string, text: string, mode: number): Promise<void> => {
  const aside = `${file}.${randomUUID()}.tmp`;
  try {
    const handle = await open(aside, 'wx', mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await chmod(aside, mode);
    await rename(aside, file);
  } catch (e) {
    await rm(aside, { force: true });
    throw e;
  }
};

/** A link stays a link: what it points to is replaced. */
const realPath = (file: string): string => {
  try {
    return realpathSync(file);
  } catch (e) {
    if (codeOf(e) === 'ENOENT') return file;
    throw e;
  }
};

const readIfThere = async (file: string): Promise<string | undefined> => {
  try {
    const { size } = await stat(file);
    if (size > homeFileBytesMax)
      throw new ExitError(`${file} is larger than homeFileBytesMax (${homeFileBytesMax})`, 1);
    return await readFile(file, 'utf8');
  } catch (e) {
    if (codeOf(e) === 'ENOENT') return undefined;
    throw e;
  }
};

const lockFile = async (file: string, signal: AbortSignal | undefined): Promise<() => void> => {
  const lock = `${file}.lock`;
  const until = Date.now() + homeLockWaitMs;
  while (!tryLock(lock)) {
    breakIfStale(lock);
    if (Date.now() > until)
      throw new ExitError(`${file} is being written by another micro process`, 1, {
        hint: `if none is running: rm ${lock}`,
      });
    await sleep(pollMs + Math.random() * pollMs, undefined, { signal });
  }
  return () => unlinkIfThere(lock);
};

const tryLock = (lock: string): boolean => {
  let handle: number;
  try {
    handle = openSync(lock, 'wx', 0o600);
  } catch (e) {
    if (codeOf(e) === 'EEXIST') return false;
    throw e;
  }
  try {
    writeSync(handle, `${process.pid}\n`);
    return true;
  } catch (e) {
    // A full disk takes the file, not its text; left there it would hold up everybody until it is stale.
    unlinkIfThere(lock);
    throw e;
  } finally {
    closeSync(handle);
  }
};

/** A holder writes for milliseconds, so an old lock was left by a process that died. Only one waiter may remove it. */
const breakIfStale = (lock: string): void => {
  if (!isStale(lock)) return;
  const guard = `${lock}.break`;
  if (isStale(guard)) unlinkIfThere(guard);
  if (!tryLock(guard)) return;
  try {
    if (isStale(lock)) unlinkIfThere(lock);
  } finally {
    unlinkIfThere(guard);
  }
};

const isStale = (file: string): boolean => {
  try {
    return Date.now() - statSync(file).mtimeMs > homeLockStaleMs;
  } catch (e) {
    if (codeOf(e) === 'ENOENT') return false;
    throw e;
  }
};

const unlinkIfThere = (file: string): void => {
  try {
    unlinkSync(file);
  } catch (e) {
    if (codeOf(e) !== 'ENOENT') throw e;
  }
};

const codeOf = (e: unknown): unknown => (e instanceof Error && 'code' in e ? e.code : undefined);
