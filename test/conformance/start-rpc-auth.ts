/** Starts the rpc auth driver against the real auth service of this process, as an admin. */

import type { Auth } from '../../internal/contract/auth.ts';
import { plugin as rpcAuth } from '../../plugins/drivers/auth/rpc/plugin.ts';
import { plugin as authService } from '../../plugins/services/auth/plugin.ts';
import { inProcessClient, testAdmin } from '../support/in-process-client.ts';
import { startDriver, startService } from '../support/start-driver.ts';
import { startLocalAuth } from './start-local-auth.ts';

export const startRpcAuth = async (): Promise<{ driver: Auth; close(): Promise<void> }> => {
  const local = await startLocalAuth();
  const service = await startService(authService, { needs: { auth: local.instance } });
  const client = inProcessClient({
    services: { auth: service.instance.handlers },
    // Another id than the suite's accounts: nobody may delete the own one.
    account: { ...testAdmin, id: 'operator', name: 'operator' },
  });
  const rpc = await startDriver(rpcAuth, { needs: { client } });
  return {
    driver: rpc.instance,
    close: async () => {
      await rpc.stop();
      await service.stop();
      await local.stop();
    },
  };
};
