/** The SQLite blob store on Node's own SQLite against the suite that every blob store must pass. */

import { testBlob } from '../../../../test/conformance/blob.ts';
import { startDriver } from '../../../../test/support/start-driver.ts';
import { plugin } from './plugin.ts';

testBlob("sqlite on Node's own SQLite", {
  open: async () => {
    const { instance, stop } = await startDriver(plugin, { config: { engine: 'node' } });
    return { driver: instance, close: stop };
  },
});
