/** `micro plugin add FOLDER`: copies a built plugin to ~/.micro/plugins and writes its hashes to the lock. Runs none of its code. */

import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import { ExitError } from '../../../internal/contract/error.ts';
import type { Host } from '../../../internal/contract/host.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { clashOf, type Holder } from '../../../internal/external/clash.ts';
import { type ExternalManifest, manifestFile } from '../../../internal/external/manifest.ts';
import { dataOf, readEntry, readManifest } from '../../../internal/external/plugin-folders.ts';
import { pluginsDir, sha256, updateLock } from '../../../internal/external/plugin-lock.ts';

import type { config, needs } from './plugin.ts';

export const run = async (call: Call, ctx: PluginContext<typeof config, typeof needs>): Promise<void> => {
  const { host } = ctx.needs;
  const source = sourceFolder(call.args[0] ?? '');
  const { manifest, bytes } = read(source);
  const code = readEntry(source, manifest);
  const dir = pluginsDir();
  const before = host.external().find(({ id }) => id === manifest.id);
  const isInPlace = existsSync(dir) && realpathSync(dirname(source)) === realpathSync(dir);
  const folder = isInPlace ? basename(source) : (before?.folder ?? manifest.id.replaceAll('/', '-'));
  checkClash(manifest, folder, host);
  const trusted = { version: manifest.version, sha256: sha256(code), manifest_sha256: sha256(bytes) };
  const copy = isInPlace ? undefined : writeCopy(dir, manifest, { bytes, code });
  try {
    await updateLock(dir, (lock) => {
      if (copy !== undefined) swap(copy, join(dir, folder));
      lock.set(manifest.id, trusted);
    });
  } finally {
    if (copy !== undefined) rmSync(copy, { recursive: true, force: true });
  }
  call.out.note('there is no sandbox: this plugin runs with the rights of micro');
  if (call.out.format === 'json') return call.out.json({ id: manifest.id, folder: join(dir, folder), ...trusted });
  const was = before?.version === undefined ? '' : `, was ${before.version}`;
  call.out.line(`added ${manifest.id} ${manifest.version}${was}`);
  call.out.line(`use it: ${useOf(manifest)}`);
};

/** The folder that holds plugin.json: this one, its dist, or that of the file itself. */
const sourceFolder = (given: string): string => {
  const path = resolve(given);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new ExitError(`there is no folder ${given}`, 1);
  if (stat.isFile() && basename(path) === manifestFile) return dirname(path);
  const found = [path, join(path, 'dist')].find((folder) => existsSync(join(folder, manifestFile)));
  if (found !== undefined) return found;
  const isSource = existsSync(join(path, 'plugin.ts'));
  throw new ExitError(`${given} holds no ${manifestFile}`, 1, {
    hint: isSource ? `build it first: micro plugin build ${given}` : undefined,
  });
};

const read = (source: string): ReturnType<typeof readManifest> => {
  try {
    return readManifest(source);
  } catch (e) {
    throw e instanceof ExitError ? new ExitError(`cannot add ${source}: ${e.message}`, 1, { cause: e }) : e;
  }
};

/** Judged against everything that is used, but for the plugin that it replaces. */
const checkClash = (manifest: ExternalManifest, folder: string, host: Host): void => {
  const used = host.external().filter(({ state }) => state === 'trusted');
  const others = host.manifests().flatMap((plugin): Holder[] => {
    const own = used.find(({ id }) => id === plugin.id);
    if (own?.folder === folder) return [];
    return [{ plugin, origin: own === undefined ? 'builtin' : `folder ${own.folder}` }];
  });
  const clash = clashOf({ plugin: dataOf(manifest), origin: `folder ${folder}` }, others);
  if (clash !== undefined) throw new ExitError(`cannot add it: ${clash}`, 1);
};

/** Beside the place it will stand at, so that a rename is enough. */
const writeCopy = (
  dir: string,
  manifest: ExternalManifest,
  { bytes, code }: { readonly bytes: Uint8Array; readonly code: Uint8Array },
): string => {
  const copy = join(dir, `.${randomUUID()}`);
  mkdirSync(dirname(join(copy, manifest.entry)), { recursive: true, mode: 0o700 });
  writeFileSync(join(copy, manifestFile), bytes, { mode: 0o600 });
  writeFileSync(join(copy, manifest.entry), code, { mode: 0o600 });
  return copy;
};

const swap = (copy: string, target: string): void => {
  const aside = `${copy}.old`;
  if (existsSync(target)) renameSync(target, aside);
  renameSync(copy, target);
  rmSync(aside, { recursive: true, force: true });
};

const useOf = (manifest: ExternalManifest): string => {
  switch (manifest.kind) {
    case 'driver':
      return `micro --${manifest.provides}=${basename(manifest.id)} server`;
    case 'service':
      return `micro server --with ${manifest.id}`;
    case 'command':
      return manifest.verbs.map((verb) => `micro ${verb.words}`).join(', ');
  }
};
