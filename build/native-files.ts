/** The native files that go into a target's executable, compressed, and the record of them that build/sea/native-file.ts checks against. */

import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';

import type { BuildInfo } from '../internal/process/embedded.ts';
import { fetchPackageFile } from './fetch-package.ts';
import type { BuildRecord, NativeFile } from './sea/native-file.ts';
import { hostTarget, type Target } from './target.ts';

const root = join(import.meta.dirname, '..');

/** Writes `native/<name>` and `build.json` into `folder`. */
export const writeNativeFiles = (folder: string, target: Target, build: BuildInfo): void => {
  mkdirSync(join(folder, 'native'), { recursive: true });
  const natives: Record<string, NativeFile> = {};
  for (const [name, source] of Object.entries(sourcesOf(target))) {
    const bytes = readFileSync(source);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    natives[name] = { sha256 };
    copyFileSync(compressed(bytes, sha256), join(folder, 'native', name));
  }
  const record: BuildRecord = { ...build, natives };
  writeFileSync(join(folder, 'build.json'), JSON.stringify(record));
};

/** Name in the executable -> file. The addon exists for the machine that compiled it only; elsewhere SQLite is Node's own. */
const sourcesOf = (target: Target): Record<string, string> => {
  const manifest = readFileSync(join(root, 'node_modules/esbuild/package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const esbuild = fetchPackageFile(target.esbuildPackage, version, target.esbuildFile);
  const addon = join(root, 'node_modules', 'sqlite3', 'build', 'Release', 'node_sqlite3.node');
  return { esbuild, ...(target === hostTarget() && existsSync(addon) ? { 'node_sqlite3.node': addon } : {}) };
};

/** File with the packed bytes; kept, since packing takes seconds and the files change with their packages only. */
const compressed = (bytes: Uint8Array, sha256: string): string => {
  const file = join(root, 'dist', '.cache', 'compressed', sha256);
  if (existsSync(file)) return file;
  mkdirSync(dirname(file), { recursive: true });
  const packed = zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 19 } });
  writeFileSync(`${file}.${process.pid}`, packed);
  renameSync(`${file}.${process.pid}`, file);
  return file;
};
