/** `micro server`: checks ports and folder, starts the profile's services, says where they listen, stops them on a signal. */

import { helpFor } from '../../../internal/cli/help-for.ts';
import { printBanner } from '../../../internal/cli/listener-table.ts';
import { ExitError } from '../../../internal/contract/error.ts';
import type { Host } from '../../../internal/contract/host.ts';
import type { Call, PluginContext, PluginId, ProfilePlugin } from '../../../internal/contract/plugin.ts';
import { type FolderLock, isHolder, lockFolder } from '../../../internal/process/folder-lock.ts';
import { portFaults, tlsOf, type WantedAddress } from '../../../internal/process/port-check.ts';

import type { config, flags, needs } from './plugin.ts';
import { removeServerFile, writeServerFile } from './server-file.ts';

export const run = async (
  call: Call<typeof flags>,
  ctx: PluginContext<typeof config, typeof needs>,
): Promise<number> => {
  const { host } = ctx.needs;
  if (call.args.length > 0 || call.rest.length > 0) {
    call.out.write((await helpFor(['server'], { plugins: host.manifests(), version: host.version })) ?? '');
    return 1;
  }
  if (profileIds(host).length === 0)
    throw new ExitError(`profile ${host.profile} starts nothing`, 1, { hint: 'micro server --profile=server' });
  const wanted = [...new Set([...profileIds(host), ...ctx.config.with.map(serviceId)])];
  const ids = host.plan(wanted).map((step) => step.id);
  const faults = await portFaults(wantedAddresses(host, ids));
  if (faults.length > 0) throw new ExitError(faults.join('\n'), 1);
  const lock = lockData(host.dataDir);
  try {
    await serve(call, ctx, wanted);
  } finally {
    removeServerFile(host.dataDir);
    lock.release();
  }
  return 0;
};

const serve = async (
  call: Call<typeof flags>,
  ctx: PluginContext<typeof config, typeof needs>,
  wanted: readonly PluginId[],
): Promise<void> => {
  const { host } = ctx.needs;
  const started = await host.start(wanted);
  try {
    const { listeners, notices, ended } = started;
    const { version, dataDir } = host;
    writeServerFile(dataDir, { pid: process.pid, version, started: ctx.now(), listeners });
    printBanner(call.out, { version, dataDir, listeners, notices, next: 'micro run ./FOLDER, then micro status' });
    await Promise.race([ended, aborted(ctx.signal)]);
  } finally {
    removeServerFile(host.dataDir);
    await started.stop();
  }
};

/** What the profile says a server runs. */
const profileIds = (host: Host): readonly PluginId[] =>
  host.manifests().find((p): p is ProfilePlugin => p.id === `profiles/${host.profile}`)?.start ?? [];

/** Drivers are bound to their slots, they are not started by name. */
const serviceId = (text: string): PluginId => {
  if (/^services\/[^/]+$/.test(text)) return text as PluginId;
  throw new ExitError(`--with takes services/NAME, not ${text}`, 1);
};

/** Services with a port of their own have a setting called address. */
const wantedAddresses = (host: Host, ids: readonly string[]): readonly WantedAddress[] =>
  host.manifests().flatMap((plugin) => {
    if (plugin.kind !== 'service' || !ids.includes(plugin.id)) return [];
    const settings = host.settings(plugin.id);
    const setting = settings.find((s) => s.name === 'address');
    if (setting === undefined || setting.value === '') return [];
    const variable: string | undefined = plugin.config?.address?.env;
    const flag = variable === undefined ? undefined : `--${variable.slice('MICRO_'.length).toLowerCase()}`;
    return [{ name: plugin.id.slice('services/'.length), address: setting.value, flag, tls: tlsOf(settings) }];
  });

const lockData = (folder: string): FolderLock => {
  const lock = lockFolder({ folder, name: 'lock', conflicts: () => true });
  if (!isHolder(lock)) return lock;
  throw new ExitError(`the data folder ${folder} is in use by process ${lock.pid}`, 1, {
    hint: `stop it (kill ${lock.pid}), or choose another folder with --data_dir`,
  });
};

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
