/** `micro plugin list`: every plugin by id, and what was found in ~/.micro/plugins with the reason when it is not used. What a profile binds shows in `micro plugin graph`. */

import type { Capability } from '../../../internal/contract/capability.ts';
import type { ExternalPlugin, Host, PluginState } from '../../../internal/contract/host.ts';
import type { Call, Plugin, PluginContext, PluginId } from '../../../internal/contract/plugin.ts';

import type { config, needs } from './plugin.ts';
import { serverIds } from './server-ids.ts';

interface Row {
  readonly id: string;
  readonly kind: string;
  readonly provides: string | undefined;
  readonly planned: boolean;
  /** `builtin`, the version of a third-party plugin, or why it is not used. */
  readonly from: string;
  readonly summary: string;
  readonly json: unknown;
}

export const run = async (call: Call, ctx: PluginContext<typeof config, typeof needs>): Promise<void> => {
  const { host } = ctx.needs;
  const states = new Map(host.states().map((state) => [state.id, state]));
  const planned = plannedIds(host, call);
  const external = host.external();
  const used = host.manifests().map((plugin): Row => {
    const own = external.find(({ id, state }) => id === plugin.id && state === 'trusted');
    return usedRow(plugin, {
      state: states.get(plugin.id),
      planned: planned.has(plugin.id),
      own,
      profile: host.profile,
    });
  });
  const unused = external.filter(({ state }) => state !== 'trusted').map(unusedRow);
  call.out.table(
    [...used, ...unused],
    [
      { title: 'ID', value: ({ id }) => id },
      { title: 'KIND', value: ({ kind }) => kind },
      { title: 'PROVIDES', value: ({ provides }) => provides ?? '-' },
      { title: host.profile.toUpperCase(), value: (row) => (row.planned ? 'yes' : '-') },
      { title: 'FROM', value: ({ from }) => from },
      { title: 'SUMMARY', value: ({ summary }) => summary },
    ],
    ({ json }) => json,
  );
};

interface Facts {
  readonly state: PluginState | undefined;
  readonly planned: boolean;
  /** Its folder, for a third-party plugin. */
  readonly own: ExternalPlugin | undefined;
  readonly profile: string;
}

const usedRow = (plugin: Plugin, { state, planned, own, profile }: Facts): Row => {
  const provides = provided(plugin);
  const from = own === undefined ? 'builtin' : `version ${own.version}`;
  return {
    id: plugin.id,
    kind: plugin.kind,
    provides,
    planned,
    from,
    summary: plugin.summary,
    json: {
      id: plugin.id,
      kind: plugin.kind,
      summary: plugin.summary,
      provides: provides ?? null,
      profile,
      in_profile: planned,
      state: state?.state ?? 'idle',
      load_ms: state?.loadMs ?? null,
      needs: Object.values<Capability<unknown>>(plugin.needs ?? {}).map((need) => need.name),
      settings: Object.keys(plugin.config ?? {}),
      trust: own === undefined ? 'builtin' : 'trusted',
      version: own?.version ?? null,
      folder: own?.folder ?? null,
    },
  };
};

const unusedRow = (one: ExternalPlugin): Row => ({
  id: one.id ?? one.folder,
  kind: one.kind ?? '-',
  provides: undefined,
  planned: false,
  from: one.state,
  summary: one.reason,
  json: {
    id: one.id ?? null,
    kind: one.kind ?? null,
    trust: one.state,
    reason: one.reason,
    version: one.version ?? null,
    folder: one.folder,
  },
});

/** A plan that does not work out must not hide the list that explains it. */
const plannedIds = (host: Host, call: Call): ReadonlySet<PluginId> => {
  try {
    return new Set(host.plan(serverIds(host)).map((step) => step.id));
  } catch (e) {
    call.out.note(`profile ${host.profile} cannot start: ${e instanceof Error ? e.message : String(e)}`);
    return new Set();
  }
};

const provided = (plugin: Plugin): string | undefined => {
  if (plugin.kind === 'driver') return plugin.provides.name;
  return plugin.kind === 'command' ? plugin.verbs.map((verb) => verb.words).join(', ') : undefined;
};
