/** The rpc registry passes the registry suite against the real registry service, with real codecs and no network. */

import { testRegistry } from '../../../../test/conformance/registry.ts';
import { servedRegistry } from '../../../../test/support/served-registry.ts';
import { startDriver } from '../../../../test/support/start-driver.ts';

import { plugin } from './plugin.ts';

testRegistry('rpc', {
  open: async () => {
    let now = 1_700_000_000_000;
    const { client, stop } = await servedRegistry(() => now);
    const { instance, stop: stopDriver } = await startDriver(plugin, { needs: { client } });
    return {
      driver: {
        registry: instance,
        advance: (ms) => {
          now += ms;
        },
      },
      close: async () => {
        await stopDriver();
        await stop();
      },
    };
  },
});
