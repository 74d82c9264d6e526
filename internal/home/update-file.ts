/** Rewrites a small file so that readers see the old or the new text, never half, and parallel micro processes do not undo each other. Owns the lock beside the file. */

import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync, realpathSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { ExitError } from '../contract/error.ts';
import { homeFileBytesMax, homeLockStaleMs, homeLockWaitMs } from '../contract/limits.ts';

export interface Update {
  /** Default 0600. */
  readonly mode?: number;
  readonly signal?: AbortSignal;
  /** `change` does more than compute, so it must not be asked twice: its text is written whoever holds the lock by then. */
  readonly once?: boolean;
}

const pollMs = 10;

/**
 * Hands the present text (undefined: no file) to `change` and writes what it returns; the folder is made when missing (0700).
 * `change` is asked again, about the newer text, when the lock was lost meanwhile, as on a machine that slept.
 */
export const updateFile = async (
  file: string,
  change: (text: string | undefined) => string,
  o: Update = {},
): Promise<void> => {
  try {
    await update(file, change, o);
  } catch (e) {
    // What the system refuses names a call and a path of ours; whoever runs the command wants to know which file that was for.
    if (!(e instanceof Error) || !('syscall' in e)) throw e;
    throw new ExitError(`cannot write ${file}: ${e.message}`, 1, { cause: e });
  }
};

const update = async (file: string, change: (text: string | undefined) => string, o: Update): Promise<void> => {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const target = realPath(file);
  for (let done = false; !done; ) {
    const lock = await lockFile(target, o.signal);
    try {
      const before = await readIfThere(target);
      const after = change(before);
      done =
        after === before ||
        (await replaceFile({ file: target, text: after, mode: o.mode ?? 0o600 }, o.once ? () => true : lock.isOurs));
    } finally {
      lock.release();
    }
  }
};

interface Replacement {
  readonly file: string;
  readonly text: string;
  readonly mode: number;
}

/** Written aside, flushed and renamed; false, and nothing changed, when the lock is somebody else's by then. */
const replaceFile = async ({ file, text, mode }: Replacement, mayWrite: () => boolean): Promise<boolean> => {
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
    const may = mayWrite();
    await (may ? rename(aside, file) : rm(aside, { force: true }));
    return may;
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

interface Lock {
  isOurs(): boolean;
  release(): void;
}

const lockFile = async (file: string, signal: AbortSignal | undefined): Promise<Lock> => {
  const lock = `${file}.lock`;
  const owner = `${process.pid} ${randomUUID()}\n`;
  const until = Date.now() + homeLockWaitMs;
  while (!tryLock(lock, owner)) {
    breakIfStale(lock);
    if (Date.now() > until)
      throw new ExitError(`${file} is being written by another micro process`, 1, {
        hint: `if none is running: rm ${lock}`,
      });
    await sleep(pollMs + Math.random() * pollMs, undefined, { signal });
  }
  const isOurs = (): boolean => textIfThere(lock) === owner;
  return {
    isOurs,
    release: () => {
      if (isOurs()) unlinkIfThere(lock);
    },
  };
};

const textIfThere = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch (e) {
    if (codeOf(e) === 'ENOENT') return undefined;
    throw e;
  }
};

const tryLock = (lock: string, owner: string): boolean => {
  let handle: number;
  try {
    handle = openSync(lock, 'wx', 0o600);
  } catch (e) {
    if (codeOf(e) === 'EEXIST') return false;
    throw e;
  }
  try {
    writeSync(handle, owner);
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
  if (!tryLock(guard, `${process.pid}\n`)) return;
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
