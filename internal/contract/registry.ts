/** The registry slot: which services run, where, and what they answer (wire.md 4). What every driver must do: test/conformance/registry.ts. */

import type { CallOptions } from './call-options.ts';
import { capability } from './capability.ts';
import type { ValueTree } from './handler.ts';

export interface Node {
  readonly id: string;
  /** `host:port`, or `[v6]:port`. */
  readonly address: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** When it registered first, in milliseconds since the epoch, to the second over the wire. Set by the registry. */
  readonly registeredAt?: number;
}

export interface Endpoint {
  /** `Type.Method`. */
  readonly name: string;
  readonly request: ValueTree | undefined;
  readonly response: ValueTree | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Service {
  readonly name: string;
  readonly version: string;
  /** Holds `domain` in what the registry returns. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly endpoints: readonly Endpoint[];
  readonly nodes: readonly Node[];
}

export interface RegistryEvent {
  readonly action: 'create' | 'update' | 'delete';
  /** The version with all its nodes after the change (create, update), or as it last was (delete). The same state may be told twice. */
  readonly service: Service;
}

export interface RegistryOptions extends CallOptions {
  /** Default `micro`; `*` means all domains (reads only). */
  readonly domain?: string;
}

export interface RegisterOptions extends RegistryOptions {
  readonly ttlMs?: number;
  /** The node may outlive the process that holds the registry: a driver that can keeps it over a restart. Set for what registers from outside. */
  readonly durable?: boolean;
}

export interface Registry {
  /** Upserts version and nodes; endpoints and metadata of the version are replaced. `ttlMs` 0 or undefined: never expires. */
  register(service: Service, o?: RegisterOptions): Promise<void>;
  /** Removes these nodes; the version goes with its last node. */
  deregister(service: Pick<Service, 'name' | 'version' | 'nodes'>, o?: RegistryOptions): Promise<void>;
  /** One entry per version; empty when the service is unknown. */
  get(name: string, o?: RegistryOptions): Promise<readonly Service[]>;
  /** One entry per version of every service, sorted by name, then version. */
  list(o?: RegistryOptions): Promise<readonly Service[]>;
  /**
   * Changes from now on, of one service or of all. Ends with the signal. A reader that falls behind is told several changes of a version as
   * one; when watchQueueMax does not hold even that, it gets tooMany, and has to list and watch again (internal/registry/mirror.ts does).
   */
  watch(o?: RegistryOptions & { readonly service?: string }): AsyncIterable<RegistryEvent>;
}

export const registry = capability<Registry>('registry');
