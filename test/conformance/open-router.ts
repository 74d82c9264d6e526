/** A registry router on a memory registry with a clock of its own: the subject of the router suite and the base of the client suites. */

import { plugin as registryPlugin } from '../../plugins/drivers/registry/memory/plugin.ts';
import { plugin as routerPlugin } from '../../plugins/drivers/router/registry/plugin.ts';
import { startDriver } from '../support/start-driver.ts';
import type { RouterSubject } from './router.ts';

export const openRegistryRouter = async (): Promise<{ readonly driver: RouterSubject; close(): Promise<void> }> => {
  let now = 1_700_000_000_000;
  const clock = { now: () => now };
  const registry = await startDriver(registryPlugin, clock);
  const router = await startDriver(routerPlugin, { ...clock, needs: { registry: registry.instance } });
  return {
    driver: {
      router: router.instance,
      registry: registry.instance,
      advance: (ms) => {
        now += ms;
      },
    },
    close: async () => {
      await router.stop();
      await registry.stop();
    },
  };
};
