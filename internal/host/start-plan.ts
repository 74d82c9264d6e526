/**
 * Brings a plan to life and down again: drivers in order, then services, then one listener for all of them, then the gateways; back in
 * reverse. Owns the instances of one run. Chooses nothing: the plan did.
 */

import type { LocalCalls } from '../contract/call-transport.ts';
import type { Auth } from '../contract/auth.ts';
import { defaultNamespace, defaultVersion } from '../contract/core.ts';
import { ExitError, isMicroError } from '../contract/error.ts';
import { startTimeoutMs, stopTimeoutMs } from '../contract/limits.ts';
import type { PlanStep } from '../contract/host.ts';
import type { Listener } from '../contract/listener.ts';
import type { Logger } from '../contract/logger.ts';
import { dialableHere } from '../contract/loopback.ts';
import type { Notice, Plugin, PluginContext, PluginId, Running, ServiceInstance } from '../contract/plugin.ts';
import type { Registry } from '../contract/registry.ts';
import { chainTo, lastPart, needsOf, type Plan } from './plan.ts';
import type { Served } from './serve.ts';

export interface RunOptions {
  readonly plan: Plan;
  /** Who wants it, when that is not a plugin of the plan. */
  readonly wanting?: string;
  readonly plugins: readonly Plugin[];
  /** Loads a plugin's code and makes its context; remembers states. */
  readonly load: (plugin: Plugin) => Promise<Created>;
  readonly contextOf: (plugin: Plugin, needs: Readonly<Record<string, unknown>>, signal: AbortSignal) => PluginContext;
  readonly setState: (id: PluginId, state: 'started' | 'failed' | 'stopped') => void;
  /** The capability that the host itself fills. */
  readonly host: unknown;
  readonly log: Logger;
  readonly signal?: AbortSignal;
  readonly now: () => number;
  /** Of this micro. */
  readonly version: string;
  /** Where the shared listener opens; default a free loopback port. */
  readonly address?: string;
  /** Told of each service that is served from now on, and of undefined when it is no longer. */
  readonly serving: (name: string, namespace: string, calls: LocalCalls | undefined) => void;
}

/** What load() gives: the one function this file calls. */
export interface Created {
  create(ctx: PluginContext): unknown;
}

export interface Run {
  instanceOf(id: PluginId): unknown;
  readonly listeners: readonly Listener[];
  readonly notices: readonly Notice[];
  /** Safe twice; the first failure is thrown after everything was asked to stop. */
  stop(): Promise<void>;
}

const sharedAddress = '127.0.0.1:0';

interface Live {
  readonly id: PluginId;
  readonly abort: AbortController;
  readonly running: Running;
}

/** Starts everything in the plan; when one fails, stops what had started and throws ExitError with the chain. */
export const startPlan = async (o: RunOptions): Promise<Run> => {
  const instances = new Map<PluginId, unknown>();
  const live: Live[] = [];
  const served: (Served & { readonly name: string })[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= stopAll(live, instances, served, o).finally(() => {
      for (const { id } of o.plan.steps) if (isService(id)) o.serving(lastPart(id), defaultNamespace, undefined);
    });
    return stopping;
  };
  const portOf = (id: PluginId): string | undefined => {
    const running = instances.get(id) as Running;
    return isGateway(running) ? dialableHere(running.listeners().map(({ address }) => address)) : undefined;
  };
  const serveSome = async (name: string, steps: readonly PlanStep[], listener: typeof portOf): Promise<void> => {
    if (steps.length === 0) return;
    const one = await serveServices(steps, instances, listener, o);
    served.push({ name, ...one });
    for (const { id } of steps) o.serving(lastPart(id), defaultNamespace, one.calls);
  };
  try {
    const gateways: Live[] = [];
    for (const step of o.plan.steps) {
      const entry = await createStep(step.id, instances, o);
      if (isGateway(entry.running)) gateways.push(entry);
      else {
        live.push(entry);
        await startOne(entry, o);
      }
    }
    const inner = o.plan.steps.filter(({ id }) => isService(id) && !gateways.some((g) => g.id === id));
    await serveSome('services', inner, () => undefined);
    for (const gateway of gateways) {
      live.push(gateway);
      await startOne(gateway, o);
    }
    await serveSome(
      'gateways',
      o.plan.steps.filter(({ id }) => gateways.some((g) => g.id === id)),
      portOf,
    );
  } catch (e) {
    await stop().catch((fault: unknown) => o.log.warn('stopping after a failed start', { error: fault }));
    throw e;
  }
  const internal = served.map(({ name, address }): Listener => ({ name, address, protocol: 'gRPC', auth: true }));
  const open = live.flatMap(({ running }) => (isGateway(running) ? running.listeners() : []));
  const notices = live.flatMap(({ running }) => running.notices?.() ?? []);
  return { instanceOf: (id) => instances.get(id), listeners: [...open, ...internal], notices, stop };
};

const isGateway = (x: Running): x is Running & { listeners(): readonly Listener[] } =>
  'listeners' in x && typeof x.listeners === 'function';

const createStep = async (id: PluginId, instances: Map<PluginId, unknown>, o: RunOptions): Promise<Live> => {
  o.signal?.throwIfAborted();
  const plugin = o.plugins.find((p) => p.id === id) as Plugin;
  const abort = new AbortController();
  try {
    const { create } = await o.load(plugin);
    const running = create(o.contextOf(plugin, resolveNeeds(plugin, instances, o), abort.signal)) as Running;
    instances.set(id, running);
    return { id, abort, running };
  } catch (e) {
    o.setState(id, 'failed');
    throw failure(id, 'create', e, o);
  }
};

const resolveNeeds = (
  plugin: Plugin,
  instances: ReadonlyMap<PluginId, unknown>,
  o: RunOptions,
): Readonly<Record<string, unknown>> => {
  const step = o.plan.steps.find((s) => s.id === plugin.id);
  return resolved(needsOf(plugin), step?.needs ?? {}, (id) => instances.get(id), o.host);
};

/** The objects behind filled needs: one, undefined, or all of them in the profile's order. */
export const resolved = (
  needs: ReturnType<typeof needsOf>,
  filled: Readonly<Record<string, readonly PluginId[]>>,
  instanceOf: (id: PluginId) => unknown,
  host: unknown,
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(needs).map(([name, need]) => {
      if (need.name === 'host') return [name, host];
      const found = (filled[name] ?? []).map(instanceOf);
      return [name, need.mode === 'all' ? found : found[0]];
    }),
  );

const startOne = async ({ id, abort, running }: Live, o: RunOptions): Promise<void> => {
  try {
    await bounded(
      running.start?.(),
      startTimeoutMs,
      `not ready within startTimeoutMs (${startTimeoutMs} ms)`,
      o.signal,
    );
    o.setState(id, 'started');
  } catch (e) {
    o.setState(id, 'failed');
    abort.abort();
    throw failure(id, 'start', e, o);
  }
};

/** One gRPC listener for these services, all of which the registry then knows. A gateway is registered with its public port. */
const serveServices = async (
  steps: readonly PlanStep[],
  instances: ReadonlyMap<PluginId, unknown>,
  listenerOf: (id: PluginId) => string | undefined,
  o: RunOptions,
): Promise<Served> => {
  const { serve } = await import('./serve.ts');
  const first = steps[0] as PlanStep;
  const needOf = (slot: 'registry' | 'auth'): unknown => {
    const plugin = o.plugins.find((p) => p.id === first.id) as Plugin;
    const name = Object.entries(needsOf(plugin)).find(([, need]) => need.name === slot)?.[0] ?? slot;
    return instances.get(first.needs[name]?.[0] as PluginId);
  };
  try {
    return await serve({
      services: steps.map(({ id }) => {
        const listener = listenerOf(id);
        const name = lastPart(id);
        const { handlers, fallback } = instances.get(id) as ServiceInstance;
        const registered = handlers.filter((handler) => handler.internal !== true);
        const types = new Set(registered.map(({ endpoint }) => endpoint.slice(0, endpoint.indexOf('.'))));
        return {
          name,
          version: defaultVersion,
          namespace: defaultNamespace,
          handlers,
          fallback,
          // A core service is called like the package of its protos.
          grpcNames: [...types].map((type) => `${name}.${type}`),
          ...(listener === undefined ? {} : { metadata: { listener } }),
        };
      }),
      address: o.address ?? sharedAddress,
      registry: needOf('registry') as Registry,
      auth: needOf('auth') as Auth,
      log: o.log,
      signal: o.signal ?? new AbortController().signal,
      now: o.now,
      microVersion: `v${o.version}`,
    });
  } catch (e) {
    throw failure(first.id, 'serve', e, o);
  }
};

const isService = (id: PluginId): boolean => id.startsWith('services/');

/** Gateways first, so that nothing new comes in; then the listener, then the rest in reverse. Every one is asked, whatever fails. */
const stopAll = async (
  live: readonly Live[],
  instances: ReadonlyMap<PluginId, unknown>,
  served: readonly Served[],
  o: RunOptions,
): Promise<void> => {
  const faults: unknown[] = [];
  const attempt = async (what: string, stop: () => Promise<void> | undefined): Promise<void> => {
    try {
      await bounded(stop(), stopTimeoutMs, `not stopped within stopTimeoutMs (${stopTimeoutMs} ms)`);
    } catch (e) {
      o.log.error('cannot stop', { plugin: what, error: e });
      faults.push(new ExitError(`${what}: stop: ${messageOf(e)}`, 1, { cause: e }));
    }
  };
  const stopOne = (entry: Live): Promise<void> => {
    entry.abort.abort();
    o.setState(entry.id, 'stopped');
    return attempt(entry.id, () => entry.running.stop?.(AbortSignal.timeout(stopTimeoutMs)));
  };
  const reversed = live.filter(({ id }) => instances.has(id)).reverse();
  for (const entry of reversed.filter((e) => isGateway(e.running))) await stopOne(entry);
  for (const one of served.toReversed())
    await attempt('the listener', () => one.stop(AbortSignal.timeout(stopTimeoutMs)));
  for (const entry of reversed.filter((e) => !isGateway(e.running))) await stopOne(entry);
  if (faults.length > 0) throw faults[0];
};

/** Waits for the work, but no longer than the bound and not beyond the caller's signal. The work itself is told by its own signal. */
const bounded = async (
  work: Promise<void> | undefined,
  ms: number,
  late: string,
  signal?: AbortSignal,
): Promise<void> => {
  if (work === undefined) return;
  const settled = new AbortController();
  const limit = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new Error(late)), ms);
    const interrupted = (): void => reject(signal?.reason as Error);
    if (signal?.aborted) interrupted();
    signal?.addEventListener('abort', interrupted, { once: true, signal: settled.signal });
    settled.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    settled.abort();
  }
};

/** `services/config needs store: drivers/store/sqlite: start: cannot open …`; what is meant for the caller of a command passes as it is. */
const failure = (id: PluginId, phase: string, e: unknown, o: RunOptions): unknown => {
  if (o.signal?.aborted && e === o.signal.reason) return e;
  if (o.wanting !== undefined && (e instanceof ExitError || isMicroError(e))) return e;
  const hint = typeof e === 'object' && e !== null && 'hint' in e && typeof e.hint === 'string' ? e.hint : undefined;
  const exitCode = e instanceof ExitError && e.exitCode !== 0 ? e.exitCode : 1;
  return new ExitError(`${chainTo(id, o.plan, o.wanting)}${phase}: ${messageOf(e)}`, exitCode, { cause: e, hint });
};

const messageOf = (e: unknown): string => (e instanceof Error ? e.message : String(e));
