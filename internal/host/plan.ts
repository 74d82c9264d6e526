/**
 * From a profile and what is wanted to what must run, in order. Pure: looks at manifests only, loads nothing, reads no environment.
 * What is missing or circular is reported as a chain, before anything starts.
 */

import { auth } from '../contract/auth.ts';
import type { Capability, Needs } from '../contract/capability.ts';
import { ExitError } from '../contract/error.ts';
import type { PlanStep } from '../contract/host.ts';
import { host } from '../contract/host.ts';
import type { DriverPlugin, Plugin, PluginId, ProfilePlugin, ServicePlugin } from '../contract/plugin.ts';
import { registry } from '../contract/registry.ts';
import { nearest } from '../cli/suggest.ts';

export type Bindings = Readonly<Record<string, PluginId | readonly PluginId[]>>;

export interface PlanOptions {
  readonly plugins: readonly Plugin[];
  /** Slot -> driver ids, as chosen by profile and overrides. */
  readonly bind: Bindings;
  /** Named in messages. */
  readonly profile: string;
}

/** Who wants something: a plugin, or a command with needs of its own. */
export interface Wanting {
  readonly id: string;
  readonly needs: Needs;
}

export interface Plan {
  /** Dependencies before dependents; drivers and services only. */
  readonly steps: readonly PlanStep[];
  /** Ids that fill the needs that were asked for directly. */
  readonly direct: Readonly<Record<string, readonly PluginId[]>>;
}

/** Every service registers itself and checks its callers. */
export const impliedNeeds = { registry, auth } as const;

/** All needs of a plugin, those every service has included. */
export const needsOf = (plugin: Plugin): Needs =>
  plugin.kind === 'service' ? { ...impliedNeeds, ...plugin.needs } : (plugin.needs ?? {});

/** The plan for plugins by id. Throws ExitError 1 with the chain that leads to the fault. */
export const planOf = (ids: readonly PluginId[], o: PlanOptions): Plan => {
  const state = openState(o);
  for (const id of ids) visit(startable(id, [], o), [], state);
  return { steps: state.steps, direct: {} };
};

/** The plan for the needs of something that is not a plugin with a life of its own: a command's verb. */
export const planNeeds = (wanting: Wanting, o: PlanOptions): Plan => {
  const state = openState(o);
  const direct = fill(wanting, [], state);
  return { steps: state.steps, direct };
};

interface State {
  readonly o: PlanOptions;
  readonly done: Set<string>;
  readonly steps: PlanStep[];
}

const openState = (o: PlanOptions): State => {
  const seen = new Set<string>();
  for (const { id } of o.plugins) {
    if (seen.has(id)) throw new ExitError(`two plugins have the id ${id}`, 1);
    seen.add(id);
  }
  return { o, done: new Set(), steps: [] };
};

/** One link of a chain: `services/config needs store`. */
interface Link {
  readonly id: string;
  readonly need: string;
}

const visit = (plugin: Startable, chain: readonly Link[], state: State): void => {
  if (state.done.has(plugin.id)) return;
  if (chain.some((link) => link.id === plugin.id)) throw fault(chain, `${plugin.id} again: the needs are circular`);
  const needs = fill({ id: plugin.id, needs: needsOf(plugin) }, chain, state);
  state.done.add(plugin.id);
  state.steps.push({ id: plugin.id, needs });
};

const fill = (
  { id, needs }: Wanting,
  chain: readonly Link[],
  state: State,
): Readonly<Record<string, readonly PluginId[]>> => {
  const filled: Record<string, readonly PluginId[]> = {};
  for (const [name, need] of Object.entries(needs)) {
    if (need.name === host.name) continue;
    const here = [...chain, { id, need: need.name }];
    const drivers = driversFor(need, here, state.o);
    for (const driver of drivers) visit(driver, here, state);
    filled[name] = drivers.map((d) => d.id);
  }
  return filled;
};

const driversFor = (need: Capability<unknown>, chain: readonly Link[], o: PlanOptions): readonly Startable[] => {
  const bound = o.bind[need.name];
  const ids = bound === undefined ? [] : [bound].flat();
  const drivers = ids.map((id) => startable(id as PluginId, chain, o));
  for (const driver of drivers)
    if (driver.kind !== 'driver' || driver.provides.name !== need.name)
      throw fault(chain, `${driver.id} does not provide ${need.name}`);
  if (need.mode === 'all') return drivers;
  if (drivers.length > 1) throw fault(chain, `profile ${o.profile} binds several drivers: ${ids.join(', ')}`);
  if (drivers.length === 0 && need.mode === 'one')
    throw fault(chain, `profile ${o.profile} binds no driver to ${need.name}`, choices(need.name, o));
  return drivers;
};

type Startable = DriverPlugin<unknown, {}, {}> | ServicePlugin<{}, {}>;

const startable = (id: PluginId, chain: readonly Link[], o: PlanOptions): Startable => {
  const plugin = o.plugins.find((p) => p.id === id);
  if (plugin === undefined) {
    const near = nearest(
      id,
      o.plugins.map((p) => p.id),
    );
    throw fault(chain, `there is no plugin ${id}`, near === undefined ? undefined : `did you mean ${near}?`);
  }
  if (plugin.kind === 'command' || plugin.kind === 'profile') throw fault(chain, `${id} is not a service or a driver`);
  return plugin;
};

const choices = (slot: string, o: PlanOptions): string | undefined => {
  const ids = o.plugins.flatMap((p) => (p.kind === 'driver' && p.provides.name === slot ? [p.id] : []));
  return ids.length === 0 ? undefined : `drivers for ${slot}: ${ids.join(', ')}`;
};

const fault = (chain: readonly Link[], detail: string, hint?: string): ExitError =>
  new ExitError(`${chainText(chain)}${detail}`, 1, { hint });

const chainText = (chain: readonly Link[]): string => chain.map(({ id, need }) => `${id} needs ${need}: `).join('');

/** The chain of needs that led to a step of a plan, as text: `services/config needs store: drivers/store/sqlite: `. */
export const chainTo = (id: PluginId, plan: Plan, wanting?: string): string => {
  const links: Link[] = [];
  for (let at: string = id; ; ) {
    const asking = plan.steps.find((step) => Object.values(step.needs).some((ids) => ids.includes(at as PluginId)));
    const needs = asking?.needs ?? plan.direct;
    const need = Object.keys(needs).find((name) => needs[name]?.includes(at as PluginId));
    if (need !== undefined && (asking !== undefined || wanting !== undefined))
      links.unshift({ id: asking?.id ?? (wanting as string), need });
    if (asking === undefined || links.length > plan.steps.length) break;
    at = asking.id;
  }
  return `${chainText(links)}${id}: `;
};

/** The profile called so, by name or alias. Throws ExitError 1 as v3's fatal line. */
export const profileOf = (name: string, plugins: readonly Plugin[]): ProfilePlugin => {
  const profiles = plugins.filter((p): p is ProfilePlugin => p.kind === 'profile');
  const found = profiles.find((p) => lastPart(p.id) === name || p.alias === name);
  if (found !== undefined) return found;
  const names = profiles.flatMap((p) => [lastPart(p.id), ...(p.alias === undefined ? [] : [p.alias])]);
  const near = nearest(name, names);
  throw new ExitError(`profile ${name} does not exist`, 1, {
    hint: near === undefined ? `profiles: ${names.join(', ')}` : `did you mean ${near}?`,
  });
};

/** A profile's bindings with slots switched by `--store=memory`: the text is a driver's id or the last part of one. */
export const bindingsOf = (
  profile: ProfilePlugin,
  plugins: readonly Plugin[],
  overrideOf: (slot: string) => string | undefined,
): Bindings => {
  const bind: Record<string, PluginId | readonly PluginId[]> = { ...profile.bind };
  const slots = new Set(plugins.flatMap((p) => (p.kind === 'driver' ? [p.provides.name] : [])));
  for (const slot of slots) {
    const text = overrideOf(slot);
    if (text === undefined) continue;
    const ids = text.split(',').map((word) => driverCalled(word.trim(), slot, plugins));
    bind[slot] = ids.length === 1 ? (ids[0] as PluginId) : ids;
  }
  return bind;
};

const driverCalled = (word: string, slot: string, plugins: readonly Plugin[]): PluginId => {
  const drivers = plugins.filter((p) => p.kind === 'driver' && p.provides.name === slot);
  const found = drivers.find((p) => p.id === word || lastPart(p.id) === word);
  if (found !== undefined) return found.id;
  const names = drivers.map((p) => lastPart(p.id));
  const near = nearest(word, names);
  throw new ExitError(`no driver for ${slot} is called ${word}`, 1, {
    hint: near === undefined ? `drivers for ${slot}: ${names.join(', ')}` : `did you mean --${slot}=${near}?`,
  });
};

/**
 * Bindings for core services that run as processes of their own: of the slots they need, those that no other core service stands
 * for are bound as in profile `server`; the rest stay remote. So services/auth holds the accounts, and services/proxy asks it.
 */
export const bindingsAlone = (ids: readonly PluginId[], base: ProfilePlugin, plugins: readonly Plugin[]): Bindings => {
  const server = plugins.find((p): p is ProfilePlugin => p.id === 'profiles/server');
  const bind: Record<string, PluginId | readonly PluginId[]> = { ...base.bind };
  if (server === undefined) return bind;
  const wanted = plugins.filter((p) => ids.includes(p.id)).flatMap((p) => Object.values(needsOf(p)));
  for (const { name } of wanted) {
    const face: PluginId = `services/${name}`;
    const remote = plugins.some((p) => p.id === face) && !ids.includes(face);
    const driver = server.bind[name];
    const bound = bind[name];
    // What is no face of a core service (drivers/client/proxy) serves the remote drivers themselves, and stays.
    const replaceable = bound === undefined || (typeof bound === 'string' && lastPart(bound) === 'rpc');
    if (!remote && replaceable && driver !== undefined) bind[name] = driver;
  }
  return bind;
};

/** `drivers/store/sqlite` -> `sqlite`. */
export const lastPart = (id: string): string => id.slice(id.lastIndexOf('/') + 1);
