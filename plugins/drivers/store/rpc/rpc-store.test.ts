/** The rpc store against the suite that every store must pass, joined to the store service through its real codecs. */

import { testStore } from '../../../../test/conformance/store.ts';
import { servedStore } from '../../../../test/support/served-store.ts';
import { startDriver } from '../../../../test/support/start-driver.ts';
import { plugin } from './plugin.ts';

testStore('rpc', {
  open: async () => {
    let now = 1_700_000_000_000;
    const served = await servedStore(() => now);
    const { instance, stop } = await startDriver(plugin, { now: () => now, needs: { client: served.client } });
    const advance = (ms: number): void => {
      now += ms;
    };
    const close = async (): Promise<void> => {
      await stop();
      await served.stop();
    };
    return { driver: { store: instance, advance, ttlStepMs: 1_000 }, close };
  },
});
