/**
 * `npm run package`: makes dist/micro for this machine; with `--all` one executable per target, and SHA256SUMS. Owns dist/;
 * bundle.ts makes the code, warm-caches.ts its code caches, executable.ts puts them into a Node binary.
 */

import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { type Bundle, bundle, writeBundle } from './bundle.ts';
import { makeExecutable } from './executable.ts';
import { fetchPackageFile } from './fetch-package.ts';
import { writeNativeFiles } from './native-files.ts';
import { hostTarget, type Target, targets } from './target.ts';
import { warmCaches } from './warm-caches.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

const main = async (): Promise<void> => {
  const all = process.argv.slice(2).includes('--all');
  const code = await bundle();
  const made = (all ? targets : [hostTarget()]).map((t) => ({ target: t, file: join(dist, all ? t.output : 'micro') }));
  for (const { target, file } of made) await makeOne(code, target, file);
  if (!all) return;
  copyFileSync(join(dist, hostTarget().output), join(dist, 'micro.new'));
  renameSync(join(dist, 'micro.new'), join(dist, 'micro'));
  const sums = made.map((m) => `${sha256(m.file)}  ${m.target.output}\n`);
  writeFileSync(join(dist, 'SHA256SUMS'), sums.join(''));
};

const makeOne = async (code: Bundle, target: Target, file: string): Promise<void> => {
  const started = performance.now();
  const node = fetchPackageFile(target.nodePackage, target.nodeVersion, target.nodeFile);
  const folder = join(dist, '.cache', target.name);
  writeBundle(code, folder);
  writeNativeFiles(folder, target, buildInfo(target));
  // Code caches fit one platform and one version only, and only here can they be made.
  if (target === hostTarget()) await warmCaches(node, folder);
  await makeExecutable({ target, node, folder, file });
  const megabytes = (statSync(file).size / 1e6).toFixed(1);
  console.log(`${file}  ${megabytes} MB  ${((performance.now() - started) / 1000).toFixed(1)} s`);
};

const buildInfo = (target: Target): { version: string; commit: string; target: string } => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return { version: `v${version}`, commit: commit(), target: target.name };
};

const commit = (): string => {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    // Built from an archive of the sources.
    return '';
  }
};

const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

await main();
