/** The SQLite registry passes the registry suite, with either engine. */

import { testRegistry } from '../../../../test/conformance/registry.ts';
import { startDriver } from '../../../../test/support/start-driver.ts';

import { plugin } from './plugin.ts';

testRegistry('sqlite', {
  open: async () => {
    let now = 1_700_000_000_000;
    const { instance, stop } = await startDriver(plugin, { now: () => now });
    return {
      driver: {
        registry: instance,
        advance: (ms) => {
          now += ms;
        },
      },
      close: stop,
    };
  },
});
