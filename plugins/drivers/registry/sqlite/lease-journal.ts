/**
 * Writes durable leases down: what is new or gone when somebody waits for it, mere renewals together every now and then. What is noted
 * while a write runs goes down in the next one, as a few statements however many they are; what could not be written stays noted. Owns
 * the notes, not the file.
 */

import { registryJournalMax } from '../../../../internal/contract/limits.ts';
import type { Logger } from '../../../../internal/contract/logger.ts';
import type { Lease, RegistryJournal, VersionRecord } from '../../../../internal/registry/registry-table.ts';
import type { Step } from '../../../../internal/sqlite/connection.ts';

import { putNodes, putVersions, removeNodes, removeVersions, renewNodes } from './lease-tables.ts';

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
  shapes: Map<string, VersionRecord>;
  /** Node key -> nodes that are new, other or gone. */
  nodes: Map<string, Note>;
  /** Node key -> nodes whose end was put off. */
  renewals: Map<string, Note>;
}

export const createLeaseJournal = (o: LeaseJournalOptions): LeaseJournal => {
  const notes: Notes = { shapes: new Map(), nodes: new Map(), renewals: new Map() };
  /** Versions whose shape is in the file, or on its way there. */
  const kept = new Set<string>();
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  const note = (version: VersionRecord, lease: Lease, isGone: boolean): void => {
    const key = nodeKey(version, lease);
    notes.renewals.delete(key);
    // Beyond the bound a restart forgets or finds too much; its leases still end.
    if (notes.nodes.size < registryJournalMax || notes.nodes.has(key)) notes.nodes.set(key, { version, lease, isGone });
  };
  const isEmpty = (): boolean => notes.shapes.size + notes.nodes.size === 0;
  const write = async (withRenewals: boolean): Promise<void> => {
    // Those who register at the same time share one transaction.
    await new Promise((resolve) => setImmediate(resolve));
    const { shapes, nodes } = notes;
    const renewals = withRenewals ? notes.renewals : new Map<string, Note>();
    notes.shapes = new Map();
    notes.nodes = new Map();
    if (withRenewals) notes.renewals = new Map();
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
  const begin = (withRenewals: boolean): Promise<void> => {
    running = write(withRenewals).finally(() => {
      running = undefined;
    });
    return running;
  };
  /** Everything noted so far is in the write that runs, or in the one after it. */
  const settled = async (): Promise<void> => {
    if (isEmpty()) return running;
    if (running === undefined) return begin(false);
    next ??= running.then(() => {
      next = undefined;
      return settled();
    });
    return next;
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
    settled,
    flush: async () => {
      await settled();
      while (running !== undefined) await running;
      if (notes.renewals.size > 0) await begin(true);
    },
    isKept: (version) => void kept.add(versionKey(version)),
  };
};

/** Shapes first; versions whose last node has gone, last. */
const stepsOf = ({ shapes, nodes, renewals }: Notes): readonly Step[] => {
  const put = [...nodes.values()].filter(({ isGone }) => !isGone);
  const gone = [...nodes.values()].filter(({ isGone }) => isGone);
  return [
    ...(shapes.size === 0 ? [] : [putVersions([...shapes.values()])]),
    ...(put.length === 0 ? [] : [putNodes(put)]),
    ...(renewals.size === 0 ? [] : [renewNodes([...renewals.values()])]),
    ...(gone.length === 0 ? [] : removalsOf(gone)),
  ];
};

const removalsOf = (gone: readonly Note[]): readonly Step[] => {
  const versions = new Map(gone.map(({ version }) => [versionKey(version), version]));
  return [
    removeNodes(gone.map(({ version, lease }) => ({ version, id: lease.node.id }))),
    removeVersions([...versions.values()]),
  ];
};

const versionKey = ({ domain, name, version }: Pick<VersionRecord, 'domain' | 'name' | 'version'>): string =>
  JSON.stringify([domain, name, version]);

const nodeKey = (version: VersionRecord, { node }: Lease): string =>
  JSON.stringify([version.domain, version.name, version.version, node.id]);
