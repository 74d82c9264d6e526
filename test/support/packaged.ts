/** The executable for tests: dist/micro, made anew when a source is younger, and the bare surroundings it must be content with. Owns the lock that keeps test files from building twice. */

import { execFile } from 'node:child_process';
import { existsSync, globSync, linkSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

import { isHolder, lockFolder } from '../../internal/process/folder-lock.ts';
import { poll } from './poll.ts';

const root = join(import.meta.dirname, '..', '..');
const executable = join(root, 'dist', 'micro');
/** Milliseconds that making the executable may take. */
const buildLimitMs = 150_000;

/** Why no executable is made here; undefined when one is. */
export const noExecutableReason = (): string | undefined => {
  if (process.platform !== 'linux') return `the executable is tested on Linux only, this is ${process.platform}`;
  return undefined;
};

/** Puts the executable alone into `folder`, which must exist; resolves with its path. */
export const packagedMicro = async (folder: string): Promise<string> => {
  const file = join(folder, 'micro');
  const lock = await poll(
    'another test to finish building the executable',
    () => {
      const held = lockFolder({ folder: join(root, 'dist', '.cache'), name: 'lock', conflicts: () => true });
      return isHolder(held) ? undefined : held;
    },
    buildLimitMs,
  );
  try {
    if (isOutdated())
      await promisify(execFile)(process.execPath, ['build/package.ts'], { cwd: root, timeout: buildLimitMs });
    await place(file);
  } finally {
    lock.release();
  }
  return file;
};

/** A link costs nothing, and a later build replaces dist/micro without touching what the link leads to. */
const place = async (file: string): Promise<void> => {
  try {
    linkSync(executable, file);
  } catch {
    // Another file system.
    await copyFile(executable, file);
  }
};

const isOutdated = (): boolean => {
  if (!existsSync(executable)) return true;
  const made = statSync(executable).mtimeMs;
  const sources = globSync(['{build,cmd,internal,plugins,proto,sdk}/**/*.{ts,js,json}', 'package-lock.json'], {
    cwd: root,
  });
  return sources.some((file) => !file.endsWith('.test.ts') && statSync(join(root, file)).mtimeMs > made);
};

/** All that a machine without Node has. */
const programs: readonly string[] = [
  ...['sh', 'tar', 'git', 'curl'],
  ...[
    'cat',
    'chmod',
    'cp',
    'date',
    'dirname',
    'basename',
    'echo',
    'env',
    'head',
    'id',
    'ln',
    'ls',
    'mkdir',
    'mktemp',
    'mv',
  ],
  ...['printf', 'pwd', 'rm', 'sha256sum', 'sleep', 'sort', 'tail', 'test', 'touch', 'true', 'uname', 'wc'],
];

/** A folder with links to sh, coreutils, tar, git and curl and nothing else: a PATH without Node. */
export const barePath = (parent: string): string => {
  const folder = join(parent, 'bin');
  mkdirSync(folder);
  for (const name of programs) {
    const found = (process.env.PATH ?? '')
      .split(delimiter)
      .map((p) => join(p, name))
      .find((file) => existsSync(file));
    if (found !== undefined) symlinkSync(found, join(folder, name));
  }
  return folder;
};
