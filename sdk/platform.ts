/**
 * The platform as a service sees it: the drivers of profile `service`, brought up by the host, and one port that the service is reached at.
 * Owns which drivers and which settings a service has; what each does is its own business.
 */

import { auth } from '../internal/contract/auth.ts';
import { type Client as ByteClient, client } from '../internal/contract/client.ts';
import type { Handlers } from '../internal/contract/handler.ts';
import type { Logger, LogLevel } from '../internal/contract/logger.ts';
import { registry } from '../internal/contract/registry.ts';
import { type Store as RecordStore, store } from '../internal/contract/store.ts';
import { createHost } from '../internal/host/host.ts';
import { serve } from '../internal/host/serve.ts';
import { createLogger, logLevels } from '../internal/log/logger.ts';
import { plugin as authDriver } from '../plugins/drivers/auth/rpc/plugin.ts';
import { plugin as clientDriver } from '../plugins/drivers/client/proxy/plugin.ts';
import { plugin as registryDriver } from '../plugins/drivers/registry/rpc/plugin.ts';
import { plugin as storeDriver } from '../plugins/drivers/store/rpc/plugin.ts';
import { plugin as profile } from '../plugins/profiles/service/plugin.ts';
import type { Identity } from './identity.ts';
import type { Environment } from './launch.ts';

export interface Platform {
  /** Where the service answers, `host:port`. */
  readonly address: string;
  /** Calls as the service itself. */
  readonly client: ByteClient;
  readonly store: RecordStore;
  /** Leaves the registry, lets calls finish until the deadline, closes everything. */
  stop(deadline: AbortSignal): Promise<void>;
}

export interface PlatformOptions {
  readonly identity: Identity;
  readonly env: Environment;
  readonly handlers: Handlers;
  /** Proto full names under which plain gRPC clients may call it. */
  readonly grpcNames: readonly string[];
  /** Its proto files as descriptors, for reflection. */
  descriptors(): readonly Uint8Array[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly log: Logger;
}

const needs = { auth, client, registry, store };

/**
 * The variables that reach the drivers. A service inherits its server's whole environment; what switches the server's slots or names its
 * folders must not do the same here.
 */
const settingNames: readonly string[] = [
  'MICRO_PROXY',
  'MICRO_NAMESPACE',
  'MICRO_AUTH_ID',
  'MICRO_AUTH_SECRET',
  'MICRO_AUTH_ADDRESS',
  'MICRO_REGISTRY_ADDRESS',
  'MICRO_STORE_ADDRESS',
];
/** Nobody outside this machine reaches a service unless its address is set. */
const defaultAddress = '127.0.0.1:0';

/** Resolves when the service is registered and answers; when it throws, nothing is left open. */
export const openPlatform = async (o: PlatformOptions): Promise<Platform> => {
  const { name, version, namespace } = o.identity;
  const stopping = new AbortController();
  const host = createHost({
    plugins: [profile, authDriver, clientDriver, registryDriver, storeDriver],
    profile: 'service',
    version,
    settings: { env: Object.fromEntries(settingNames.map((n) => [n, o.env[n]])) },
    log: o.log,
  });
  const opened = await host.open({ id: name, needs });
  // The first caller's check needs the rules. Asked for now, they bring up the connection and the token that registering needs, while the
  // port is opened. Who fails to get them asks again, and says so.
  opened.needs.auth.rules({ namespace }).catch(() => undefined);
  try {
    const served = await serve({
      services: [
        {
          name,
          version,
          namespace,
          handlers: o.handlers,
          metadata: o.metadata,
          grpcNames: o.grpcNames,
          descriptors: o.descriptors,
          sharePrefix: true,
        },
      ],
      address: o.env.MICRO_SERVICE_ADDRESS || defaultAddress,
      registry: opened.needs.registry,
      auth: opened.needs.auth,
      log: o.log,
      signal: stopping.signal,
    });
    return {
      address: served.address,
      client: opened.needs.client,
      store: opened.needs.store,
      stop: async (deadline) => {
        try {
          await served.stop(deadline);
        } finally {
          stopping.abort();
          await opened.stop();
        }
      },
    };
  } catch (e) {
    await opened.stop();
    throw e;
  }
};

/** Lines go to stderr, which the runtime keeps. */
export const createServiceLogger = ({ name, version }: Identity, env: Environment): Logger =>
  createLogger({
    level: logLevels.find((l): l is LogLevel => l === env.MICRO_LOG_LEVEL),
    format: env.MICRO_LOG_FORMAT === 'json' ? 'json' : 'text',
    write: (line) => process.stderr.write(line),
    fields: { service: name, version },
  });
