/** The store service over memory drivers in this process, and a client that reaches it: what the rpc drivers of store and blob are tested against. */

import type { Client } from '../../internal/contract/client.ts';
import { plugin as memoryBlob } from '../../plugins/drivers/blob/memory/plugin.ts';
import { plugin as memoryStore } from '../../plugins/drivers/store/memory/plugin.ts';
import { plugin as served } from '../../plugins/services/store/plugin.ts';
import { inProcessClient, testAdmin } from './in-process-client.ts';
import { startDriver, startService } from './start-driver.ts';

export const servedStore = async (now?: () => number): Promise<{ client: Client; stop(): Promise<void> }> => {
  const store = await startDriver(memoryStore, { now });
  const blob = await startDriver(memoryBlob, { now });
  const service = await startService(served, { needs: { store: store.instance, blob: blob.instance } });
  return {
    client: inProcessClient({ services: { store: service.instance.handlers }, account: testAdmin }),
    stop: async () => {
      await service.stop();
      await blob.stop();
      await store.stop();
    },
  };
};
