/** The plugin contract: manifests are data, code is behind load(). The four kinds are command, service, driver and profile. */

import type { Capability, Needs, Resolved } from './capability.ts';
import type { FieldSpecs, Values } from './field.ts';
import type { Handler, Handlers } from './handler.ts';
import type { Listener } from './listener.ts';
import type { Logger } from './logger.ts';
import type { Output } from './output.ts';

/** The version of this contract; a third-party plugin that states another one is refused. */
export const contractVersion = 1;

/** A plugin's id is its folder below plugins/. */
export type PluginId =
  | `commands/${string}`
  | `services/${string}`
  | `drivers/${string}/${string}`
  | `profiles/${string}`;

interface Manifest<C extends FieldSpecs, N extends Needs> {
  readonly id: PluginId;
  /** One line for help and generated docs, without a full stop. */
  readonly summary: string;
  /** Settings it reads, stored under its own id. */
  readonly config?: C;
  /** What must be running before it; a command's needs stand on each verb instead. */
  readonly needs?: N;
}

export interface PluginContext<C extends FieldSpecs = {}, N extends Needs = {}> {
  /** Checked settings with defaults filled in. */
  readonly config: Values<C>;
  /** Started already. */
  readonly needs: Resolved<N>;
  /** Tagged with the plugin id. */
  readonly log: Logger;
  /** Aborts when stop begins. */
  readonly signal: AbortSignal;
  /** Private to this plugin; created (mode 0700) on the first read of this property. */
  readonly dataDir: string;
  /** Milliseconds since the epoch; replaced in tests. */
  readonly now: () => number;
}

export interface Running {
  /** Acquires what it needs; resolves only when ready to serve. */
  start?(): Promise<void>;
  /** Releases everything; safe after a half start and safe twice. */
  stop?(deadline: AbortSignal): Promise<void>;
  /** What the person who starts it must read now. Asked once, when everything has started; shown on the terminal, never logged. */
  notices?(): readonly Notice[];
}

/** One line for people: `admin`, and what there is to say. */
export interface Notice {
  readonly name: string;
  readonly text: string;
}

export interface DriverPlugin<T, C extends FieldSpecs, N extends Needs> extends Manifest<C, N> {
  readonly kind: 'driver';
  readonly provides: Capability<T>;
  load(): Promise<{ create(ctx: PluginContext<C, N>): T & Running }>;
}

export interface ServicePlugin<C extends FieldSpecs, N extends Needs> extends Manifest<C, N> {
  readonly kind: 'service';
  /** Files under proto/; empty for a pure gateway. */
  readonly protos: readonly string[];
  /** Default listening port; 0 shares the process's internal listener. */
  readonly port: number;
  load(): Promise<{ create(ctx: PluginContext<C, N>): ServiceInstance }>;
}

/** What a service plugin creates. A gateway (api, proxy) opens its own port in start() and names it in listeners(). */
export interface ServiceInstance extends Running {
  readonly handlers: Handlers;
  /** Answers what comes to the listener for services that are not behind it. */
  readonly fallback?: Handler;
  listeners?(): readonly Listener[];
}

export interface ArgSpec {
  readonly name: string;
  readonly doc: string;
  readonly required?: boolean;
  /** What is said when a required one is left out; otherwise the command shows its help. */
  readonly missing?: string;
  /** Takes all remaining words. */
  readonly rest?: boolean;
}

export interface Verb<F extends FieldSpecs = {}, C extends FieldSpecs = {}, N extends Needs = {}> {
  /** 'store read'; '*' is the fallback for unknown words. */
  readonly words: string;
  readonly summary: string;
  readonly description?: string;
  readonly args?: readonly ArgSpec[];
  readonly flags?: F;
  readonly needs?: N;
  /** Command lines that work; the tests run each of them. */
  readonly examples?: readonly string[];
  /** Left out of help. */
  readonly hidden?: boolean;
  /** The first word is a service's name as well. The verb takes a line that goes on with a positional or with one of its required flags; any other is the service's. */
  readonly sharesWord?: boolean;
  /** Flags are not parsed: everything after the words arrives in `raw` (dynamic commands). */
  readonly passthrough?: boolean;
  load(): Promise<{ run(call: Call<F>, ctx: PluginContext<C, N>): Promise<number | undefined | void> }>;
}

export interface Call<F extends FieldSpecs = {}> {
  /** Positional words after the verb's own. */
  readonly args: readonly string[];
  readonly flags: Values<F>;
  /** Names of the flags that were given on the command line or by their variable, defaults excluded. */
  readonly given: ReadonlySet<string>;
  /** Words after `--`. */
  readonly rest: readonly string[];
  /** Everything after the verb's words, untouched. */
  readonly raw: readonly string[];
  readonly out: Output;
}

export interface CommandPlugin<C extends FieldSpecs> extends Manifest<C, Needs> {
  readonly kind: 'command';
  readonly verbs: readonly Verb<any, any, any>[];
}

export interface ProfilePlugin extends Manifest<FieldSpecs, Needs> {
  readonly kind: 'profile';
  /** Another name users may select it by ('local' for 'server'). */
  readonly alias?: string;
  /** Capability name -> driver, or drivers for a many-valued slot. */
  readonly bind: Readonly<Record<string, PluginId | readonly PluginId[]>>;
  /** What `micro server` runs under this profile. */
  readonly start: readonly PluginId[];
  /** Plugin id -> setting -> value; weaker than file, variable and flag. */
  readonly settings?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export type Plugin = CommandPlugin<any> | ServicePlugin<any, any> | DriverPlugin<any, any, any> | ProfilePlugin;

type Define<P extends { kind: string }> = Omit<P, 'kind'>;

export const defineDriver = <T, C extends FieldSpecs = {}, N extends Needs = {}>(
  p: Define<DriverPlugin<T, C, N>>,
): DriverPlugin<T, C, N> => ({ kind: 'driver', ...p });

export const defineService = <C extends FieldSpecs = {}, N extends Needs = {}>(
  p: Define<ServicePlugin<C, N>>,
): ServicePlugin<C, N> => ({ kind: 'service', ...p });

export const defineCommand = <C extends FieldSpecs = {}>(p: Define<CommandPlugin<C>>): CommandPlugin<C> => ({
  kind: 'command',
  ...p,
});

/** Types one verb: flags and needs are inferred, so that its run() can be typed by `typeof flags`. */
export const verb = <F extends FieldSpecs = {}, C extends FieldSpecs = {}, N extends Needs = {}>(
  v: Verb<F, C, N>,
): Verb<F, C, N> => v;

export const defineProfile = (p: Define<ProfilePlugin>): ProfilePlugin => ({ kind: 'profile', ...p });
