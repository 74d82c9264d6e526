/** The store driver of examples/plugin-demo, as `micro plugin build` makes it, against the suite that every store must pass. */

import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import type { DriverPlugin } from '../../internal/contract/plugin.ts';
import type { Store } from '../../internal/contract/store.ts';
import { testStore } from '../conformance/store.ts';
import { runMicro } from '../support/server.ts';
import { copyExample, tempFolder } from '../support/service-folder.ts';
import { startDriver } from '../support/start-driver.ts';

type StoreDriver = DriverPlugin<Store, {}, {}>;

let built: Promise<StoreDriver> | undefined;

const sources = tempFolder();
// All cases share it, and none knows to be the last.
process.on('exit', () => rmSync(sources, { recursive: true, force: true }));

const build = async (): Promise<StoreDriver> => {
  const folder = copyExample(sources, 'plugin-demo');
  const { code, stderr } = await runMicro(['plugin', 'build', join(folder, 'json-store')]);
  if (code !== 0) throw new Error(stderr);
  const entry = join(folder, 'json-store', 'dist', 'index.cjs');
  return (createRequire(entry)(entry) as { plugin: StoreDriver }).plugin;
};

testStore('json, a third-party plugin', {
  open: async () => {
    built ??= build();
    let now = 1_700_000_000_000;
    const { instance, stop } = await startDriver(await built, { now: () => now });
    const advance = (ms: number): void => {
      now += ms;
    };
    return { driver: { store: instance, advance, ttlStepMs: 1 }, close: stop };
  },
});
