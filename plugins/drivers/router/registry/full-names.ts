/** Which services of one domain register a proto full name. Owns the index; works off only what changed since it was last asked. */

import type { Service } from '../../../../internal/contract/registry.ts';

export interface FullNames {
  /** Says that the versions of a service are others now. */
  changed(name: string): void;
  /** Names of the services whose nodes register the full name, sorted. */
  services(fullName: string): readonly string[];
}

/** `versionsOf` answers with what is known of a service now. */
export const createFullNames = (versionsOf: (name: string) => Iterable<Service>): FullNames => {
  const byFullName = new Map<string, Set<string>>();
  const byService = new Map<string, ReadonlySet<string>>();
  const dirty = new Set<string>();

  const settle = (name: string): void => {
    const now = fullNamesOf(versionsOf(name));
    for (const fullName of byService.get(name) ?? []) if (!now.has(fullName)) remove(fullName, name);
    for (const fullName of now) {
      const names = byFullName.get(fullName) ?? new Set();
      byFullName.set(fullName, names.add(name));
    }
    if (now.size === 0) byService.delete(name);
    else byService.set(name, now);
  };
  const remove = (fullName: string, name: string): void => {
    const names = byFullName.get(fullName);
    names?.delete(name);
    if (names?.size === 0) byFullName.delete(fullName);
  };

  return {
    changed: (name) => void dirty.add(name),
    services: (fullName) => {
      for (const name of dirty) settle(name);
      dirty.clear();
      return [...(byFullName.get(fullName) ?? [])].sort();
    },
  };
};

/** The full names in a node's metadata (`grpc`, separated by commas). */
export const fullNamesOfNode = ({ metadata }: Service['nodes'][number]): readonly string[] =>
  metadata.grpc === undefined
    ? []
    : metadata.grpc
        .split(',')
        .map((text) => text.trim())
        .filter((text) => text !== '');

const fullNamesOf = (versions: Iterable<Service>): ReadonlySet<string> => {
  const names = new Set<string>();
  let last: string | undefined;
  for (const { nodes } of versions)
    for (const node of nodes) {
      // The nodes of a service mostly say the same.
      if (node.metadata.grpc === last) continue;
      last = node.metadata.grpc;
      for (const name of fullNamesOfNode(node)) names.add(name);
    }
  return names;
};
