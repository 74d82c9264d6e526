/**
 * A service: joins the author's handlers with its protos, puts it behind a port and into the registry, and stops it in order.
 * Owns the life of one service; carrying calls, keeping records and registering belong to the platform it opens.
 */

import { dirname } from 'node:path';

import type { Client as ByteClient } from '../internal/contract/client.ts';
import { unavailable } from '../internal/contract/error.ts';
import type { Handlers } from '../internal/contract/handler.ts';
import { serviceStopTimeoutMs } from '../internal/contract/limits.ts';
import type { Logger } from '../internal/contract/logger.ts';
import type { Store as RecordStore } from '../internal/contract/store.ts';
import { loadProtos } from '../internal/schema/load-protos.ts';
import { bindHandlers, type ServiceHandlers } from './bind-handlers.ts';
import { createContext } from './context.ts';
import { findProtos } from './find-protos.ts';
import { type Identity, identityOf } from './identity.ts';
import { type Client, createJsonClient } from './json-client.ts';
import { createJsonStore, type Store } from './json-store.ts';
import { currentLaunch, givenEnvironment } from './launch.ts';
import { createServiceLogger, openPlatform, type Platform } from './platform.ts';

export interface ServiceOptions {
  /** What `micro run` calls it wins. */
  readonly name: string;
  /** Default `latest`; what `micro run` calls it wins. */
  readonly version?: string;
  readonly handlers: ServiceHandlers;
  /** Files or folders relative to the entry; default `proto/**`, else `*.proto`. */
  readonly protos?: readonly string[];
  /** Added to the node in the registry. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface Service {
  readonly name: string;
  readonly version: string;
  readonly namespace: string;
  readonly log: Logger;
  /** Calls as the service itself. Works from start() on. */
  readonly client: Client;
  /** Records of the service's own table. Works from start() on. */
  readonly store: Store;
  /** Resolves when the service is registered and answers. */
  start(): Promise<void>;
  /** Leaves the registry, lets calls finish for up to 10 s, closes. Safe twice. */
  stop(): Promise<void>;
  /** start(), then serves until SIGTERM, SIGINT or stop(). */
  run(): Promise<void>;
}

/** Left for SIGKILL's sender to see a clean exit rather than use it. */
const stopReserveMs = 1_000;
/** What still runs after the stop (timers, sockets of the author) has this long before the process ends. */
const lingerMs = 500;

/** Reads nothing and opens nothing before start(). */
export const service = (o: ServiceOptions): Service => {
  const env = givenEnvironment();
  const identity = identityOf(o, env);
  const log = createServiceLogger(identity, env);
  let starting: Promise<Platform> | undefined;
  let stopping: Promise<void> | undefined;
  let platform: Platform | undefined;
  const ended = Promise.withResolvers<void>();

  const running = (): Platform => {
    if (platform === undefined) throw unavailable(identity.name, `service ${identity.name} is not started`);
    return platform;
  };
  const slots = slotsOf(running, identity);

  const self: Service = {
    ...identity,
    log,
    client: createJsonClient(slots.client),
    store: slots.store,
    start: async () => {
      if (stopping !== undefined) throw unavailable(identity.name, `service ${identity.name} is stopped`);
      starting ??= launch(o, { identity, log, ...slots });
      platform = await starting;
    },
    stop: () => {
      stopping ??= (async () => {
        // A start that failed was reported by start(), and left nothing open.
        const opened = await starting?.catch(() => undefined);
        await opened?.stop(AbortSignal.timeout(serviceStopTimeoutMs - stopReserveMs));
        ended.resolve();
      })();
      return stopping;
    },
    run: async () => {
      await self.start();
      const release = onSignals(() => self.stop().catch(ended.reject));
      await ended.promise;
      release();
      log.info('service stopped');
      setTimeout(() => process.exit(process.exitCode ?? 0), lingerMs).unref();
    },
  };
  return self;
};

interface Slots {
  readonly client: ByteClient;
  readonly store: Store;
}

/** The slots as handlers and the author see them from the beginning; each use asks for the running platform. */
const slotsOf = (running: () => Platform, identity: Identity): Slots => {
  const client: ByteClient = {
    call: async (...args) => running().client.call(...args),
    stream: (...args) => running().client.stream(...args),
  };
  const records: RecordStore = {
    read: async (...args) => running().store.read(...args),
    scan: async (...args) => running().store.scan(...args),
    write: async (...args) => running().store.write(...args),
    delete: async (...args) => running().store.delete(...args),
    list: async (...args) => running().store.list(...args),
    databases: async (...args) => running().store.databases(...args),
    tables: async (...args) => running().store.tables(...args),
  };
  return { client, store: createJsonStore(records, { database: identity.namespace, table: identity.name }) };
};

interface Parts extends Slots {
  readonly identity: Identity;
  readonly log: Logger;
}

/** Everything that may be wrong in the author's files is found before anything is opened. */
const launch = async (o: ServiceOptions, parts: Parts): Promise<Platform> => {
  const env = givenEnvironment();
  if (!env.MICRO_PROXY)
    throw new Error(`service ${parts.identity.name} has no server to talk to: start it with \`micro run .\``);
  const platform = await openPlatform({ ...parts, env, ...handlersOf(o, parts), metadata: o.metadata });
  parts.log.info('service running', { address: platform.address });
  return platform;
};

interface Served {
  readonly handlers: Handlers;
  readonly grpcNames: readonly string[];
  descriptors(): readonly Uint8Array[];
}

const handlersOf = (o: ServiceOptions, parts: Parts): Served => {
  const entry = currentLaunch()?.entry ?? process.argv[1];
  const folders = [...new Set([...(entry ? [dirname(entry)] : []), process.cwd()])];
  const files = findProtos(folders, o.protos);
  const { services, descriptors } = loadProtos(files);
  const handlers = bindHandlers({
    services,
    handlers: o.handlers,
    source: files.length === 1 ? (files[0] as string) : `${files.length} proto files`,
    serviceName: parts.identity.name,
    log: parts.log,
    contextOf: (call) => createContext(call, parts),
  });
  const types = new Set(handlers.map((h) => h.endpoint.slice(0, h.endpoint.indexOf('.'))));
  return { handlers, grpcNames: services.filter((s) => types.has(s.name)).map((s) => s.fullName), descriptors };
};

/** The first signal stops in order; a second one finds no listener and ends the process at once. */
const onSignals = (stop: () => void): (() => void) => {
  const signals = ['SIGTERM', 'SIGINT'] as const;
  const release = (): void => {
    for (const signal of signals) process.removeListener(signal, onSignal);
  };
  const onSignal = (): void => {
    release();
    stop();
  };
  for (const signal of signals) process.on(signal, onSignal);
  return release;
};
