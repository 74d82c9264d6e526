/** `micro plugin build [FOLDER]`: plugin.ts becomes index.cjs and plugin.json. Runs the author's code once, to read its manifest. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

import { ExitError } from '../../../internal/contract/error.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { manifestFile, manifestJson, parseManifest } from '../../../internal/external/manifest.ts';
import { exportedPlugin } from '../../../internal/external/plugin-folders.ts';

import { bundlePlugin } from './bundle-plugin.ts';
import type { buildFlags, config, needs } from './plugin.ts';

/** Authors write the file that we write. */
const sources: readonly string[] = ['plugin.ts', 'plugin.mts', 'plugin.js', 'plugin.mjs'];
const entry = 'index.cjs';

export const run = async (
  call: Call<typeof buildFlags>,
  _ctx: PluginContext<typeof config, typeof needs>,
): Promise<void> => {
  const folder = resolve(call.args[0] ?? '.');
  const source = sources.map((name) => join(folder, name)).find((file) => existsSync(file));
  if (source === undefined) throw new ExitError(`${call.args[0] ?? '.'} holds no plugin.ts`, 1);
  const target = resolve(call.flags.out_dir || join(folder, 'dist'));
  const code = await bundlePlugin(source);
  const plugin = exportedPlugin(code, join(target, entry));
  const manifest = manifestJson(plugin, { version: versionOf(folder), entry });
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  // What is written is what `micro plugin add` accepts.
  parseManifest(JSON.parse(text));
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, entry), code);
  writeFileSync(join(target, manifestFile), text);
  if (call.out.format === 'json') return call.out.json({ folder: target, id: plugin.id, bytes: code.length });
  const shown = relative(process.cwd(), target) || '.';
  call.out.line(`built ${plugin.id} in ${shown} (${Math.ceil(code.length / 1024)} KB)`);
  call.out.line(`add it: micro plugin add ${shown.startsWith('..') ? target : `./${shown}`}`);
};

/** Of the nearest package.json that has one. */
const versionOf = (folder: string): string => {
  for (let at = folder; ; at = dirname(at)) {
    const version = versionIn(join(at, 'package.json'));
    if (version !== undefined) return version;
    if (dirname(at) === at)
      throw new ExitError('no package.json says the version', 1, {
        hint: `add ${join(folder, 'package.json')}: { "version": "1.0.0" }`,
      });
  }
};

const versionIn = (file: string): string | undefined => {
  if (!existsSync(file)) return undefined;
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined;
    return typeof version === 'string' ? version : undefined;
  } catch (e) {
    throw new ExitError(`${file} is not valid JSON: ${e instanceof Error ? e.message : String(e)}`, 1, { cause: e });
  }
};
