/**
 * The host: plans, starts and stops plugins, for commands, for `micro server` and inside user services alike. Owns what is running and
 * what was loaded; which plugins there are, and every setting, comes from outside.
 */

import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';

import type { LocalCalls } from '../contract/call-transport.ts';
import type { Needs, Resolved } from '../contract/capability.ts';
import { ExitError } from '../contract/error.ts';
import type { FieldSpec, FieldSpecs } from '../contract/field.ts';
import type { ExternalPlugin, Host, PluginState, Started, StartOptions } from '../contract/host.ts';
import type { Listener } from '../contract/listener.ts';
import type { Logger } from '../contract/logger.ts';
import type { Plugin, PluginContext, PluginId } from '../contract/plugin.ts';
import { microDir } from '../home/home-dir.ts';
import { makePrivateFolder } from '../process/private-folder.ts';
import { withExposure } from './exposure.ts';
import {
  type Bindings,
  bindingsAlone,
  bindingsOf,
  lastPart,
  type PlanOptions,
  planNeeds,
  planOf,
  profileOf,
} from './plan.ts';
import { type Configured, createSettings, type Settings, type SettingsOptions } from './settings.ts';
import { type Created, resolved, type Run, type RunOptions, startPlan } from './start-plan.ts';
import { slotVariable } from '../cli/global-flags.ts';

export interface HostOptions {
  /** Builtin ones, and third-party ones that are trusted. */
  readonly plugins: readonly Plugin[];
  /** All third-party plugins that were found. */
  readonly external?: readonly ExternalPlugin[];
  /** Name or alias of the profile; MICRO_PROFILE and `--profile` are stronger. */
  readonly profile: string;
  readonly version: string;
  /** Environment, flags and config file. */
  readonly settings: Omit<SettingsOptions, 'plugins'>;
  readonly log: Logger;
  /** Default: MICRO_DATA_DIR, else `~/.micro/server`. */
  readonly dataDir?: string;
  /** Ends starting; running plugins are stopped by stop(). */
  readonly signal?: AbortSignal;
  readonly now?: () => number;
  /** Takes one line per event of MICRO_TRACE=load,plan. */
  readonly trace?: (topic: 'load' | 'plan', line: string) => void;
}

/** What a command, or a user's service, holds while it runs. */
export interface Opened<N extends Needs> {
  readonly needs: Resolved<N>;
  stop(): Promise<void>;
}

export interface OwnHost extends Host {
  /** Starts what fills these needs. `wanting` is named in messages. Faults meant for people pass as they are. */
  open<N extends Needs>(wanting: { readonly id: string; readonly needs: N }): Promise<Opened<N>>;
  /** The context for code that the caller loads itself: a command's verb. */
  contextFor<C extends FieldSpecs, N extends Needs>(
    plugin: Configured<C>,
    needs: Resolved<N>,
    signal: AbortSignal,
  ): PluginContext<C, N>;
}

/** Throws ExitError 1 for an unknown profile or driver; touches no disk and loads nothing yet. */
export const createHost = (o: HostOptions): OwnHost => {
  const external = o.external ?? [];
  const settings = createSettings({
    absent: (id) => external.some((e) => e.id === id),
    ...o.settings,
    plugins: o.plugins,
  });
  const profile = profileOf(settings.variable('MICRO_PROFILE') ?? o.profile, o.plugins);
  const override = (slot: string): string | undefined => settings.variable(slotVariable(slot));
  const bind = withReasons(external, () => bindingsOf(profile, o.plugins, override));
  const states = createStates(o.plugins);
  const ready = Promise.withResolvers<readonly Listener[]>();
  const now = o.now ?? Date.now;
  const local = new Map<string, LocalCalls>();
  const dataDir = (): string => resolve(o.dataDir ?? settings.variable('MICRO_DATA_DIR') ?? join(microDir(), 'server'));
  const planOptions = (chosen: Bindings): PlanOptions => ({
    plugins: o.plugins,
    bind: chosen,
    profile: lastPart(profile.id),
  });
  const layersOf = (id: PluginId, given?: StartOptions['settings']) => ({
    given: given?.[id],
    profile: profile.settings?.[id],
  });
  const contextOf = (
    plugin: Configured<FieldSpecs>,
    needs: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
    given?: StartOptions['settings'],
  ): PluginContext => ({
    config: settings.values(plugin, layersOf(plugin.id, given)),
    needs,
    log: o.log.child({ plugin: plugin.id }),
    signal,
    get dataDir() {
      return makePrivateFolder(join(dataDir(), plugin.id));
    },
    now,
  });
  const runOptions = (given?: StartOptions['settings']): Omit<RunOptions, 'plan'> => ({
    plugins: o.plugins,
    load: (plugin) => loadPlugin(plugin, states, o.trace),
    contextOf: (plugin, needs, signal) => contextOf(plugin, needs, signal, given),
    setState: (id, state) => states.set(id, { state }),
    host: self,
    serving: (name, namespace, calls) => {
      if (calls === undefined) local.delete(localKey(name, namespace));
      else local.set(localKey(name, namespace), calls);
    },
    log: o.log,
    signal: o.signal,
    now,
    version: o.version,
  });
  /** Core services started by themselves under a client's profile keep their own slots here. */
  const bindFor = (ids: readonly PluginId[]): Bindings =>
    profile.start.length > 0
      ? bind
      : bindingsOf({ ...profile, bind: bindingsAlone(ids, profile, o.plugins) as never }, o.plugins, override);
  const self: OwnHost = {
    version: o.version,
    profile: lastPart(profile.id),
    get dataDir() {
      return dataDir();
    },
    manifests: () => o.plugins,
    external: () => external,
    plan: (ids = profile.start) => withReasons(external, () => planOf(ids, planOptions(bindFor(ids))).steps),
    start: async (ids, start = {}) => {
      const plan = withReasons(external, () => planOf(ids, planOptions(bindFor(ids))));
      for (const step of plan.steps) o.trace?.('plan', JSON.stringify(step));
      const addressOf = (plugin: Plugin): string | undefined =>
        plugin.kind === 'service' && plugin.config?.address !== undefined
          ? settings.values(plugin as Configured<AddressSetting>, layersOf(plugin.id, start.settings)).address
          : undefined;
      const exposure = { steps: plan.steps, plugins: o.plugins, addressOf, shared: start.address };
      const given = withExposure(exposure, start.settings);
      const run = await startPlan({ ...runOptions(given), plan, address: start.address });
      ready.resolve(run.listeners);
      return startedOf(run);
    },
    ready: (signal) => untilAborted(ready.promise, signal),
    open: async <N extends Needs>(wanting: { readonly id: string; readonly needs: N }): Promise<Opened<N>> => {
      const plan = planNeeds(wanting, planOptions(bind));
      const run = await startPlan({ ...runOptions(), plan, wanting: wanting.id });
      const needs = resolved(wanting.needs, plan.direct, run.instanceOf, self);
      return { needs: needs as Resolved<N>, stop: run.stop };
    },
    contextFor: <C extends FieldSpecs, N extends Needs>(
      plugin: Configured<C>,
      needs: Resolved<N>,
      signal: AbortSignal,
    ) => contextOf(plugin, needs, signal) as PluginContext<C, N>,
    local: (service, namespace) => local.get(localKey(service, namespace)),
    states: () => states.all(),
    settings: (id) => explain(id, o.plugins, settings, layersOf(id)),
  };
  return self;
};

/** What a service with a port of its own has. */
type AddressSetting = { readonly address: FieldSpec<'string'> };

/** Neither part holds a blank. */
const localKey = (service: string, namespace: string): string => `${namespace} ${service}`;

/** A plugin that is missed may be there and not be used: then the reason says more than the nearest name. */
const withReasons = <T>(external: readonly ExternalPlugin[], work: () => T): T => {
  try {
    return work();
  } catch (e) {
    const unused = external.find(({ id, state }) => state !== 'trusted' && isMissing(e, id));
    if (unused === undefined || !(e instanceof ExitError)) throw e;
    throw new ExitError(e.message, e.exitCode, {
      cause: e,
      hint: `${unused.id} is ${unused.state}: ${unused.reason}`,
    });
  }
};

const isMissing = (e: unknown, id: PluginId | undefined): boolean => {
  if (!(e instanceof ExitError) || id === undefined) return false;
  const [, slot, name] = id.split('/');
  return e.message.endsWith(`there is no plugin ${id}`) || e.message === `no driver for ${slot} is called ${name}`;
};

const startedOf = (run: Run): Started => {
  const { promise: ended, resolve: end, reject } = Promise.withResolvers<void>();
  // Whoever awaits `ended` hears of it; nobody has to.
  ended.catch(() => {});
  return {
    listeners: run.listeners,
    notices: run.notices,
    ended,
    stop: async () => {
      try {
        await run.stop();
        end();
      } catch (e) {
        reject(e);
        throw e;
      }
    },
  };
};

const explain = (
  id: PluginId,
  plugins: readonly Plugin[],
  settings: Settings,
  layers: { readonly profile: Readonly<Record<string, unknown>> | undefined },
) => {
  const plugin = plugins.find((p) => p.id === id);
  return plugin === undefined ? [] : settings.explain(plugin as Configured<FieldSpecs>, layers);
};

/** What the promise gives, unless the signal fires before. */
const untilAborted = async <T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  const settled = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true, signal: settled.signal });
  });
  return Promise.race([promise, aborted]).finally(() => settled.abort());
};

interface States {
  set(id: PluginId, change: Partial<Pick<PluginState, 'state' | 'loadMs'>>): void;
  all(): readonly PluginState[];
}

const createStates = (plugins: readonly Plugin[]): States => {
  const changes = new Map<PluginId, Partial<PluginState>>();
  return {
    set: (id, change) => void changes.set(id, { ...changes.get(id), ...change }),
    all: () =>
      plugins.map(({ id, kind }) => ({ id, kind, state: 'idle' as const, loadMs: undefined, ...changes.get(id) })),
  };
};

/** Evaluates a plugin's code and remembers how long that took. */
const loadPlugin = async (plugin: Plugin, states: States, trace: HostOptions['trace']): Promise<Created> => {
  if (plugin.kind === 'command' || plugin.kind === 'profile') throw new Error(`${plugin.id} has no code of its own`);
  const before = performance.now();
  const code = (await plugin.load()) as Created;
  const loadMs = Math.round((performance.now() - before) * 10) / 10;
  states.set(plugin.id, { state: 'loaded', loadMs });
  trace?.('load', `${plugin.id} ${loadMs} ms`);
  return code;
};
