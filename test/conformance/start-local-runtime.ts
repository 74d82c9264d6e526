/** Starts the local runtime for tests: state in memory, a registry of its own, services that are small scripts, short waits. */

import type { Auth } from '../../internal/contract/auth.ts';
import { notFound } from '../../internal/contract/error.ts';
import type { Registry } from '../../internal/contract/registry.ts';
import { plugin as memoryBlob } from '../../plugins/drivers/blob/memory/plugin.ts';
import { plugin as memoryRegistry } from '../../plugins/drivers/registry/memory/plugin.ts';
import { plugin as localRuntime } from '../../plugins/drivers/runtime/local/plugin.ts';
import { plugin as memoryStore } from '../../plugins/drivers/store/memory/plugin.ts';
import { startDriver } from '../support/start-driver.ts';
import type { RuntimeSubject } from './runtime.ts';
import { openPlatform } from './runtime-platform.ts';

export interface StartedRuntime extends RuntimeSubject {
  readonly registry: Registry;
  readonly dataDir: string;
  /** Stops the driver and starts another on the same state. */
  restart(): Promise<StartedRuntime>;
  /** Stops everything. */
  stop(): Promise<void>;
}

/** Long enough for a process to start on a busy machine, short enough to wait for in one test. */
const startTimeoutMs = 4_000;
const stopTimeoutMs = 1_000;
const restartDelayMs = 50;

export const startLocalRuntime = async (): Promise<StartedRuntime> => {
  const store = await startDriver(memoryStore);
  const blob = await startDriver(memoryBlob);
  const registry = await startDriver(memoryRegistry);
  const platform = await openPlatform(registry.instance);
  await registerProxy(registry.instance);
  const auth = accountsOnly();
  const needs = {
    store: store.instance,
    blob: blob.instance,
    registry: registry.instance,
    client: platform.client,
    builders: [platform.builder],
    auth,
  };
  const config = { start_timeout: startTimeoutMs, stop_timeout: stopTimeoutMs, restart_delay: restartDelayMs };
  const release = async (): Promise<void> => {
    await platform.close();
    for (const driver of [registry, blob, store]) await driver.stop();
  };
  const folder = await startDriver(localRuntime, { needs, config });
  const started = (driver: typeof folder): StartedRuntime => ({
    runtime: driver.instance,
    platform,
    registry: registry.instance,
    dataDir: folder.dataDir,
    restart: async () => {
      await driver.instance.stop?.(AbortSignal.timeout(10_000));
      return started(await startDriver(localRuntime, { needs, config, dataDir: folder.dataDir }));
    },
    stop: async () => {
      await driver.stop();
      if (driver !== folder) await folder.stop();
      await release();
    },
  });
  return started(folder);
};

/** So that services have an address to be told; nobody calls it here. */
const registerProxy = (registry: Registry): Promise<void> =>
  registry.register({
    name: 'proxy',
    version: 'latest',
    metadata: {},
    endpoints: [],
    nodes: [{ id: 'proxy-1', address: '127.0.0.1:1', metadata: { listener: '127.0.0.1:1' } }],
  });

/** What the runtime asks of auth: accounts that come and go. */
const accountsOnly = (): Auth => {
  const ids = new Set<string>();
  const only: Pick<Auth, 'generate' | 'deleteAccount' | 'accounts'> = {
    accounts: async () => [],
    generate: async (account, o = {}) => {
      ids.add(`${o.namespace} ${account.id}`);
      const { id, name = id, type = 'user', scopes = [], metadata = {}, secret = 'secret' } = account;
      return { id, name, type, scopes, metadata, secret, issuer: o.namespace ?? 'micro' };
    },
    deleteAccount: async (id, o = {}) => {
      if (!ids.delete(`${o.namespace} ${id}`)) throw notFound('auth.Accounts.Delete', 'account not found');
    },
  };
  return only as Auth;
};
