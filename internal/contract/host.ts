/** The one capability the host provides itself; commands such as `server`, `plugin` and `help` name it in their needs. */

import type { LocalCalls } from './call-transport.ts';
import { capability } from './capability.ts';
import type { Listener } from './listener.ts';
import type { Notice, Plugin, PluginId } from './plugin.ts';

export interface PlanStep {
  readonly id: PluginId;
  /** Need name -> ids of the plugins that fill it. */
  readonly needs: Readonly<Record<string, readonly PluginId[]>>;
}

export interface PluginState {
  readonly id: PluginId;
  readonly kind: Plugin['kind'];
  readonly state: 'idle' | 'loaded' | 'started' | 'failed' | 'stopped';
  /** Milliseconds load() took; undefined when not loaded. */
  readonly loadMs: number | undefined;
}

/** One setting of a plugin with where its value came from. */
export interface SettingValue {
  readonly name: string;
  readonly value: string;
  readonly origin: 'flag' | 'env' | 'file' | 'profile' | 'default' | 'unset';
  readonly doc: string;
}

/** A folder in ~/.micro/plugins. Only trusted ones are among the manifests. */
export interface ExternalPlugin {
  readonly folder: string;
  /** Undefined, as all that follows, when its plugin.json cannot be read. */
  readonly id: PluginId | undefined;
  readonly kind: Plugin['kind'] | undefined;
  readonly version: string | undefined;
  /** Words of its verbs. */
  readonly words: readonly string[];
  readonly state: 'trusted' | 'not trusted' | 'refused';
  /** Why it is not used; empty for a trusted one. */
  readonly reason: string;
  /** Refused because another plugin has its id or its words. */
  readonly clashes?: boolean;
}

export interface Host {
  readonly version: string;
  readonly profile: string;
  readonly dataDir: string;
  manifests(): readonly Plugin[];
  /** Third-party plugins, those that are not used included. */
  external(): readonly ExternalPlugin[];
  /** What would start, in order; throws with the whole chain when something is missing or circular. Loads nothing. */
  plan(ids?: readonly PluginId[]): readonly PlanStep[];
  /** Starts these plugins and what they need, and serves the services among them. Stops everything again when one fails. */
  start(ids: readonly PluginId[], o?: StartOptions): Promise<Started>;
  /** The open ports of what start() brought up in this process; waits until that is complete. Rejects with the signal's reason. */
  ready(signal?: AbortSignal): Promise<readonly Listener[]>;
  /** Takes calls to a service of that name and namespace that this process serves; undefined when it serves none. For gateways, which then need no connection. */
  local(service: string, namespace: string): LocalCalls | undefined;
  states(): readonly PluginState[];
  settings(id: PluginId): readonly SettingValue[];
}

export interface StartOptions {
  /** Plugin id -> setting -> text, with the strength of a flag. */
  readonly settings?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Where the listener opens that all services of this start share; default a free loopback port. */
  readonly address?: string;
}

export interface Started {
  readonly listeners: readonly Listener[];
  /** What plugins have to say to the person who started them; may hold secrets. */
  readonly notices: readonly Notice[];
  /** Resolves when everything has stopped; rejects when a plugin fails while running. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export const host = capability<Host>('host');
