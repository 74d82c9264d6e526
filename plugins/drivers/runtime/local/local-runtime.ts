/**
 * The runtime slot on one machine: services are processes here, kept in the store, and come back with the server. Owns the table of
 * services and their accounts; one service's life is managed-service.ts's business.
 */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { defaultNamespace, defaultVersion } from '../../../../internal/contract/core.ts';
import { badRequest, internal } from '../../../../internal/contract/error.ts';
import { logFaultReportMs, stopTimeoutMs } from '../../../../internal/contract/limits.ts';
import type { PluginContext, Running } from '../../../../internal/contract/plugin.ts';
import type { CreateOptions, Runtime, RuntimeService, ServiceRef } from '../../../../internal/contract/runtime.ts';
import { openProcessLedger } from '../../../../internal/process/process-ledger.ts';
import { createFaultReport } from './fault-report.ts';
import { createManagedService, type ManagedService } from './managed-service.ts';
import type { config, needs } from './plugin.ts';
import { proxyAddressOf } from './proxy-address.ts';
import { createKeyedTurns } from './keyed-turns.ts';
import { createServiceAccounts } from './service-accounts.ts';
import { serviceEnvironment } from './service-environment.ts';
import { openServiceLog } from './service-log.ts';
import { keyOf, recordTable, type ServiceRecord } from './service-record.ts';
import { createSources, type Sources } from './sources.ts';

const ids = {
  create: 'runtime.Runtime.Create',
  update: 'runtime.Runtime.Update',
  delete: 'runtime.Runtime.Delete',
  logs: 'runtime.Runtime.Logs',
};

/** Of the time a plugin has to stop, what is left for killing and for writing the logs. */
const stopReserveMs = 1_500;

export const create = (ctx: PluginContext<typeof config, typeof needs>): Runtime & Running => {
  const { needs: n } = ctx;
  const services = new Map<string, ManagedService>();
  /** Values for `secrets`, kept in memory only: they are not written to disk in clear. */
  const secrets = new Map<string, Readonly<Record<string, string>>>();
  /** Calls about one service never overlap. */
  const inTurn = createKeyedTurns();
  const records = recordTable(n.store);
  const accounts = createServiceAccounts({ auth: n.auth, store: n.store });
  const ledger = openProcessLedger(join(ctx.dataDir, 'processes'));
  const sources: Sources = createSources({ blob: n.blob, folder: join(ctx.dataDir, 'services') });

  const cacheOf = (s: ServiceRecord): string => join(ctx.dataDir, 'cache', s.namespace, `${s.name}@${s.version}`);

  const manage = (record: ServiceRecord): ManagedService => {
    const key = keyOf(record);
    const file = join(ctx.dataDir, 'logs', record.namespace, `${record.name}@${record.version}.log`);
    const onError = createFaultReport({
      everyMs: logFaultReportMs,
      now: ctx.now,
      report: (error, dropped) => ctx.log.error('cannot write a service log', { service: key, error, dropped }),
    });
    return createManagedService({
      record,
      registry: n.registry,
      client: n.client,
      builders: n.builders,
      sources,
      ledger,
      log: openServiceLog(file, { now: ctx.now, onError }),
      cacheDir: cacheOf(record),
      startTimeoutMs: ctx.config.start_timeout,
      stopTimeoutMs: ctx.config.stop_timeout,
      restartDelayMs: ctx.config.restart_delay,
      now: ctx.now,
      // A failure is met again, and told, when the account is asked for.
      prepare: (r) => void accounts.of(r).catch(() => undefined),
      environment: async (r) =>
        serviceEnvironment(r, {
          proxyAddress: await proxyAddressOf(n.registry, { fallback: ctx.config.proxy, signal: ctx.signal }),
          account: await accounts.of(r),
          secrets: secrets.get(key) ?? {},
        }),
      onReplaced: records.put,
      onSettled: (r) => sources.keepOnly(r.namespace, r, r.contentId),
    });
  };

  const require = (ref: ServiceRef & { readonly namespace?: string }, id: string): ManagedService => {
    const found = services.get(keyOf(placed(ref)));
    if (!found) throw internal(id, 'not found', { hint: 'see `micro status` for what runs' });
    return found;
  };

  /** What a deleted service leaves behind. None of it is needed any more, so a failure is told and goes no further. */
  const forget = async (record: ServiceRecord, managed: ManagedService): Promise<void> => {
    const steps = [
      () => accounts.remove(record),
      () => sources.remove(record.namespace, record, record.source),
      () => rm(cacheOf(record), { recursive: true, force: true }),
      () => managed.log.close().then(() => managed.log.remove()),
    ];
    for (const step of steps) {
      try {
        await step();
      } catch (e) {
        ctx.log.error('cannot clean up after a deleted service', { service: keyOf(record), error: String(e) });
      }
    }
  };

  /** A service that was deleted while the server died may have left its account; that is no reason not to start. */
  const sweepAccounts = async (kept: readonly ServiceRecord[]): Promise<void> => {
    try {
      for (const service of await accounts.sweep(kept))
        ctx.log.warn('removed the account of a service that is gone', { service: keyOf(service) });
    } catch (e) {
      ctx.log.error('cannot remove the accounts of services that are gone', { error: String(e) });
    }
  };

  return {
    start: async () => {
      await sources.sweep();
      for (const pid of ledger.sweep()) ctx.log.warn('ended a process that a dead server left behind', { pid });
      const kept = await records.all();
      await sweepAccounts(kept);
      for (const record of kept) {
        const service = manage(record);
        services.set(keyOf(record), service);
        service.start();
      }
    },
    stop: async () => {
      const graceMs = Math.min(ctx.config.stop_timeout, stopTimeoutMs - stopReserveMs);
      await Promise.all([...services.values()].map((s) => s.stop(graceMs)));
      await Promise.all([...services.values()].map((s) => s.log.close()));
      services.clear();
    },

    upload: async (service, archive, o = {}) => {
      checkName(service, 'runtime.Source.Upload');
      return sources.upload(o.namespace ?? defaultNamespace, service, archive);
    },

    create: (service, o = {}) =>
      inTurn(keyOf(placed({ ...service, namespace: o.namespace })), async () => {
        const record = await recordOf(service, o, sources);
        secrets.set(keyOf(record), o.secrets ?? {});
        const present = services.get(keyOf(record));
        if (present) {
          if (o.force || !sameService(present.record(), record) || present.describe().status === 'error')
            present.replace(record);
          else present.confirm();
          return;
        }
        const managed = manage(record);
        services.set(keyOf(record), managed);
        try {
          await records.put(record);
        } catch (e) {
          services.delete(keyOf(record));
          throw e;
        }
        managed.start();
      }),

    read: async (o = {}) =>
      [...services.values()]
        .filter((s) => matches(s.record(), o))
        .map((s): RuntimeService => s.describe())
        .sort((a, b) => (a.name === b.name ? (a.version < b.version ? -1 : 1) : a.name < b.name ? -1 : 1)),

    update: (service, o = {}) =>
      inTurn(keyOf(placed({ ...service, namespace: o.namespace })), async () => {
        const managed = require({ ...service, namespace: o.namespace }, ids.update);
        checkInstances(o.instances, ids.update);
        const old = managed.record();
        const source = service.source || old.source;
        const record: ServiceRecord = {
          ...old,
          source,
          contentId: await sources.contentOf(old.namespace, source),
          metadata: { ...old.metadata, ...service.metadata },
          entrypoint: o.entrypoint ?? old.entrypoint,
        };
        checkEntrypoint(record.entrypoint, ids.update);
        if (!sameService(old, record) || managed.describe().status === 'error') managed.replace(record);
        else managed.confirm();
      }),

    delete: (service, o = {}) =>
      inTurn(keyOf(placed({ ...service, namespace: o.namespace })), async () => {
        const managed = require({ ...service, namespace: o.namespace }, ids.delete);
        const record = managed.record();
        // First: when the store refuses, as on a full disk, everything is as it was.
        await records.remove(record);
        await managed.stop();
        services.delete(keyOf(record));
        secrets.delete(keyOf(record));
        await forget(record, managed);
      }),

    logs: async function* (service, o = {}) {
      const managed = services.get(keyOf(placed({ ...service, namespace: o.namespace })));
      if (!managed) throw internal(ids.logs, `Logs not found for service ${service.name}`);
      const follow = o.follow ? (o.signal ?? ctx.signal) : undefined;
      yield* managed.log.read({ lines: o.lines ?? 0, follow });
    },
  };
};

const placed = (s: ServiceRef & { readonly namespace?: string }) => ({
  namespace: s.namespace ?? defaultNamespace,
  name: s.name,
  version: s.version || defaultVersion,
});

const recordOf = async (
  service: Pick<RuntimeService, 'name' | 'version' | 'source' | 'metadata'>,
  o: CreateOptions,
  sources: Sources,
): Promise<ServiceRecord> => {
  const { namespace, name, version } = placed({ ...service, namespace: o.namespace });
  checkName({ name, version }, ids.create);
  checkInstances(o.instances, ids.create);
  checkEntrypoint(o.entrypoint ?? '', ids.create);
  for (const item of o.env ?? []) {
    if (!/^[^=\0]+=[^\0]*$/.test(item))
      throw badRequest(ids.create, `environment item ${JSON.stringify(item)} is not of the form NAME=VALUE`);
  }
  if (o.image) throw badRequest(ids.create, 'the local runtime starts processes, not images; leave out --image');
  return {
    namespace,
    name,
    version,
    source: service.source,
    contentId: await sources.contentOf(namespace, service.source),
    metadata: service.metadata,
    command: o.command ?? [],
    args: o.args ?? [],
    env: o.env ?? [],
    type: o.type ?? '',
    entrypoint: o.entrypoint ?? '',
    owner: o.owner?.name ?? '',
    group: o.owner?.group ?? '',
  };
};

/** Names become folders, account ids and parts of gRPC paths. */
const checkName = ({ name, version }: ServiceRef, id: string): void => {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name)) {
    throw badRequest(
      id,
      `service name ${JSON.stringify(name.slice(0, 80))} is not usable: want letters, digits, and . _ - after the first`,
      {
        hint: 'give another one with --name',
      },
    );
  }
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(version))
    throw badRequest(id, `version ${JSON.stringify(version.slice(0, 80))} is not usable`);
};

const checkInstances = (instances: number | undefined, id: string): void => {
  if (instances !== undefined && instances > 1)
    throw badRequest(id, `the local runtime runs one instance of a service, not ${instances}`);
};

const checkEntrypoint = (path: string, id: string): void => {
  if (path.startsWith('/') || path.includes('\\') || path.split('/').includes('..'))
    throw badRequest(id, `entrypoint ${path} leads outside the source`);
};

/** Whether running the one is running the other. */
const sameService = (a: ServiceRecord, b: ServiceRecord): boolean => {
  const shape = ({ contentId, source, command, args, env, type, entrypoint, metadata }: ServiceRecord): string =>
    JSON.stringify([contentId, source, command, args, env, type, entrypoint, Object.entries(metadata).sort()]);
  return shape(a) === shape(b);
};

const matches = (
  r: ServiceRecord,
  o: { readonly service?: string; readonly version?: string; readonly type?: string; readonly namespace?: string },
): boolean =>
  r.namespace === (o.namespace ?? defaultNamespace) &&
  (!o.service || r.name === o.service) &&
  (!o.version || r.version === o.version) &&
  (!o.type || r.type === o.type);
