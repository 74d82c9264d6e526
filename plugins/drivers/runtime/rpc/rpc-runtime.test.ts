/** The rpc runtime against the suite that every runtime must pass, joined to the local one by the runtime service and its real codecs. */

import { testRuntime } from '../../../../test/conformance/runtime.ts';
import { startLocalRuntime } from '../../../../test/conformance/start-local-runtime.ts';
import { inProcessClient, testAdmin } from '../../../../test/support/in-process-client.ts';
import { startDriver, startService } from '../../../../test/support/start-driver.ts';
import { plugin as runtimeService } from '../../../services/runtime/plugin.ts';
import { plugin } from './plugin.ts';

testRuntime('rpc', {
  open: async () => {
    const local = await startLocalRuntime();
    const service = await startService(runtimeService, { needs: { runtime: local.runtime } });
    const client = inProcessClient({ services: { runtime: service.instance.handlers }, account: testAdmin });
    const { instance, stop } = await startDriver(plugin, { needs: { client } });
    return {
      driver: { runtime: instance, platform: local.platform },
      close: async () => {
        await stop();
        await service.stop();
        await local.stop();
      },
    };
  },
});
