/** The registry service over a memory registry in this process, and a client that reaches it: what drivers/registry/rpc is tested against. */

import type { Client } from '../../internal/contract/client.ts';
import { plugin as memory } from '../../plugins/drivers/registry/memory/plugin.ts';
import { plugin as served } from '../../plugins/services/registry/plugin.ts';
import { inProcessClient, testAdmin } from './in-process-client.ts';
import { startDriver, startService } from './start-driver.ts';

export const servedRegistry = async (now: () => number): Promise<{ client: Client; stop(): Promise<void> }> => {
  const driver = await startDriver(memory, { now });
  const service = await startService(served, { needs: { registry: driver.instance } });
  return {
    client: inProcessClient({ services: { registry: service.instance.handlers }, account: testAdmin }),
    stop: async () => {
      await service.stop();
      await driver.stop();
    },
  };
};
