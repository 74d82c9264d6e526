/** The SQLite blob store against the suite that every blob store must pass. */

import { testBlob } from '../../../../test/conformance/blob.ts';
import { startDriver } from '../../../../test/support/start-driver.ts';
import { plugin } from './plugin.ts';

testBlob('sqlite', {
  open: async () => {
    const { instance, stop } = await startDriver(plugin);
    return { driver: instance, close: stop };
  },
});
