/** `micro plugin remove ID`: takes a plugin out of ~/.micro/plugins, the lock and the config file. Leaves the data that it kept, and says so. */

import { randomUUID } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { nearest } from '../../../internal/cli/suggest.ts';
import { ExitError } from '../../../internal/contract/error.ts';
import type { Host } from '../../../internal/contract/host.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { lockFileIn, pluginsDir, readLock, updateLock } from '../../../internal/external/plugin-lock.ts';
import { openHome } from '../../../internal/home/home.ts';

import type { config, needs } from './plugin.ts';

export const run = async (call: Call, ctx: PluginContext<typeof config, typeof needs>): Promise<void> => {
  const { host } = ctx.needs;
  const [name = ''] = call.args;
  const dir = pluginsDir();
  const folders = host.external().filter(({ id, folder }) => id === name || folder === name);
  const ids = [...new Set(folders.flatMap(({ id }) => id ?? []))];
  const locked = existsSync(lockFileIn(dir)) ? readLock(dir) : new Map();
  if (folders.length === 0 && !locked.has(name)) throw unknown(name, host);
  const removed = folders.length === 0 ? [name] : ids;
  // The trust goes with the last folder that has the id.
  const stays = new Set(host.external().flatMap((e) => (folders.includes(e) || e.id === undefined ? [] : [e.id])));
  const aside = folders.map(({ folder }) => ({ from: join(dir, folder), to: join(dir, `.${randomUUID()}`) }));
  await updateLock(dir, (lock) => {
    for (const { from, to } of aside) renameSync(from, to);
    for (const id of removed) if (!stays.has(id as never)) lock.delete(id);
  });
  for (const { to } of aside) rmSync(to, { recursive: true, force: true });
  for (const id of removed) await removeSettings(id, call, ctx.config.config_file);
  if (call.out.format === 'json') return call.out.json({ removed, folders: folders.map(({ folder }) => folder) });
  call.out.line(`removed ${removed.join(', ') || name}`);
  for (const id of removed) {
    const data = join(host.dataDir, id);
    if (existsSync(data)) call.out.note(`its data stays in ${data}`);
  }
};

/** Settings of a plugin that does not exist would be faults from now on. */
const removeSettings = async (id: string, call: Call, configFile: string | undefined): Promise<void> => {
  const { config } = openHome({ configFile });
  if (config.get(`plugins.${id}`) === '') return;
  await config.set({ [`plugins.${id}`]: undefined });
  call.out.note(`removed its settings from ${config.file}`);
};

const unknown = (name: string, host: Host): ExitError => {
  if (host.manifests().some(({ id }) => id === name))
    return new ExitError(`${name} is part of micro`, 1, { hint: 'micro plugin list shows which plugins were added' });
  const known = host.external().map(({ id, folder }) => id ?? folder);
  const near = nearest(name, known);
  const list = known.length === 0 ? 'no plugin was added' : `added: ${known.join(', ')}`;
  return new ExitError(`no plugin ${name} was added`, 1, { hint: near === undefined ? list : `did you mean ${near}?` });
};
