/** The records of a view and what is derived from them: routes by service, and services by proto full name. Each change costs what the changed service costs; reads are look-ups. */

import type { Service } from '../../../../internal/contract/registry.ts';
import type { Route } from '../../../../internal/contract/router.ts';

import { createFullNames, type FullNames, fullNamesOfNode } from './full-names.ts';

export interface Records {
  /** Routes to every node of a service; the same array until the service changes. */
  routes(domain: string, name: string): readonly Route[];
  /** Those to nodes that register the full name. */
  routesOfFullName(domain: string, name: string, fullName: string): readonly Route[];
  /** Names of the services of a domain whose nodes register this proto full name, sorted. */
  namesOfFullName(domain: string, fullName: string): readonly string[];
  put(domain: string, service: Service): void;
  drop(domain: string, service: Pick<Service, 'name' | 'version'>): void;
}

interface Entry {
  /** By version. */
  readonly versions: Map<string, Service>;
  /** Made when asked for, dropped at each change. */
  routes: readonly Route[] | undefined;
  routesOfFullName: Map<string, readonly Route[]> | undefined;
}

interface Domain {
  readonly services: Map<string, Entry>;
  readonly fullNames: FullNames;
}

const none: readonly Route[] = [];

/** `appeared` is told of each version that is new or different, with what was known of it before. */
export const createRecords = (appeared: (now: Service, before: Service | undefined) => void): Records => {
  const domains = new Map<string, Domain>();

  const put = (domainName: string, service: Service): void => {
    let domain = domains.get(domainName);
    if (domain === undefined) {
      domain = createDomain();
      domains.set(domainName, domain);
    }
    let entry = domain.services.get(service.name);
    if (entry === undefined) {
      entry = { versions: new Map(), routes: undefined, routesOfFullName: undefined };
      domain.services.set(service.name, entry);
    }
    const before = entry.versions.get(service.version);
    if (before === service) return;
    entry.versions.set(service.version, service);
    changed(domain, service.name, entry);
    appeared(service, before);
  };

  const drop = (domainName: string, { name, version }: Pick<Service, 'name' | 'version'>): void => {
    const domain = domains.get(domainName);
    const entry = domain?.services.get(name);
    if (domain === undefined || entry?.versions.delete(version) !== true) return;
    changed(domain, name, entry);
    if (entry.versions.size === 0) domain.services.delete(name);
    if (domain.services.size === 0) domains.delete(domainName);
  };

  return {
    routes: (domain, name) => {
      const entry = domains.get(domain)?.services.get(name);
      if (entry === undefined) return none;
      entry.routes ??= routesOf(entry);
      return entry.routes;
    },
    routesOfFullName: (domain, name, fullName) => {
      const entry = domains.get(domain)?.services.get(name);
      if (entry === undefined) return none;
      entry.routesOfFullName ??= routesByFullName(entry);
      return entry.routesOfFullName.get(fullName) ?? none;
    },
    namesOfFullName: (domain, fullName) => domains.get(domain)?.fullNames.services(fullName) ?? [],
    put,
    drop,
  };
};

const createDomain = (): Domain => {
  const services = new Map<string, Entry>();
  return { services, fullNames: createFullNames((name) => services.get(name)?.versions.values() ?? []) };
};

const changed = ({ fullNames }: Domain, name: string, entry: Entry): void => {
  entry.routes = undefined;
  entry.routesOfFullName = undefined;
  fullNames.changed(name);
};

const routesOf = ({ versions }: Entry): readonly Route[] =>
  [...versions.values()].flatMap(({ name, version, nodes }) => nodes.map((node) => ({ service: name, version, node })));

const routesByFullName = (entry: Entry): Map<string, readonly Route[]> => {
  const byFullName = new Map<string, Route[]>();
  for (const route of routesOf(entry))
    for (const fullName of fullNamesOfNode(route.node)) {
      const routes = byFullName.get(fullName);
      if (routes === undefined) byFullName.set(fullName, [route]);
      else if (routes.at(-1) !== route) routes.push(route);
    }
  return byFullName;
};
