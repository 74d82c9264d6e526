/**
 * Writes durable leases down: what is new or gone when somebody waits for it, mere renewals together every now and then. What could not be
 * written stays noted and is tried again. Owns the notes, not the file.
 */

import { registryJournalMax } from '../../../../internal/contract/limits.ts';
import type { Logger } from '../../../../internal/contract/logger.ts';
import type { Lease, RegistryJournal, VersionRecord } from '../../../../internal/registry/registry-table.ts';
import type { Step } from '../../../../internal/sqlite/connection.ts';

import { putNode, putVersion, removeNode, removeVersion, renew } from './lease-tables.ts';

export interface LeaseJournal extends RegistryJournal {
  /** Resolves when every change noted so far, renewals excepted, has been written or has failed to be; a failure is logged, not thrown. */
  settled(): Promise<void>;
  /** The same with renewals. */
  flush(): Promise<void>;
  /** Says that these are in the file already. */
  isKept(version: Pick<VersionRecord, 'domain' | 'name' | 'version'>): void;
}

export interface LeaseJournalOptions {
  /** One transaction. */
  write(steps: readonly Step[]): Promise<unknown>;
  readonly log: Logger;
}

interface Note {
  readonly version: VersionRecord;
  readonly lease: Lease;
  readonly isGone: boolean;
}

interface Notes {
  /** Version key -> versions whose shape is not in the file. */
  readonly shapes: Map<string, VersionRecord>;
  /** Node key -> nodes that are new, other or gone. */
  readonly nodes: Map<string, Note>;
  /** Node key -> nodes whose end was put off. */
  readonly renewals: Map<string, Note>;
}

export const createLeaseJournal = (o: LeaseJournalOptions): LeaseJournal => {
  const notes: Notes = { shapes: new Map(), nodes: new Map(), renewals: new Map() };
  /** Versions whose shape is in the file, or on its way there. */
  const kept = new Set<string>();
  let tail: Promise<void> = Promise.resolve();

  const note = (version: VersionRecord, lease: Lease, isGone: boolean): void => {
    const key = nodeKey(version, lease);
    notes.renewals.delete(key);
    // Beyond the bound a restart forgets or finds too much; its leases still end.
    if (notes.nodes.size < registryJournalMax || notes.nodes.has(key)) notes.nodes.set(key, { version, lease, isGone });
  };
  const write = async ({ shapes, nodes, renewals }: Notes): Promise<void> => {
    try {
      await o.write(stepsOf({ shapes, nodes, renewals }));
    } catch (error) {
      o.log.warn('leases could not be written: a restart would lose them', {
        leases: nodes.size,
        error: String(error),
      });
      // What was noted since is newer.
      for (const [key, version] of shapes) if (!notes.shapes.has(key)) notes.shapes.set(key, version);
      for (const [key, one] of nodes) if (!notes.nodes.has(key)) notes.nodes.set(key, one);
    }
  };
  const take = (withRenewals: boolean): void => {
    if (notes.shapes.size + notes.nodes.size + (withRenewals ? notes.renewals.size : 0) === 0) return;
    const taken: Notes = {
      shapes: new Map(notes.shapes),
      nodes: new Map(notes.nodes),
      renewals: withRenewals ? new Map(notes.renewals) : new Map(),
    };
    notes.shapes.clear();
    notes.nodes.clear();
    if (withRenewals) notes.renewals.clear();
    const written = write(taken);
    tail = tail.then(() => written);
  };

  return {
    put: (version, lease) => {
      const key = versionKey(version);
      if (!kept.has(key)) notes.shapes.set(key, version);
      kept.add(key);
      note(version, lease, false);
    },
    renewed: (version, lease) => {
      const key = nodeKey(version, lease);
      if (!notes.nodes.has(key)) notes.renewals.set(key, { version, lease, isGone: false });
    },
    reshaped: (version) => void notes.shapes.set(versionKey(version), version),
    removed: (version, lease) => {
      note(version, lease, true);
      if (version.durableNodes > 0) return;
      kept.delete(versionKey(version));
      notes.shapes.delete(versionKey(version));
    },
    settled: () => {
      take(false);
      return tail;
    },
    flush: () => {
      take(true);
      return tail;
    },
    isKept: (version) => void kept.add(versionKey(version)),
  };
};

/** Shapes first; versions whose last node has gone, last. */
const stepsOf = ({ shapes, nodes, renewals }: Notes): readonly Step[] => {
  const all = [...nodes.values()];
  const emptied = new Map(all.filter(({ isGone }) => isGone).map(({ version }) => [versionKey(version), version]));
  return [
    ...[...shapes.values()].map(putVersion),
    ...all.map(({ version, lease, isGone }) => (isGone ? removeNode(version, lease.node.id) : putNode(version, lease))),
    ...(renewals.size === 0 ? [] : [renew([...renewals.values()])]),
    ...[...emptied.values()].map(removeVersion),
  ];
};

const versionKey = ({ domain, name, version }: Pick<VersionRecord, 'domain' | 'name' | 'version'>): string =>
  JSON.stringify([domain, name, version]);

const nodeKey = (version: VersionRecord, { node }: Lease): string =>
  JSON.stringify([version.domain, version.name, version.version, node.id]);
