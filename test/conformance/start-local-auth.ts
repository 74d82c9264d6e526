/** Starts the local auth driver over the memory store, with a key that is read instead of made. */

import { generateKeyPairSync } from 'node:crypto';

import type { Auth } from '../../internal/contract/auth.ts';
import type { Store } from '../../internal/contract/store.ts';
import { plugin as localAuth } from '../../plugins/drivers/auth/local/plugin.ts';
import { plugin as memoryStore } from '../../plugins/drivers/store/memory/plugin.ts';
import { type StartedPlugin, startDriver, type StartOptions } from '../support/start-driver.ts';

/** Made once per test file: a key takes longer than most cases. */
const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs1', format: 'pem' })
  .toString();

export type LocalAuthOptions = StartOptions<NonNullable<typeof localAuth.config>, NonNullable<typeof localAuth.needs>>;

/** A store that outlives the driver; pass it in `needs`. */
export const startMemoryStore = (o: { readonly now?: () => number } = {}): Promise<StartedPlugin<Store>> =>
  startDriver(memoryStore, o);

/** A fresh one; give `needs` to keep the store. stop() ends both. */
export const startLocalAuth = async (o: LocalAuthOptions = {}): Promise<StartedPlugin<Auth>> => {
  const store = await startDriver(memoryStore, { now: o.now });
  const auth = await startDriver(localAuth, {
    needs: { store: store.instance },
    ...o,
    config: { private_key: privateKey, password_work: 1, ...o.config },
  });
  return {
    ...auth,
    stop: async () => {
      await auth.stop();
      await store.stop();
    },
  };
};
