/** Starts one plugin by itself in a temporary data folder, with its needs handed in: what conformance suites and unit tests of drivers use. */

import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Needs, Resolved } from '../../internal/contract/capability.ts';
import type { FieldSpecs, Values } from '../../internal/contract/field.ts';
import type { Logger } from '../../internal/contract/logger.ts';
import type {
  DriverPlugin,
  PluginContext,
  Running,
  ServiceInstance,
  ServicePlugin,
} from '../../internal/contract/plugin.ts';

export const silentLog: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};

export interface StartOptions<C extends FieldSpecs, N extends Needs> {
  readonly config?: Partial<Values<C>>;
  readonly needs?: Resolved<N>;
  readonly now?: () => number;
  readonly log?: Logger;
  /** Default: a fresh temporary folder that stop() removes. */
  readonly dataDir?: string;
}

export interface StartedPlugin<T> {
  readonly instance: T;
  readonly dataDir: string;
  /** Stops it; removes the data folder unless it was handed in. */
  stop(): Promise<void>;
}

/** A context as the host would build it: defaults of the manifest, overridden by `config`. */
export const pluginContext = <C extends FieldSpecs, N extends Needs>(
  plugin: { readonly config?: C },
  o: StartOptions<C, N> & { readonly dataDir: string; readonly signal: AbortSignal },
): PluginContext<C, N> => {
  const config: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(plugin.config ?? {}))
    if (spec.default !== undefined || spec.list) config[name] = spec.default ?? [];
  return {
    config: { ...config, ...o.config } as Values<C>,
    needs: (o.needs ?? {}) as Resolved<N>,
    log: o.log ?? silentLog,
    signal: o.signal,
    dataDir: o.dataDir,
    now: o.now ?? Date.now,
  };
};

const startPlugin = async <T extends Running, C extends FieldSpecs, N extends Needs>(
  plugin: { readonly config?: C; load(): Promise<{ create(ctx: PluginContext<C, N>): T }> },
  o: StartOptions<C, N> = {},
): Promise<StartedPlugin<T>> => {
  const dataDir = o.dataDir ?? mkdtempSync(join(tmpdir(), 'micro-test-'));
  mkdirSync(dataDir, { recursive: true });
  const abort = new AbortController();
  const { create } = await plugin.load();
  const instance = create(pluginContext(plugin, { ...o, dataDir, signal: abort.signal }));
  await instance.start?.();
  return {
    instance,
    dataDir,
    stop: async () => {
      abort.abort();
      await instance.stop?.(AbortSignal.timeout(5_000));
      if (o.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
};

export const startDriver = <T, C extends FieldSpecs, N extends Needs>(
  plugin: DriverPlugin<T, C, N>,
  o?: StartOptions<C, N>,
): Promise<StartedPlugin<T & Running>> => startPlugin<T & Running, C, N>(plugin, o);

export const startService = <C extends FieldSpecs, N extends Needs>(
  plugin: ServicePlugin<C, N>,
  o?: StartOptions<C, N>,
): Promise<StartedPlugin<ServiceInstance>> => startPlugin<ServiceInstance, C, N>(plugin, o);
