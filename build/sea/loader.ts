/** The first code of the executable: reads scripts, caches and files out of it, and starts the bundle. Bundled by itself into the SEA's main script. */

import { existsSync } from 'node:fs';
import { getRawAsset } from 'node:sea';
import type { Script } from 'node:vm';

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

/** `MICRO_TRACE=load` names each script; `recompiled` means that its code cache does not fit and costs time at every start. */
const trace = process.env.MICRO_TRACE?.split(',').includes('load')
  ? (name: string, script: Script, ms: number): void => {
      const note = script.cachedDataRejected
        ? ' (recompiled)'
        : script.cachedDataRejected === undefined
          ? ' (no cache)'
          : '';
      process.stderr.write(`load: ${name} ${ms.toFixed(1)} ms${note}\n`);
    }
  : undefined;

const inside = install({
  text: (name) => {
    const asset = getRawAsset(`js/${name}`) as ArrayBuffer;
    return Buffer.from(asset).toString('latin1');
  },
  cache: (name) => bytes(`cache/${name}`),
  asset: bytes,
  compiled: trace,
  command: () => [process.platform === 'linux' && existsSync(linuxSelf) ? linuxSelf : process.execPath],
});
const { start } = inside.module(process.env.MICRO_CHILD ? 'child' : 'main') as { start(): Promise<void> };
// A rejection ends the process by Node's own rule, with its stack.
void start();
