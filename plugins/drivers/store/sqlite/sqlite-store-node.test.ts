/** The SQLite store on Node's own SQLite against the suite that every store must pass. */

import { testStore } from '../../../../test/conformance/store.ts';
import { startDriver } from '../../../../test/support/start-driver.ts';
import { plugin } from './plugin.ts';

testStore("sqlite on Node's own SQLite", {
  open: async () => {
    let now = 1_700_000_000_000;
    const { instance, stop } = await startDriver(plugin, { now: () => now, config: { engine: 'node' } });
    const advance = (ms: number): void => {
      now += ms;
    };
    return { driver: { store: instance, advance, ttlStepMs: 1 }, close: stop };
  },
});
