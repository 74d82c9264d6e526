/** plugins.lock.json: which third-party plugins this user trusts, by the hashes of what was added. Owns the file's form; what is in the folders is plugin-folders.ts's business. */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { ExitError } from '../contract/error.ts';
import { homeFileBytesMax } from '../contract/limits.ts';
import { microDir } from '../home/home-dir.ts';
import { updateFile } from '../home/update-file.ts';
import { readObject } from './json-reader.ts';

/** What was trusted: exactly these bytes. */
export interface LockEntry {
  readonly version: string;
  /** Of the entry, in hex. */
  readonly sha256: string;
  /** Of plugin.json, in hex. */
  readonly manifest_sha256: string;
}

export type Lock = ReadonlyMap<string, LockEntry>;

/** `~/.micro/plugins`; throws ExitError when no home folder is known. */
export const pluginsDir = (): string => join(microDir(), 'plugins');

export const lockFileIn = (dir: string): string => join(dir, 'plugins.lock.json');

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Empty when there is none. Throws ExitError for a file that is damaged, or that other users may change. */
export const readLock = (dir: string): Lock => {
  const file = lockFileIn(dir);
  if (!existsSync(file)) return new Map();
  checkPrivate(dir);
  checkPrivate(file);
  if (statSync(file).size > homeFileBytesMax)
    throw new ExitError(`${file} is larger than homeFileBytesMax (${homeFileBytesMax})`, 1);
  return parseLock(readFileSync(file, 'utf8'), file);
};

/** Whoever can write here decides what micro runs. */
const checkPrivate = (path: string): void => {
  if (process.getuid === undefined) return;
  const { uid, mode } = statSync(path);
  if (uid !== process.getuid() && uid !== 0) throw new ExitError(`${path} belongs to another user`, 1);
  if ((mode & 0o022) !== 0)
    throw new ExitError(`${path} may be changed by other users`, 1, { hint: `chmod go-w ${path}` });
};

const hashPattern = { pattern: /^[0-9a-f]{64}$/, want: 'a sha256 in hex' };

const parseLock = (text: string, file: string): Lock => {
  const hint = `move it away and add your plugins again: mv ${file} ${file}.bad`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (e) {
    throw new ExitError(`${file} is not valid JSON`, 1, { cause: e, hint });
  }
  try {
    const table = readObject(value, file);
    return new Map(
      table.keys.map((id) => {
        const o = table.object(id);
        const { version, sha256, manifest_sha256 } = {
          version: o.text('version'),
          sha256: o.text('sha256', hashPattern),
          manifest_sha256: o.text('manifest_sha256', hashPattern),
        };
        o.end();
        return [id, { version, sha256, manifest_sha256 }];
      }),
    );
  } catch (e) {
    throw e instanceof ExitError ? new ExitError(e.message, 1, { cause: e, hint }) : e;
  }
};

/**
 * Rewrites the lock. `change` works on the table it is handed and may move folders: no other micro process adds or removes plugins meanwhile.
 * Throws ExitError as readLock does.
 */
export const updateLock = (dir: string, change: (lock: Map<string, LockEntry>) => void): Promise<void> => {
  const file = lockFileIn(dir);
  const rewrite = (text: string | undefined): string => {
    const lock = new Map(text === undefined ? [] : parseLock(text, file));
    change(lock);
    const sorted = [...lock].sort(([a], [b]) => (a < b ? -1 : 1));
    return `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`;
  };
  return updateFile(file, rewrite, { once: true });
};
