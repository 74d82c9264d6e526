/** One file out of an npm package: from node_modules when that very version is installed, else from a cache that npm fills and verifies. Owns dist/.cache/packages. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { extract } from 'tar';

const root = join(import.meta.dirname, '..');
const cache = join(root, 'dist', '.cache', 'packages');

/** Absolute path of `file` in `name@version`. npm checks what it downloads against the registry's hashes. */
export const fetchPackageFile = (name: string, version: string, file: string): string => {
  const installed = join(root, 'node_modules', name);
  if (versionOf(installed) === version && existsSync(join(installed, file))) return join(installed, file);
  const folder = join(cache, `${name.replace('/', '-')}-${version}`);
  if (versionOf(folder) !== version) fetch(`${name}@${version}`, folder);
  return join(folder, file);
};

const versionOf = (folder: string): string | undefined => {
  const manifest = join(folder, 'package.json');
  return existsSync(manifest) ? (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version : undefined;
};

const fetch = (wanted: string, folder: string): void => {
  const temporary = `${folder}.new`;
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true });
  const out = execFileSync('npm', ['pack', wanted, '--json', '--pack-destination', temporary], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [packed] = JSON.parse(out) as { filename: string }[];
  const archive = join(temporary, (packed as { filename: string }).filename);
  extract({ file: archive, cwd: temporary, strip: 1, sync: true });
  rmSync(archive);
  rmSync(folder, { recursive: true, force: true });
  renameSync(temporary, folder);
};
