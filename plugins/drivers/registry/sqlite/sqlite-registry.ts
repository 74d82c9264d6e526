/**
 * The registry in memory, with a file of those leases that are to outlive the process: what registered from outside is routable again at
 * once after a restart. Owns the file and the timers; the records are those of internal/registry. The file is no source of truth: without
 * it the registry works, and services register again within registerIntervalMs.
 */

import { isAbsolute, join } from 'node:path';

import { registerTtlMs, registryFlushMs, registryRestoreMsMax } from '../../../../internal/contract/limits.ts';
import type { PluginContext, Running } from '../../../../internal/contract/plugin.ts';
import type { Registry } from '../../../../internal/contract/registry.ts';
import {
  createRegistryTable,
  type Lease,
  type RegistryTable,
  type VersionRecord,
} from '../../../../internal/registry/registry-table.ts';
import { type Database, openDatabase } from '../../../../internal/sqlite/database.ts';
import { chooseEngine } from '../../../../internal/sqlite/engine-choice.ts';

import { createLeaseJournal, type LeaseJournal } from './lease-journal.ts';
import { allNodes, allVersions, keptOf, removeNodes, removeVersions, schema } from './lease-tables.ts';
import type { config } from './plugin.ts';
import { createProbation, type Probation } from './probation.ts';
import { probeNodes } from './probe-node.ts';

const id = 'drivers/registry/sqlite';
const pruneIntervalMs = 1_000;

type Context = PluginContext<typeof config>;

export const create = (ctx: Context): Registry & Running => {
  let database: Database | undefined;
  let running: Promise<void> = Promise.resolve();
  const timers: NodeJS.Timeout[] = [];
  const stopped = new AbortController();

  const journal = createLeaseJournal({
    log: ctx.log,
    write: async (steps) => database?.writer.transact(steps),
  });
  const release = (version: VersionRecord, { node }: Lease): void =>
    probation.release({ domain: version.domain, service: version, node });
  const table = createRegistryTable({
    now: ctx.now,
    journal: {
      reshaped: journal.reshaped,
      put: (version, lease) => {
        release(version, lease);
        journal.put(version, lease);
      },
      renewed: (version, lease) => {
        release(version, lease);
        journal.renewed(version, lease);
      },
      removed: (version, lease) => {
        release(version, lease);
        journal.removed(version, lease);
      },
    },
  });
  const probation = createProbation(async ({ domain, service, node }) => {
    ctx.log.info('a restored node is gone', { service: service.name, node: node.id, address: node.address });
    await table.deregister({ ...service, nodes: [node] }, { domain });
  });

  return {
    get: table.get,
    list: table.list,
    watch: table.watch,
    register: async (service, o) => {
      await table.register(service, o);
      await journal.settled();
    },
    deregister: async (service, o) => {
      await table.deregister(service, o);
      await journal.settled();
    },
    start: async () => {
      // What is in the file is learnt again from the services: a registry that does not start would cost more.
      try {
        database = await openFile(ctx);
        await restore(ctx, { database, table, journal, probation });
      } catch (error) {
        ctx.log.warn('registered services are not kept over a restart', {
          file: ctx.config.file,
          error: String(error),
        });
      }
      running = probation.run(AbortSignal.any([ctx.signal, stopped.signal]));
      timers.push(setInterval(table.prune, pruneIntervalMs).unref());
      timers.push(setInterval(journal.flush, registryFlushMs).unref());
    },
    stop: async () => {
      for (const timer of timers.splice(0)) clearInterval(timer);
      stopped.abort();
      table.close();
      await running;
      await journal.flush();
      await database?.close();
      database = undefined;
    },
  };
};

const openFile = async (ctx: Context): Promise<Database> => {
  const { file: name, engine: wanted, busy_timeout: busyTimeoutMs } = ctx.config;
  const file = isAbsolute(name) ? name : join(ctx.dataDir, name);
  const chosen = await chooseEngine({ wanted, id, log: ctx.log });
  // It is read once, at the start: connections for reading beside the writer would only take memory.
  const engine = { ...chosen, readers: 0 };
  return openDatabase({ file, id, schema, engine, busyTimeoutMs, outlives: 'process' });
};

interface Restoring {
  readonly database: Database;
  readonly table: RegistryTable;
  readonly journal: LeaseJournal;
  readonly probation: Probation;
}

const restore = async (ctx: Context, { database, table, journal, probation }: Restoring): Promise<void> => {
  const { writer } = database;
  const [versions = [], nodes = []] = await writer.transact([allVersions, allNodes]);
  const kept = keptOf(versions, nodes);
  const probes = await probeNodes(kept.flatMap(({ service }) => service.nodes.map(({ address }) => address)));
  const now = ctx.now();
  const gone: { readonly version: Pick<VersionRecord, 'domain' | 'name' | 'version'>; readonly id: string }[] = [];
  for (const { domain, service, expiresAt } of kept) {
    const ends = service.nodes.map((node, i) => endAfterRestart(expiresAt[i] ?? 0, probes.get(node.address), now));
    const alive = service.nodes.filter((_, i) => ends[i] !== undefined);
    if (alive.length > 0) {
      table.restore(
        domain,
        { ...service, nodes: alive },
        ends.flatMap((end) => end ?? []),
      );
      journal.isKept({ ...service, domain });
    }
    service.nodes.forEach((node, i) => {
      if (ends[i] === undefined) gone.push({ version: { ...service, domain }, id: node.id });
      else if (ends[i] !== Infinity) probation.add({ domain, service, node });
    });
  }
  if (gone.length > 0) await writer.transact([removeNodes(gone), removeVersions(gone.map(({ version }) => version))]);
  const nodesRestored = nodes.length - gone.length;
  if (nodes.length > 0) ctx.log.info('services restored', { nodes: nodesRestored, gone: gone.length });
};

/**
 * When a kept lease ends now; undefined for a node that is not restored. One that ended while nobody could renew it counts if the node is
 * still there. One that never ends was registered by hand: nobody would do it again for a server that is down just now.
 */
const endAfterRestart = (expiresAt: number, probe: string | undefined, now: number): number | undefined => {
  if (expiresAt === Infinity) return expiresAt;
  if (probe === 'refused') return undefined;
  if (expiresAt > now) return expiresAt;
  return probe === 'accepted' && now - expiresAt < registryRestoreMsMax ? now + registerTtlMs : undefined;
};
