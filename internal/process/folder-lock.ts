/** Keeps a folder to one process: a lock file that names its holder. Owns the file; a lock whose process is gone is taken over. */

import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { makePrivateFolder } from './private-folder.ts';
import { isAlive, startTimeOf } from './process-identity.ts';

export interface FolderLock {
  /** Safe twice; leaves a lock alone that somebody else has taken since. */
  release(): void;
}

export interface LockHolder {
  readonly pid: number;
  /** Which lock of the folder it holds. */
  readonly name: string;
}

export interface LockOptions {
  readonly folder: string;
  /** `lock` is the whole folder; `lock-NAME` a part of it. */
  readonly name: string;
  /** Whether another lock of the folder stands in the way of ours; the own name always does. */
  readonly conflicts: (name: string) => boolean;
}

/** Who lost a race for a stale lock tries again this often. */
const attemptsMax = 10;

/** The lock, or the live process that holds one in the way. Throws what the file system throws. */
export const lockFolder = (o: LockOptions): FolderLock | LockHolder => {
  makePrivateFolder(o.folder);
  const file = join(o.folder, o.name);
  const text = JSON.stringify({ pid: process.pid, started: startTimeOf(process.pid) });
  const draft = join(o.folder, `.${o.name}.${process.pid}`);
  writeFileSync(draft, text, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const holder = holderInTheWay(o);
      if (holder !== undefined) return holder;
      if (tryLink(draft, file)) return { release: () => release(file, text) };
      clearStale(file, draft);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  throw new Error(`cannot take the lock ${file}: others keep taking it`);
};

export const isHolder = (x: FolderLock | LockHolder): x is LockHolder => 'pid' in x;

const holderInTheWay = (o: LockOptions): LockHolder | undefined => {
  for (const name of readdirSync(o.folder)) {
    if (name !== o.name && !(/^lock(-|$)/.test(name) && o.conflicts(name))) continue;
    const pid = liveHolder(readText(join(o.folder, name)));
    if (pid !== undefined) return { pid, name };
  }
  return undefined;
};

/** A new name for the draft's content, unless the name exists: the one step that must be atomic. */
const tryLink = (draft: string, file: string): boolean => {
  try {
    linkSync(draft, file);
    return true;
  } catch (e) {
    if (e instanceof Error && 'code' in e && e.code === 'EEXIST') return false;
    throw e;
  }
};

/** Moves a dead lock aside; when another process was quicker and it is theirs by now, it goes back. */
const clearStale = (file: string, draft: string): void => {
  const aside = `${draft}.stale`;
  try {
    renameSync(file, aside);
  } catch {
    // Somebody else moved it already; the next attempt shows who won.
    return;
  }
  if (liveHolder(readText(aside)) !== undefined) tryLink(aside, file);
  rmSync(aside, { force: true });
};

/** The process a lock names, when it lives and is the one that wrote it. A text that names none belongs to nobody. */
const liveHolder = (text: string): number | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('pid' in value) || typeof value.pid !== 'number')
    return undefined;
  const { pid } = value;
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined;
  const started = 'started' in value ? value.started : undefined;
  return typeof started === 'string' && started !== '' && startTimeOf(pid) !== started ? undefined : pid;
};

const release = (file: string, text: string): void => {
  if (readText(file) === text) rmSync(file, { force: true });
};

const readText = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Gone in the meantime: nobody holds it.
    return '';
  }
};
