/**
 * Certificates from ACME for all listeners of one server: those with the same hosts share one certificate and one order, and any of them
 * answers the authority. Whoever opens a source closes it; the last one to close ends its loop.
 */

import type { Logger } from '../../contract/logger.ts';
import type { CertificateSource } from '../certificate-source.ts';
import { type AcmeSourceOptions, createAcmeSource } from './acme-source.ts';
import type { AcmeSettings } from './acme-settings.ts';
import { type Challenges, createChallenges } from './challenges.ts';
import { openAcmeFiles } from './stored.ts';
import { createTurns, type Turns } from './turns.ts';

/** What a server is to its listeners: the same object for all of them (contract/host.ts). */
export interface Server {
  readonly dataDir: string;
  /** Resolves when everything that was started stands. */
  ready(signal?: AbortSignal): Promise<unknown>;
}

export interface OpenOptions extends Pick<AcmeSourceOptions, 'pause' | 'random'> {
  readonly server: Server;
  readonly settings: AcmeSettings;
  readonly log: Logger;
  readonly now: () => number;
}

/** Asks nobody before the server stands, and nobody at all while a stored certificate is young. Rejects when the data folder cannot be used. */
export const openAcme = async (o: OpenOptions): Promise<CertificateSource> => {
  const pool = poolOf(o.server);
  // An e-mail address makes no other certificate: that of the first one counts.
  const { hosts, directory, directoryCa } = o.settings;
  const key = JSON.stringify({ hosts, directory, directoryCa });
  const shared = pool.shared.get(key) ?? { users: 0, source: open(pool, o) };
  pool.shared.set(key, shared);
  shared.users += 1;
  let ended: Promise<void> | undefined;
  const leave = async (): Promise<void> => {
    shared.users -= 1;
    if (shared.users > 0) return;
    if (pool.shared.get(key) === shared) pool.shared.delete(key);
    await (await shared.source).close();
  };
  try {
    const source = await shared.source;
    return {
      ...source,
      close: () => {
        ended ??= leave();
        return ended;
      },
    };
  } catch (error) {
    shared.users -= 1;
    if (pool.shared.get(key) === shared) pool.shared.delete(key);
    throw error;
  }
};

interface Shared {
  users: number;
  readonly source: Promise<CertificateSource>;
}

interface Pool {
  readonly challenges: Challenges;
  readonly shared: Map<string, Shared>;
  readonly alone: Turns;
}

/** What belongs to a server goes with it. */
const pools = new WeakMap<Server, Pool>();

const poolOf = (server: Server): Pool => {
  const known = pools.get(server);
  if (known !== undefined) return known;
  const pool: Pool = { challenges: createChallenges(), shared: new Map(), alone: createTurns() };
  pools.set(server, pool);
  return pool;
};

const open = async ({ challenges, alone }: Pool, o: OpenOptions): Promise<CertificateSource> =>
  createAcmeSource({
    ...o,
    challenges,
    alone,
    files: await openAcmeFiles(o.server.dataDir, o.settings.directory),
    open: (signal) => o.server.ready(signal),
  });
