/**
 * The records of a registry in memory: domains, versions and nodes with a time to live, and the watchers of their changes.
 * Look-ups, refreshes and expiry cost what they touch, not what there is. Runs no timer and writes no file: its owner prunes, and hears
 * through a journal of what is to outlive the process.
 */

import { defaultNamespace } from '../contract/core.ts';
import { tooMany } from '../contract/error.ts';
import { endpointsMax, nodesMax, registryVersionsMax } from '../contract/limits.ts';
import type { Endpoint, Node, Registry, Service } from '../contract/registry.ts';
import { checkNodeIds, checkService, expiryOf, writeDomain } from './check-service.ts';
import { createExpiryQueue, type ExpiryQueue, type Expiring } from './expiry-queue.ts';
import { sameEndpoints, sameStrings } from './same-service.ts';
import { createWatchers, type Watchers } from './watchers.ts';

export interface RegistryTable extends Registry {
  /** Removes what has expired. Every read and write does so first: a timer serves the watchers alone. */
  prune(): void;
  /** Takes back what a journal kept: a version and when the lease of each of its nodes ends. The journal is not told. */
  restore(domain: string, service: Service, expiresAt: readonly number[]): void;
  /** Ends every watch. */
  close(): void;
}

/** One version of one service in one domain. */
export interface VersionRecord extends Expiring {
  readonly domain: string;
  readonly name: string;
  readonly version: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly endpoints: readonly Endpoint[];
  readonly nodes: ReadonlyMap<string, Lease>;
  /** How many of them are to outlive the process. */
  readonly durableNodes: number;
}

export interface Lease extends Expiring {
  readonly node: Node;
  /** Whether it is to outlive the process. */
  durable: boolean;
}

/** Hears of durable leases and of nothing else. It is told at once and may not throw. */
export interface RegistryJournal {
  /** New, or other than it was. */
  put(version: VersionRecord, lease: Lease): void;
  /** Its end was put off, nothing else. */
  renewed(version: VersionRecord, lease: Lease): void;
  /** Endpoints or metadata of a version with durable leases are others. */
  reshaped(version: VersionRecord): void;
  removed(version: VersionRecord, lease: Lease): void;
}

export interface RegistryTableOptions {
  readonly now: () => number;
  readonly journal?: RegistryJournal;
}

const registerId = 'registry.Registry.Register';
const deregisterId = 'registry.Registry.Deregister';

interface Version extends VersionRecord {
  metadata: Readonly<Record<string, string>>;
  endpoints: readonly Endpoint[];
  readonly nodes: Map<string, Stored>;
  durableNodes: number;
  /** What reads return; made when asked for, dropped at each change. */
  snapshot: Service | undefined;
}

/** A lease knows its version, so that one that has ended leads to what it is removed from. */
interface Stored extends Lease {
  node: Node;
  readonly of: Version;
}

type VersionsByName = Map<string, Map<string, Version>>;

interface State extends RegistryTableOptions {
  readonly domains: Map<string, VersionsByName>;
  readonly watchers: Watchers;
  /** Leases, and versions that no node was ever named of. */
  readonly expiry: ExpiryQueue<Stored | Version>;
  /** By domain or `*`: what `list` answered last, until something changes. */
  readonly lists: Map<string, readonly Service[]>;
  versions: number;
}

export const createRegistryTable = (o: RegistryTableOptions): RegistryTable => {
  const state: State = {
    ...o,
    domains: new Map(),
    watchers: createWatchers(),
    expiry: createExpiryQueue(),
    lists: new Map(),
    versions: 0,
  };
  return {
    prune: () => prune(state),
    register: async (service, options = {}) => {
      options.signal?.throwIfAborted();
      const domain = writeDomain(options.domain, registerId);
      checkService(service, registerId);
      const expiresAt = expiryOf(options.ttlMs, o.now(), registerId);
      prune(state);
      const durable = options.durable === true;
      const registeredAt = o.now();
      const times = { expiresAt: () => expiresAt, registeredAt: () => registeredAt };
      register(state, service, { domain, ...times, durable, journal: o.journal });
    },
    restore: (domain, service, expiresAt) => {
      const ends = new Map(service.nodes.map(({ id }, i) => [id, expiresAt[i] ?? 0]));
      const times = {
        expiresAt: (id: string) => ends.get(id) ?? 0,
        registeredAt: (node: Node) => node.registeredAt ?? o.now(),
      };
      register(state, service, { domain, ...times, durable: true, journal: undefined });
    },
    deregister: async (service, options = {}) => {
      options.signal?.throwIfAborted();
      const domain = writeDomain(options.domain, deregisterId);
      checkNodeIds(service, deregisterId);
      prune(state);
      deregister(state, service, domain);
    },
    get: async (name, options = {}) => {
      options.signal?.throwIfAborted();
      prune(state);
      const found: Service[] = [];
      for (const byName of domainsOf(state, options.domain))
        for (const version of byName.get(name)?.values() ?? []) found.push(snapshotOf(version));
      return found.length > 1 ? found.sort(byNameAndVersion) : found;
    },
    list: async (options = {}) => {
      options.signal?.throwIfAborted();
      prune(state);
      const domain = options.domain || defaultNamespace;
      const known = state.lists.get(domain) ?? list(state, domain);
      // An empty list is not kept: anybody may ask for any domain.
      if (known.length > 0) state.lists.set(domain, known);
      return known;
    },
    watch: (options = {}) => state.watchers.open(options),
    close: () => state.watchers.close(),
  };
};

const list = (state: State, domain: string): readonly Service[] => {
  const found: Service[] = [];
  for (const byName of domainsOf(state, domain))
    for (const versions of byName.values()) for (const version of versions.values()) found.push(snapshotOf(version));
  return found.sort(byNameAndVersion);
};

interface RegisterOptions {
  readonly domain: string;
  expiresAt(nodeId: string): number;
  registeredAt(node: Node): number;
  readonly durable: boolean;
  readonly journal: RegistryJournal | undefined;
}

const register = (state: State, service: Service, o: RegisterOptions): void => {
  const known = state.domains.get(o.domain)?.get(service.name)?.get(service.version);
  if (known !== undefined) checkRoom(known, service.nodes);
  const version = known ?? addVersion(state, service, o.domain);
  const reshaped = replaceShape(version, service);
  let changed = false;
  for (const node of service.nodes) changed = putNode(state, version, node, o) || changed;
  if (service.nodes.length === 0 && version.nodes.size === 0) {
    version.expiresAt = o.expiresAt('');
    state.expiry.schedule(version);
  }
  if (reshaped && version.durableNodes > 0) o.journal?.reshaped(version);
  if (known !== undefined && !reshaped && !changed) return;
  tell(state, version, known === undefined ? 'create' : 'update');
};

/** Asked before anything is changed: a refused registration leaves the version as it was. */
const checkRoom = (version: Version, nodes: readonly Node[]): void => {
  if (version.nodes.size + nodes.length <= nodesMax) return;
  const added = new Set(nodes.map((n) => n.id).filter((id) => !version.nodes.has(id)));
  if (version.nodes.size + added.size > nodesMax)
    throw tooMany(registerId, `more than ${nodesMax} nodes in ${version.name} ${version.version} (nodesMax)`);
};

const addVersion = (state: State, service: Service, domain: string): Version => {
  if (state.versions >= registryVersionsMax)
    throw tooMany(registerId, `more than ${registryVersionsMax} service versions (registryVersionsMax)`);
  const byName = entry(state.domains, domain, () => new Map<string, Map<string, Version>>());
  const versions = entry(byName, service.name, () => new Map<string, Version>());
  if (versions.size >= endpointsMax)
    throw tooMany(registerId, `more than ${endpointsMax} versions of ${service.name} (endpointsMax)`);
  const version: Version = {
    domain,
    name: service.name,
    version: service.version,
    metadata: {},
    endpoints: [],
    nodes: new Map(),
    durableNodes: 0,
    expiresAt: Infinity,
    queuedAt: Infinity,
    snapshot: undefined,
  };
  versions.set(service.version, version);
  state.versions += 1;
  return version;
};

/** Endpoints and metadata are those of the last registration; true when that changed them. */
const replaceShape = (version: Version, service: Service): boolean => {
  const metadata = { ...service.metadata, domain: version.domain };
  const changed = !sameStrings(version.metadata, metadata) || !sameEndpoints(version.endpoints, service.endpoints);
  if (changed) {
    version.metadata = metadata;
    version.endpoints = service.endpoints.map((e) => ({ ...e, metadata: { ...e.metadata } }));
  }
  return changed;
};

/** Adds or renews a node; true when it is new or different, false when only its lease was renewed. */
const putNode = ({ expiry }: State, version: Version, node: Node, o: RegisterOptions): boolean => {
  const { journal } = o;
  const metadata = { ...node.metadata, domain: version.domain };
  const known = version.nodes.get(node.id);
  const isSame = known?.node.address === node.address && sameStrings(known.node.metadata, metadata);
  const registeredAt = known?.node.registeredAt ?? o.registeredAt(node);
  const lease: Stored = known ?? { node, expiresAt: 0, queuedAt: Infinity, durable: false, of: version };
  const wasDurable = lease.durable;
  if (!isSame) lease.node = { id: node.id, address: node.address, metadata, registeredAt };
  lease.expiresAt = o.expiresAt(node.id);
  lease.durable = o.durable;
  version.nodes.set(node.id, lease);
  version.durableNodes += Number(o.durable) - Number(wasDurable);
  expiry.schedule(lease);
  if (o.durable && isSame && wasDurable) journal?.renewed(version, lease);
  else if (o.durable) journal?.put(version, lease);
  else if (wasDurable) journal?.removed(version, lease);
  return !isSame;
};

/** Unknown services and nodes are no error: the wish is already true. */
const deregister = (state: State, service: Pick<Service, 'name' | 'version' | 'nodes'>, domain: string): void => {
  const version = state.domains.get(domain)?.get(service.name)?.get(service.version);
  if (version === undefined) return;
  const leases = service.nodes.flatMap(({ id }) => version.nodes.get(id) ?? []);
  if (leases.length > 0 || version.nodes.size === 0) dropNodes(state, version, leases);
};

/** Takes nodes out and tells the watchers; a version without nodes goes too. */
const dropNodes = (state: State, version: Version, leases: readonly Stored[]): void => {
  const last = leases.length < version.nodes.size ? undefined : snapshotOf(version);
  for (const lease of leases) {
    if (!version.nodes.delete(lease.node.id)) continue;
    state.expiry.forget(lease);
    version.durableNodes -= Number(lease.durable);
    if (lease.durable) state.journal?.removed(version, lease);
  }
  if (version.nodes.size > 0 || last === undefined) {
    tell(state, version, 'update');
    return;
  }
  removeVersion(state, version);
  state.lists.clear();
  state.watchers.emit(version, () => ({ action: 'delete', service: last }));
};

const removeVersion = (state: State, version: Version): void => {
  state.expiry.forget(version);
  const byName = state.domains.get(version.domain);
  const versions = byName?.get(version.name);
  if (versions?.delete(version.version)) state.versions -= 1;
  if (versions?.size === 0) byName?.delete(version.name);
  if (byName?.size === 0) state.domains.delete(version.domain);
};

const tell = (state: State, version: Version, action: 'create' | 'update'): void => {
  version.snapshot = undefined;
  state.lists.clear();
  state.watchers.emit(version, () => ({ action, service: snapshotOf(version) }));
};

const prune = (state: State): void => {
  const ended = state.expiry.due(state.now());
  if (ended.length === 0) return;
  const leases = new Map<Version, Stored[]>();
  for (const item of ended) {
    if ('node' in item) entry(leases, item.of, () => []).push(item);
    else entry(leases, item, () => []);
  }
  // A version that ends by itself has no nodes, or has got some since.
  for (const [version, expired] of leases)
    if (expired.length > 0 || version.nodes.size === 0) dropNodes(state, version, expired);
};

/** The domains a read covers. */
const domainsOf = (state: State, domain: string | undefined): Iterable<VersionsByName> => {
  if (domain === '*') return state.domains.values();
  const byName = state.domains.get(domain || defaultNamespace);
  return byName === undefined ? [] : [byName];
};

const snapshotOf = (version: Version): Service => {
  version.snapshot ??= {
    name: version.name,
    version: version.version,
    metadata: version.metadata,
    endpoints: version.endpoints,
    nodes: Array.from(version.nodes.values(), (lease) => lease.node),
  };
  return version.snapshot;
};

const byNameAndVersion = (a: Service, b: Service): number =>
  compare(a.name, b.name) || compare(a.version, b.version) || compare(a.metadata.domain ?? '', b.metadata.domain ?? '');

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const entry = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
};
