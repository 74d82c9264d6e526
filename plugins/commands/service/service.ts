/** `micro service NAME`: one core service in a process of its own. Its own slot is held here, the others are remote (the host binds them so). */

import { printBanner } from '../../../internal/cli/listener-table.ts';
import { nearest } from '../../../internal/cli/suggest.ts';
import { ExitError } from '../../../internal/contract/error.ts';
import type { Host } from '../../../internal/contract/host.ts';
import type { Call, PluginContext, PluginId } from '../../../internal/contract/plugin.ts';
import { type FolderLock, isHolder, lockFolder } from '../../../internal/process/folder-lock.ts';
import { portFaults } from '../../../internal/process/port-check.ts';

import type { flags, needs } from './plugin.ts';

export const run = async (call: Call<typeof flags>, ctx: PluginContext<{}, typeof needs>): Promise<void> => {
  const { host } = ctx.needs;
  const [name = '', extra] = call.args;
  if (extra !== undefined) throw new ExitError(`micro service takes one name, not also ${extra}`, 1);
  const id = serviceCalled(name, host);
  const setting = host.settings(id).find((s) => s.name === 'address');
  const address = call.flags.address || setting?.value;
  const faults = address ? await portFaults([{ name, address, flag: '--address' }]) : [];
  if (faults.length > 0) throw new ExitError(faults.join('\n'), 1);
  const settings = setting !== undefined && call.flags.address ? { [id]: { address: call.flags.address } } : {};
  const lock = lockPart(name, host);
  try {
    const started = await host.start([id], { settings, address: setting === undefined ? address : undefined });
    try {
      printBanner(call.out, { version: host.version, dataDir: host.dataDir, listeners: started.listeners });
      await Promise.race([started.ended, aborted(ctx.signal)]);
    } finally {
      await started.stop();
    }
  } finally {
    lock?.release();
  }
};

const serviceCalled = (name: string, host: Host): PluginId => {
  const names = host.manifests().flatMap((p) => (p.kind === 'service' ? [p.id.slice('services/'.length)] : []));
  if (names.includes(name)) return `services/${name}`;
  const near = nearest(name, names);
  throw new ExitError(`there is no core service ${name}`, 1, {
    hint: near === undefined ? `core services: ${names.join(', ')}` : `did you mean micro service ${near}?`,
  });
};

/** A service that keeps something in the data folder must be the only one to do so, beside a whole server too. */
const lockPart = (name: string, host: Host): FolderLock | undefined => {
  const keepsData = host.plan([`services/${name}`]).some((step) => step.id.startsWith(`drivers/${name}/`));
  if (!keepsData) return undefined;
  const lock = lockFolder({ folder: host.dataDir, name: `lock-${name}`, conflicts: (other) => other === 'lock' });
  if (!isHolder(lock)) return lock;
  throw new ExitError(`the ${name} data in ${host.dataDir} is in use by process ${lock.pid}`, 1, {
    hint: `stop it (kill ${lock.pid}), or choose another folder with --data_dir`,
  });
};

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
