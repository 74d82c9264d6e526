/**
 * Runs the bundle from a folder in the exact Node it is made for, and at its end writes V8's code cache of every script that ran.
 * Command line: `warm.cjs BUNDLE_FOLDER CACHE_FOLDER words…`; children started from it are warmed in the same way.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Script } from 'node:vm';

import { install } from './install.ts';

const [node = '', self = '', bundleFolder = '', cacheFolder = ''] = process.argv;
process.argv.splice(1, 3, node);

const scripts = new Map<string, Script>();
const read = (name: string): Uint8Array | undefined => {
  try {
    return readFileSync(join(bundleFolder, name));
  } catch {
    // Asked for to see whether it is there.
    return undefined;
  }
};
const inside = install({
  text: (name) => readFileSync(join(bundleFolder, 'js', name), 'latin1'),
  cache: () => undefined,
  asset: read,
  command: () => [node, '--no-warnings', self, bundleFolder, cacheFolder],
  compiled: (name, script) => void scripts.set(name, script),
});
process.on('exit', () => {
  const folder = join(cacheFolder, String(process.pid));
  mkdirSync(folder, { recursive: true });
  for (const [name, script] of scripts) writeFileSync(join(folder, name), script.createCachedData());
});
const { start } = inside.module(process.env.MICRO_CHILD ? 'child' : 'main') as { start(): Promise<void> };
void start();
