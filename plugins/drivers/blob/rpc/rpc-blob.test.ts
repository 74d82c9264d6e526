/** The rpc blob store against the suite that every blob store must pass, joined to the store service through its real codecs. */

import { testBlob } from '../../../../test/conformance/blob.ts';
import { servedStore } from '../../../../test/support/served-store.ts';
import { startDriver } from '../../../../test/support/start-driver.ts';
import { plugin } from './plugin.ts';

testBlob('rpc', {
  open: async () => {
    const served = await servedStore();
    const { instance, stop } = await startDriver(plugin, { needs: { client: served.client } });
    const close = async (): Promise<void> => {
      await stop();
      await served.stop();
    };
    return { driver: instance, close };
  },
});
