/**
 * `npm run python-fixtures`: a virtual environment with the packages of test/fixture/python/requirements.txt, made once per content in
 * node_modules/.cache/micro-python; tests find it there. Without a python3, or without its package index, those tests are skipped by name.
 */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const requirements = join(root, 'test/fixture/python/requirements.txt');
const cache = join(root, 'node_modules', '.cache', 'micro-python');
const installLimitMs = 300_000;

/** The interpreter that has the packages, or why there is none. */
export type PythonFixture = { readonly file: string } | { readonly absent: string };

const folderOf = (): string =>
  join(cache, createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16));

/** Looks; makes nothing. */
export const pythonFixture = (): PythonFixture => {
  const folder = folderOf();
  const file = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  // Written last: a folder without it was left half made.
  return existsSync(join(folder, 'ready')) ? { file } : { absent: 'npm run python-fixtures has not made it' };
};

const make = (): PythonFixture => {
  const known = pythonFixture();
  if ('file' in known) return known;
  const folder = folderOf();
  const run = (file: string, args: readonly string[]): void =>
    void execFileSync(file, args, { stdio: 'pipe', timeout: installLimitMs });
  try {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(cache, { recursive: true });
    run('python3', ['-m', 'venv', folder]);
    run(join(folder, 'bin/python'), ['-m', 'pip', 'install', '--quiet', '-r', requirements]);
    writeFileSync(join(folder, 'ready'), '');
    return pythonFixture();
  } catch (e) {
    const said = e instanceof Error && 'stderr' in e ? String(e.stderr).trim().split('\n').at(-1) : '';
    return { absent: said || (e instanceof Error ? e.message : String(e)) };
  }
};

if (process.argv[1] === import.meta.filename) {
  const made = make();
  console.log('file' in made ? `python fixtures: ${made.file}` : `SKIP python fixtures: ${made.absent}`);
}
