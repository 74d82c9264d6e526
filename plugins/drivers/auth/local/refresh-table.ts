/** Refresh tokens: opaque, kept as hashes, replaced at each use. Owns rotation and its grace; knows no accounts. */

import { Buffer } from 'node:buffer';
import { createHash, createHmac, type KeyObject, randomUUID } from 'node:crypto';

import { refreshGraceMs, refreshTokenTtlMs } from '../../../../internal/contract/limits.ts';
import { type AuthTable, keyOf, textOf } from './auth-table.ts';

export interface RefreshedAccount {
  readonly id: string;
  readonly generation: string;
}

export interface RefreshTable {
  /** A new token, one chain per login. */
  issue(namespace: string, account: RefreshedAccount): Promise<string>;
  /** Whose token it is; undefined when unknown, ended, or replaced longer ago than the grace. */
  read(namespace: string, token: string): Promise<RefreshedAccount | undefined>;
  /** The successor: always the same one, so that parallel command lines do not cut each other off. */
  rotate(namespace: string, token: string): Promise<string>;
}

export const createRefreshTable = (o: { table: AuthTable; key: KeyObject; now: () => number }): RefreshTable => {
  const { table, now } = o;
  const secret = o.key.export({ type: 'pkcs8', format: 'der' });
  const keyFor = (namespace: string, token: string): string =>
    keyOf('refresh', namespace, createHash('sha256').update(token).digest('hex'));
  const readRecord = async (namespace: string, token: string): Promise<Stored | undefined> => {
    const record = await table.read(keyFor(namespace, token));
    if (record === undefined) return undefined;
    const rotated = typeof record.rotated === 'number' ? record.rotated : undefined;
    if (rotated !== undefined && now() - rotated > refreshGraceMs) return undefined;
    return { id: textOf(record.id), generation: textOf(record.generation), rotated };
  };
  return {
    async issue(namespace, { id, generation }) {
      const token = randomUUID();
      await table.write(keyFor(namespace, token), { id, generation }, refreshTokenTtlMs);
      return token;
    },
    read: readRecord,
    async rotate(namespace, token) {
      const next = successorOf(secret, token);
      const record = await readRecord(namespace, token);
      if (record === undefined || record.rotated !== undefined) return next;
      const { id, generation } = record;
      // The successor first: a crash in between leaves the old token as good as it was.
      await table.write(keyFor(namespace, next), { id, generation }, refreshTokenTtlMs);
      await table.write(keyFor(namespace, token), { id, generation, rotated: now() }, 2 * refreshGraceMs);
      return next;
    },
  };
};

interface Stored extends RefreshedAccount {
  /** Milliseconds since the epoch. */
  readonly rotated: number | undefined;
}

/** Computed, not drawn, so that it need not be stored in clear to be given twice; only the holder of the key can compute it. */
const successorOf = (secret: Buffer, token: string): string => {
  const bytes = createHmac('sha256', secret).update(`refresh token after ${token}`).digest().subarray(0, 16);
  const hex = Buffer.from(bytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20)].join('-');
};
