/** The folders in ~/.micro/plugins: what each holds, and whether it may be used. Reads plugin.json and the lock; code is read by loadPluginCode alone, and only runs when its hash is the trusted one. */

import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, join, sep } from 'node:path';

import { ExitError } from '../contract/error.ts';
import { externalPluginsMax, pluginEntryBytesMax, pluginManifestBytesMax } from '../contract/limits.ts';
import type { Plugin } from '../contract/plugin.ts';
import { type ExternalManifest, manifestFile, parseManifest } from './manifest.ts';
import { pluginOf } from './plugin-of.ts';
import { type Lock, type LockEntry, readLock, sha256 } from './plugin-lock.ts';
import { runCommonJs } from './run-common-js.ts';

/** `refused`: it cannot be used here at all. `not trusted`: nobody added it, or it is not what was added. */
export type ExternalState = 'trusted' | 'not trusted' | 'refused';

export interface FoundPlugin {
  readonly folder: string;
  readonly dir: string;
  /** Undefined when plugin.json cannot be read. */
  readonly manifest: ExternalManifest | undefined;
  readonly state: ExternalState;
  /** Why it is not used; empty for a trusted one. */
  readonly reason: string;
  /** What the lock says of it. */
  readonly trusted: LockEntry | undefined;
}

/**
 * All of them, sorted by folder; none when there is no such folder. Does not look at the code, whose hash is checked when it is loaded.
 * Never throws: when the folder as a whole cannot be read it is listed itself, as refused.
 */
export const findPlugins = (dir: string): readonly FoundPlugin[] => {
  try {
    const folders = foldersIn(dir);
    if (folders.length === 0) return [];
    const lock = readLockOrFault(dir);
    return folders.map((folder) => judge(join(dir, folder), lock));
  } catch (e) {
    const folder = basename(dir);
    return [{ folder, dir, manifest: undefined, trusted: undefined, state: 'refused', reason: messageOf(e) }];
  }
};

const foldersIn = (dir: string): readonly string[] => {
  if (!existsSync(dir)) return [];
  const folders = readdirSync(dir)
    .filter((name) => !name.startsWith('.') && statSync(join(dir, name), { throwIfNoEntry: false })?.isDirectory())
    .sort();
  if (folders.length > externalPluginsMax)
    throw new ExitError(`${dir} holds more folders than externalPluginsMax (${externalPluginsMax})`, 1);
  return folders;
};

/** A damaged lock trusts nothing, and says why. */
const readLockOrFault = (dir: string): Lock | string => {
  try {
    return readLock(dir);
  } catch (e) {
    return messageOf(e);
  }
};

const judge = (dir: string, lock: Lock | string): FoundPlugin => {
  const folder = basename(dir);
  const found = { folder, dir, manifest: undefined, trusted: undefined };
  try {
    const { manifest, bytes } = readManifest(dir);
    if (typeof lock === 'string') return { ...found, manifest, state: 'not trusted', reason: lock };
    const trusted = lock.get(manifest.id);
    const reason = distrust(dir, manifest, bytes, trusted);
    return { ...found, manifest, trusted, state: reason === '' ? 'trusted' : 'not trusted', reason };
  } catch (e) {
    return { ...found, state: 'refused', reason: messageOf(e) };
  }
};

const distrust = (
  dir: string,
  manifest: ExternalManifest,
  bytes: Uint8Array,
  trusted: LockEntry | undefined,
): string => {
  if (trusted === undefined) return `nobody added it: micro plugin add ${dir}`;
  if (trusted.version !== manifest.version)
    return `version ${trusted.version} was added, this is ${manifest.version}: micro plugin add ${dir}`;
  return trusted.manifest_sha256 === sha256(bytes)
    ? ''
    : `${manifestFile} has changed since it was added: micro plugin add ${dir}`;
};

export interface ReadManifest {
  readonly manifest: ExternalManifest;
  readonly bytes: Uint8Array;
}

/** Throws ExitError that says what is wrong with it. */
export const readManifest = (dir: string): ReadManifest => {
  const bytes = readBounded(join(dir, manifestFile), pluginManifestBytesMax, 'pluginManifestBytesMax');
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (e) {
    throw new ExitError(`${manifestFile} is not valid JSON: ${messageOf(e)}`, 1, { cause: e });
  }
  return { manifest: parseManifest(value), bytes };
};

/** The bytes of the code. Throws ExitError when there is none, or when it stands outside the plugin's folder. */
export const readEntry = (dir: string, { entry }: ExternalManifest): Uint8Array => {
  const file = join(dir, entry);
  if (!existsSync(file)) throw new ExitError(`${manifestFile}.entry: there is no file ${entry}`, 1);
  if (!realpathSync(file).startsWith(realpathSync(dir) + sep))
    throw new ExitError(`${manifestFile}.entry: ${entry} leads out of the plugin's folder`, 1);
  return readBounded(file, pluginEntryBytesMax, 'pluginEntryBytesMax');
};

const readBounded = (file: string, bytesMax: number, bound: string): Uint8Array => {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (stat === undefined) throw new ExitError(`there is no ${basename(file)}`, 1);
  if (!statSync(file).isFile()) throw new ExitError(`${basename(file)} is not a file`, 1);
  if (statSync(file).size > bytesMax) throw new ExitError(`${basename(file)} is larger than ${bound} (${bytesMax})`, 1);
  return readFileSync(file);
};

/** Why the code may not run although its manifest is trusted; empty when it may. */
export const entryFault = (found: FoundPlugin): string => {
  const { manifest, trusted } = found;
  if (manifest === undefined || trusted === undefined) return '';
  try {
    return sha256(readEntry(found.dir, manifest)) === trusted.sha256 ? '' : changedText(found);
  } catch (e) {
    return messageOf(e);
  }
};

const changedText = ({ dir, manifest }: FoundPlugin): string =>
  `${manifest?.entry} has changed since it was added: micro plugin add ${dir}`;

/** Runs a trusted plugin's code. The bytes that are hashed here are the bytes that run. Throws ExitError when they are not those that were added. */
export const loadPluginCode = (found: FoundPlugin): Plugin => {
  const manifest = found.manifest as ExternalManifest;
  const bytes = readEntry(found.dir, manifest);
  if (sha256(bytes) !== found.trusted?.sha256)
    throw new ExitError(`plugin ${manifest.id} is not trusted: ${changedText(found)}`, 1);
  const plugin = exportedPlugin(bytes, join(found.dir, manifest.entry));
  if (plugin.id !== manifest.id || plugin.kind !== manifest.kind)
    throw new ExitError(
      `plugin ${manifest.id}: its code is for ${String(plugin.kind)} ${String(plugin.id)}: build it again`,
      1,
    );
  return plugin;
};

/** What the code exports as `plugin`. Throws ExitError when it exports no such thing, or fails as it runs. */
export const exportedPlugin = (bytes: Uint8Array, file: string): Plugin => {
  let exported: unknown;
  try {
    exported = runCommonJs(bytes, file);
  } catch (e) {
    throw new ExitError(`cannot load ${file}: ${messageOf(e)}`, 1, { cause: e });
  }
  const plugin = (exported as { plugin?: unknown } | null)?.plugin;
  const shaped = typeof plugin === 'object' && plugin !== null && 'id' in plugin && 'kind' in plugin;
  if (!shaped)
    throw new ExitError(`${file} exports no plugin`, 1, { hint: 'export const plugin = defineDriver({ … })' });
  return plugin as Plugin;
};

/** The manifest as a plugin whose code cannot be loaded: to look at, not to use. */
export const dataOf = (manifest: ExternalManifest): Plugin =>
  pluginOf(manifest, () => {
    throw new Error(`plugin ${manifest.id} was not added`);
  });

const messageOf = (e: unknown): string => (e instanceof Error ? e.message : String(e));
