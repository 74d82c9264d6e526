/**
 * The registry in memory: domains, versions and nodes with a time to live. Owns the records, the timer that prunes
 * them and the watchers; does not check who may call (services/registry does).
 */

import { defaultNamespace } from '../../../../internal/contract/core.ts';
import { tooMany } from '../../../../internal/contract/error.ts';
import { endpointsMax, nodesMax, registryVersionsMax } from '../../../../internal/contract/limits.ts';
import type { PluginContext, Running } from '../../../../internal/contract/plugin.ts';
import type { Endpoint, Node, Registry, Service } from '../../../../internal/contract/registry.ts';

import { checkNodeIds, checkService, expiryOf, writeDomain } from './check-service.ts';
import { sameEndpoints, sameStrings } from './same-service.ts';
import { createWatchers, type Watchers } from './watchers.ts';

const pruneIntervalMs = 1_000;
const registerId = 'registry.Registry.Register';
const deregisterId = 'registry.Registry.Deregister';

interface Lease {
  readonly node: Node;
  expiresAt: number;
}

/** One version of one service in one domain. */
interface Version {
  readonly domain: string;
  readonly name: string;
  readonly version: string;
  metadata: Readonly<Record<string, string>>;
  endpoints: readonly Endpoint[];
  readonly nodes: Map<string, Lease>;
  /** When the version itself ends if no node was ever named; unused while it has nodes. */
  expiresAt: number;
  /** What reads return; made when asked for, dropped at each change. */
  snapshot: Service | undefined;
}

interface State {
  /** Domain -> service name -> version. */
  readonly domains: Map<string, Map<string, Map<string, Version>>>;
  readonly watchers: Watchers;
  versions: number;
  /** No lease ends before this. */
  earliestExpiry: number;
}

export const create = (ctx: PluginContext): Registry & Running => {
  const state: State = { domains: new Map(), watchers: createWatchers(), versions: 0, earliestExpiry: Infinity };
  let timer: NodeJS.Timeout | undefined;
  const pruned = (): State => {
    prune(state, ctx.now());
    return state;
  };

  return {
    start: async () => {
      timer = setInterval(pruned, pruneIntervalMs).unref();
    },
    stop: async () => {
      clearInterval(timer);
      state.watchers.close();
    },
    register: async (service, o = {}) => {
      o.signal?.throwIfAborted();
      const domain = writeDomain(o.domain, registerId);
      checkService(service, registerId);
      register(pruned(), service, { domain, expiresAt: expiryOf(o.ttlMs, ctx.now(), registerId) });
    },
    deregister: async (service, o = {}) => {
      o.signal?.throwIfAborted();
      const domain = writeDomain(o.domain, deregisterId);
      checkNodeIds(service, deregisterId);
      deregister(pruned(), service, domain);
    },
    get: async (name, o = {}) => {
      o.signal?.throwIfAborted();
      const found = services(pruned(), o.domain).flatMap((byName) => [...(byName.get(name)?.values() ?? [])]);
      return found.map(snapshotOf).sort(byNameAndVersion);
    },
    list: async (o = {}) => {
      o.signal?.throwIfAborted();
      const found = services(pruned(), o.domain).flatMap((byName) =>
        [...byName.values()].flatMap((v) => [...v.values()]),
      );
      return found.map(snapshotOf).sort(byNameAndVersion);
    },
    watch: (o = {}) => state.watchers.open(o),
  };
};

const register = (state: State, service: Service, o: { domain: string; expiresAt: number }): void => {
  const known = state.domains.get(o.domain)?.get(service.name)?.get(service.version);
  if (known !== undefined) checkRoom(known, service.nodes);
  const version = known ?? addVersion(state, service, o.domain);
  const changed = replaceShape(version, service);
  const nodesChanged = putNodes(version, service.nodes, o.expiresAt);
  if (service.nodes.length === 0) version.expiresAt = o.expiresAt;
  state.earliestExpiry = Math.min(state.earliestExpiry, o.expiresAt);
  if (known !== undefined && !changed && !nodesChanged) return;
  version.snapshot = undefined;
  state.watchers.emit(o.domain, { action: known === undefined ? 'create' : 'update', service: snapshotOf(version) });
};

/** Asked before anything is changed: a refused registration leaves the version as it was. */
const checkRoom = (version: Version, nodes: readonly Node[]): void => {
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
    expiresAt: Infinity,
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

/** Adds or renews nodes; true when one is new or different, false when only its lease was renewed. */
const putNodes = (version: Version, nodes: readonly Node[], expiresAt: number): boolean => {
  let changed = false;
  for (const node of nodes) {
    const metadata = { ...node.metadata, domain: version.domain };
    const lease = version.nodes.get(node.id);
    if (lease !== undefined && lease.node.address === node.address && sameStrings(lease.node.metadata, metadata)) {
      lease.expiresAt = expiresAt;
      continue;
    }
    version.nodes.set(node.id, { node: { id: node.id, address: node.address, metadata }, expiresAt });
    changed = true;
  }
  return changed;
};

/** Unknown services and nodes are no error: the wish is already true. */
const deregister = (state: State, service: Pick<Service, 'name' | 'version' | 'nodes'>, domain: string): void => {
  const version = state.domains.get(domain)?.get(service.name)?.get(service.version);
  if (version === undefined) return;
  dropNodes(
    state,
    version,
    service.nodes.filter((n) => version.nodes.has(n.id)).map((n) => n.id),
  );
};

/** Takes nodes out and tells the watchers; a version without nodes goes too. */
const dropNodes = (state: State, version: Version, ids: readonly string[]): void => {
  if (ids.length === 0 && version.nodes.size > 0) return;
  const last = snapshotOf(version);
  for (const id of ids) version.nodes.delete(id);
  version.snapshot = undefined;
  if (version.nodes.size > 0) {
    state.watchers.emit(version.domain, { action: 'update', service: snapshotOf(version) });
    return;
  }
  removeVersion(state, version);
  state.watchers.emit(version.domain, { action: 'delete', service: last });
};

const removeVersion = (state: State, version: Version): void => {
  const byName = state.domains.get(version.domain);
  const versions = byName?.get(version.name);
  if (versions?.delete(version.version)) state.versions -= 1;
  if (versions?.size === 0) byName?.delete(version.name);
  if (byName?.size === 0) state.domains.delete(version.domain);
};

/** Removes what has expired; cheap while nothing has. */
const prune = (state: State, now: number): void => {
  if (now < state.earliestExpiry) return;
  let earliest = Infinity;
  for (const version of allVersions(state)) {
    const expired: string[] = [];
    for (const [id, lease] of version.nodes) {
      if (lease.expiresAt <= now) expired.push(id);
      else earliest = Math.min(earliest, lease.expiresAt);
    }
    const empty = version.nodes.size === 0;
    if (expired.length > 0 || (empty && version.expiresAt <= now)) dropNodes(state, version, expired);
    else if (empty) earliest = Math.min(earliest, version.expiresAt);
  }
  state.earliestExpiry = earliest;
};

const allVersions = (state: State): readonly Version[] =>
  [...state.domains.values()].flatMap((byName) => [...byName.values()].flatMap((versions) => [...versions.values()]));

/** The domains a read covers. */
const services = (state: State, domain: string | undefined): readonly Map<string, Map<string, Version>>[] => {
  if (domain === '*') return [...state.domains.values()];
  const byName = state.domains.get(domain || defaultNamespace);
  return byName === undefined ? [] : [byName];
};

const snapshotOf = (version: Version): Service => {
  version.snapshot ??= {
    name: version.name,
    version: version.version,
    metadata: version.metadata,
    endpoints: version.endpoints,
    nodes: [...version.nodes.values()].map((lease) => lease.node),
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
