/** `micro plugin list`: every plugin by id. The profile in use and what it binds show in `micro plugin graph`. */

import type { Capability } from '../../../internal/contract/capability.ts';
import type { Host, PluginState } from '../../../internal/contract/host.ts';
import type { Call, Plugin, PluginContext, PluginId } from '../../../internal/contract/plugin.ts';

import type { needs } from './plugin.ts';

interface Row {
  readonly plugin: Plugin;
  readonly state: PluginState | undefined;
  readonly planned: boolean;
}

export const run = async (call: Call, ctx: PluginContext<{}, typeof needs>): Promise<void> => {
  const { host } = ctx.needs;
  const states = new Map(host.states().map((state) => [state.id, state]));
  const planned = plannedIds(host, call);
  const rows = host
    .manifests()
    .map((plugin): Row => ({ plugin, state: states.get(plugin.id), planned: planned.has(plugin.id) }));
  call.out.table(
    rows,
    [
      { title: 'ID', value: ({ plugin }) => plugin.id },
      { title: 'KIND', value: ({ plugin }) => plugin.kind },
      { title: 'PROVIDES', value: ({ plugin }) => provided(plugin) ?? '-' },
      { title: host.profile.toUpperCase(), value: ({ planned: is }) => (is ? 'yes' : '-') },
      { title: 'SUMMARY', value: ({ plugin }) => plugin.summary },
    ],
    ({ plugin, state, planned: inProfile }) => ({
      id: plugin.id,
      kind: plugin.kind,
      summary: plugin.summary,
      provides: provided(plugin) ?? null,
      profile: host.profile,
      in_profile: inProfile,
      state: state?.state ?? 'idle',
      load_ms: state?.loadMs ?? null,
      needs: Object.values<Capability<unknown>>(plugin.needs ?? {}).map((need) => need.name),
      settings: Object.keys(plugin.config ?? {}),
    }),
  );
};

/** A plan that does not work out must not hide the list that explains it. */
const plannedIds = (host: Host, call: Call): ReadonlySet<PluginId> => {
  try {
    return new Set(host.plan().map((step) => step.id));
  } catch (e) {
    call.out.note(`profile ${host.profile} cannot start: ${e instanceof Error ? e.message : String(e)}`);
    return new Set();
  }
};

const provided = (plugin: Plugin): string | undefined => {
  if (plugin.kind === 'driver') return plugin.provides.name;
  return plugin.kind === 'command' ? plugin.verbs.map((verb) => verb.words).join(', ') : undefined;
};
