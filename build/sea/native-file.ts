/**
 * Native files that the executable carries (the SQLite addon, the esbuild binary): the system can load them from a disk only, so each is
 * unpacked once into a private folder and checked by its hash at every use. Owns those folders; runs nothing.
 */

import { createHash } from 'node:crypto';
import { accessSync, constants, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';

import { type BuildInfo, embedded } from '../../internal/process/embedded.ts';

/** What the build says about one native file; the asset is called `native/<name>` and compressed. */
export interface NativeFile {
  readonly sha256: string;
}

/** `BuildInfo` with what only this file reads. */
export interface BuildRecord extends BuildInfo {
  readonly natives: Readonly<Record<string, NativeFile>>;
}

/** Absolute path of the unpacked file. Throws an Error that says, folder by folder, why it cannot be had. */
export const nativeFile = (name: string): string => {
  const inside = embedded();
  const record = (inside?.build as BuildRecord | undefined)?.natives[name];
  if (inside === undefined || record === undefined)
    throw new Error(`this executable carries no ${name} for ${inside?.build.target ?? process.platform}`);
  const faults: string[] = [];
  for (const folder of cacheFolders()) {
    try {
      return unpacked(privateFolder(folder), name, record.sha256);
    } catch (e) {
      faults.push(`${folder}: ${e instanceof Error ? e.message : String(e)}`);
    }
  }
  throw new Error(`no folder to run ${name} from: ${faults.join('; ')}`);
};

/** The user's own first; a folder that cannot execute files is passed over. */
const cacheFolders = (): readonly string[] => {
  const { HOME, USERPROFILE, MICRO_DATA_DIR } = process.env;
  const home = HOME || USERPROFILE;
  const owner = process.getuid?.() ?? 'user';
  return [
    ...(home && isAbsolute(home) ? [join(home, '.micro', 'cache')] : []),
    ...(MICRO_DATA_DIR && isAbsolute(MICRO_DATA_DIR) ? [join(MICRO_DATA_DIR, 'cache')] : []),
    join(tmpdir(), `micro-cache-${owner}`),
  ];
};

/** Nobody but us may put files there: a stranger's folder in /tmp, or one open to others, is refused. */
const privateFolder = (folder: string): string => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = lstatSync(folder);
  if (!stat.isDirectory()) throw new Error('not a folder');
  if (process.getuid === undefined) return folder;
  if (stat.uid !== process.getuid()) throw new Error('belongs to another user');
  if ((stat.mode & 0o022) !== 0) throw new Error('others may write to it');
  return folder;
};

const unpacked = (cache: string, name: string, sha256: string): string => {
  const folder = privateFolder(join(cache, sha256.slice(0, 16)));
  const file = join(folder, name);
  if (hashOf(file) !== sha256) write(file, name, sha256);
  // Also what a mount without exec says no to.
  accessSync(file, constants.X_OK);
  return file;
};

const hashOf = (file: string): string | undefined => {
  try {
    return lstatSync(file).isFile() ? createHash('sha256').update(readFileSync(file)).digest('hex') : undefined;
  } catch {
    // Not there yet.
    return undefined;
  }
};

const write = (file: string, name: string, sha256: string): void => {
  const packed = embedded()?.asset(`native/${name}`);
  if (packed === undefined) throw new Error(`the executable is damaged: it has no ${name}`);
  const bytes = zstdDecompressSync(packed);
  if (createHash('sha256').update(bytes).digest('hex') !== sha256)
    throw new Error(`the executable is damaged: ${name}`);
  // Another process may be doing the same.
  const temporary = `${file}.${process.pid}`;
  try {
    writeFileSync(temporary, bytes, { mode: 0o700, flag: 'wx' });
    renameSync(temporary, file);
  } catch (e) {
    rmSync(temporary, { force: true });
    throw e;
  }
};
