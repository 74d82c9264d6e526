/** Turns a folder (chunks, code caches, native files) and a Node binary into one executable file. Owns the copy of Node that it works on; fetches and bundles nothing. */

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, globSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { signMachO } from './macho-sign.ts';
import { inject } from './inject.ts';
import { unsignPe } from './pe-unsign.ts';
import { hostTarget, type Target } from './target.ts';

export interface ExecutableOptions {
  readonly target: Target;
  /** The target's Node binary. */
  readonly node: string;
  /** Folder whose `js/`, `cache/`, `native/` and `build.json` go in, under those names; its `loader.cjs` is run first. */
  readonly folder: string;
  readonly file: string;
}

/** Replaces `file` in one step when all went well. */
export const makeExecutable = async (o: ExecutableOptions): Promise<void> => {
  const names = globSync('{js,cache,native}/*', { cwd: o.folder }).map((name) => name.replaceAll('\\', '/'));
  const assets = Object.fromEntries(['build.json', ...names].sort().map((name) => [name, join(o.folder, name)]));
  const node = join(o.folder, 'node');
  copyFileSync(o.node, node);
  chmodSync(node, 0o755);
  strip(node, o.target);
  const made = join(o.folder, 'micro');
  await inject({ target: o.target, node, main: join(o.folder, 'loader.cjs'), assets, output: made });
  if (o.target.platform === 'darwin') writeFileSync(made, signMachO(readFileSync(made), 'micro'));
  if (o.target.platform === 'win32') writeFileSync(made, unsignPe(readFileSync(made)));
  chmodSync(made, 0o755);
  renameSync(made, o.file);
};

/** Symbols are a tenth of the size. Only before injection: the tools for it damage what was injected. */
const strip = (file: string, target: Target): void => {
  if (target === hostTarget() && target.platform === 'linux') execFileSync('strip', ['-s', file], { stdio: 'inherit' });
};
