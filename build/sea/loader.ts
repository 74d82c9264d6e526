/** The first code of the executable: reads chunks, caches and files out of it, and starts the bundle. Bundled by itself into the SEA's main script. */

import { existsSync } from 'node:fs';
import { getRawAsset } from 'node:sea';

import { install } from './install.ts';

/** Still the running program when its file was moved, replaced or removed. */
const linuxSelf = '/proc/self/exe';

const bytes = (name: string): Uint8Array | undefined => {
  try {
    return new Uint8Array(getRawAsset(name) as ArrayBuffer);
  } catch {
    // The only way to ask whether there is an asset of that name.
    return undefined;
  }
};

const inside = install({
  text: (chunk) => {
    const asset = getRawAsset(`js/${chunk}`) as ArrayBuffer;
    return Buffer.from(asset).toString('latin1');
  },
  cache: (chunk) => bytes(`cache/${chunk}`),
  asset: bytes,
  command: () => [process.platform === 'linux' && existsSync(linuxSelf) ? linuxSelf : process.execPath],
});
const { start } = inside.module('main') as { start(): Promise<void> };
// A rejection ends the process by Node's own rule, with its stack.
void start();
