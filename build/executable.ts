/** Turns a folder (chunks, code caches, native files) and a Node binary into one executable file. Owns the copy of Node that it works on; fetches and bundles nothing. */

import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, globSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { signMachO } from './macho-sign.ts';
import { inject } from './inject.ts';
import { unsignPe } from './pe-unsign.ts';
import { hostTarget, type Target, type TargetName } from './target.ts';

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

/** Per target, the programs that may do it here. */
const stripTools: Readonly<Partial<Record<TargetName, readonly string[]>>> = {
  'linux-x64': ['x86_64-linux-gnu-strip', 'llvm-strip'],
  'linux-arm64': ['aarch64-linux-gnu-strip', 'llvm-strip'],
};

/** Symbols are a tenth of the size. Only before injection: the tools for it damage what was injected. Without such a tool the file is larger, and works. */
const strip = (file: string, target: Target): void => {
  const tools = [...(target === hostTarget() ? ['strip'] : []), ...(stripTools[target.name] ?? [])];
  if (target.platform !== 'linux') return;
  for (const tool of tools) {
    const { error, status } = spawnSync(tool, ['-s', file], { stdio: ['ignore', 'ignore', 'inherit'] });
    if (error === undefined && status === 0) return;
  }
  console.log(`${target.name}: symbols stay in, none of these is here: ${tools.join(', ')}`);
};
