/** `micro uninstall`: removes what was installed and says what it leaves. Refuses while a server runs on the data folder. */

import { existsSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';

import { ExitError } from '../../../internal/contract/error.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { openHome } from '../../../internal/home/home.ts';
import { isHolder, lockFolder } from '../../../internal/process/folder-lock.ts';
import { installedProgram } from '../../../internal/release/installed-program.ts';
import { removeProgram } from '../../../internal/release/remove-program.ts';

import type { needs } from './plugin.ts';

interface Left {
  readonly path: string;
  readonly holds: string;
}

export const run = async ({ out }: Call, ctx: PluginContext<{}, typeof needs>): Promise<void> => {
  const program = installedProgram('delete its folder');
  const { dataDir } = ctx.needs.host;
  const { dir: home } = openHome();
  refuseWhileServing(dataDir);
  const { removed, leftover } = await removeProgram({
    program,
    platform: process.platform,
    caches: [
      join(home, 'cache'),
      join(dataDir, 'cache'),
      join(tmpdir(), `micro-cache-${process.getuid?.() ?? 'user'}`),
    ],
  });
  removeEmpty(home);
  const left = leftIn(home, dataDir);
  if (out.format === 'json') return out.json({ removed, leftover, left });
  for (const path of removed) out.line(`removed ${path}`);
  if (leftover !== undefined) out.line(`it still runs and can be deleted now: ${leftover}`);
  if (left.length === 0) return;
  for (const { path, holds } of left) out.line(`left ${path}: ${holds}`);
  out.line(`to remove that as well: ${removalOf(left.map(({ path }) => path))}`);
};

/** The server starts services with this very program. */
const refuseWhileServing = (dataDir: string): void => {
  if (!existsSync(dataDir)) return;
  const lock = lockFolder({ folder: dataDir, name: 'lock', conflicts: () => true });
  if (isHolder(lock))
    throw new ExitError(`a server runs on ${dataDir}: process ${lock.pid}`, 1, {
      hint: 'stop it first, then uninstall',
    });
  lock.release();
};

/** The data folder is named on its own only when it stands elsewhere. */
const leftIn = (home: string, dataDir: string): readonly Left[] => {
  const inHome = dataDir.startsWith(home + sep);
  const left: Left[] = [];
  if (existsSync(home))
    left.push({ path: home, holds: `settings, logins and plugins${inHome ? ', and the data of micro server' : ''}` });
  if (!inHome && existsSync(dataDir)) left.push({ path: dataDir, holds: 'the data of micro server' });
  return left;
};

/** A folder that held nothing but a cache is no data of anybody's. */
const removeEmpty = (folder: string): void => {
  try {
    rmdirSync(folder);
  } catch {
    // Not empty, or not there.
  }
};

const removalOf = (paths: readonly string[]): string =>
  process.platform === 'win32'
    ? `Remove-Item -Recurse -Force ${paths.map((p) => `'${p.replaceAll("'", "''")}'`).join(', ')}`
    : `rm -rf ${paths.map((p) => `'${p.replaceAll("'", "'\\''")}'`).join(' ')}`;
