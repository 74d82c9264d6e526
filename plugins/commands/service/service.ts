/** `micro service NAME`: one core service in a process of its own. Its own slot is held here, the others are remote (the host binds them so). */

import { printBanner } from '../../../internal/cli/listener-table.ts';
import { nearest } from '../../../internal/cli/suggest.ts';
import { ExitError } from '../../../internal/contract/error.ts';
import type { Host } from '../../../internal/contract/host.ts';
import type { Call, PluginContext, PluginId } from '../../../internal/contract/plugin.ts';
import { tlsFlags } from '../../../internal/contract/tls-settings.ts';
import { type FolderLock, isHolder, lockFolder } from '../../../internal/process/folder-lock.ts';
import { portFaults, tlsOf } from '../../../internal/process/port-check.ts';

import type { flags, needs } from './plugin.ts';

export const run = async (call: Call<typeof flags>, ctx: PluginContext<{}, typeof needs>): Promise<void> => {
  const { host } = ctx.needs;
  const [name = '', extra] = call.args;
  if (extra !== undefined) throw new ExitError(`micro service takes one name, not also ${extra}`, 1);
  const id = serviceCalled(name, host);
  const given = givenSettings(call, id, host);
  const known = host.settings(id);
  const setting = known.find((s) => s.name === 'address');
  const address = call.flags.address || setting?.value;
  const tls = tlsOf(known.map((s) => ({ ...s, value: given[s.name] ?? s.value })));
  const faults = address ? await portFaults([{ name, address, flag: '--address', tls }]) : [];
  if (faults.length > 0) throw new ExitError(faults.join('\n'), 1);
  const lock = lockPart(name, host);
  try {
    const started = await host.start([id], {
      settings: { [id]: given },
      address: setting === undefined ? address : undefined,
    });
    const { listeners, notices } = started;
    try {
      printBanner(call.out, { version: host.version, dataDir: host.dataDir, listeners, notices });
      await Promise.race([started.ended, aborted(ctx.signal)]);
    } finally {
      await started.stop();
    }
  } finally {
    lock?.release();
  }
};

/** Flags that are settings of the service, as text. */
const givenSettings = (call: Call<typeof flags>, id: PluginId, host: Host): Readonly<Record<string, string>> => {
  const known = new Set(host.settings(id).map(({ name }) => name));
  const given: Record<string, string> = {};
  for (const name of call.given) {
    if (name !== 'address' && !(name in tlsFlags)) continue;
    const value = (call.flags as Readonly<Record<string, unknown>>)[name];
    // The services without a port of their own get the address of the shared listener.
    if (known.has(name)) given[name] = Array.isArray(value) ? value.join(',') : String(value);
    else if (name !== 'address') throw new ExitError(`${id} has no setting ${name}: TLS is for api and proxy`, 1);
  }
  return given;
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
