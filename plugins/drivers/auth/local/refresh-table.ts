/** Logins that can be renewed: one record each, whose refresh token changes at each use. Owns rotation, its grace and what a used-up token does; knows no accounts. */

import type { Buffer } from 'node:buffer';
import { createHash, createHmac, randomBytes } from 'node:crypto';

import { refreshGraceMs, refreshTokenTtlMs, refreshTurnsMax } from '../../../../internal/contract/limits.ts';
import { type AuthTable, type JsonRecord, keyOf, textOf } from './auth-table.ts';
import { createInTurnByKey } from './in-turn.ts';
import { parseRefreshToken, type RefreshToken, refreshTokenText } from './refresh-token.ts';

export interface RefreshedAccount {
  readonly id: string;
  readonly generation: string;
}

export interface RefreshTable {
  /** The first token of a new login. */
  issue(namespace: string, account: RefreshedAccount): Promise<string>;
  /**
   * Whose token it is; undefined when it is unknown or has ended. A token that was replaced longer ago than the grace ends its login: two
   * hold it, and nobody can say which one has a right to it.
   */
  read(namespace: string, token: string): Promise<RefreshedAccount | undefined>;
  /** The successor: always the same one, so that parallel command lines do not cut each other off. Call after read() has found it. */
  rotate(namespace: string, token: string): Promise<string>;
}

export interface RefreshTableOptions {
  readonly table: AuthTable;
  /** What tokens are sealed with; must outlive restarts and the keys that sign access tokens. */
  secret(): Promise<Buffer>;
  readonly now: () => number;
  /** Told when a used-up token has ended its login. */
  reused(login: RefreshedAccount & { readonly namespace: string }): void;
}

export const createRefreshTable = (o: RefreshTableOptions): RefreshTable => {
  const { table, now } = o;
  const write = (key: string, login: Login): Promise<void> => table.write(key, { ...login }, refreshTokenTtlMs);
  /** Changes of one login never overlap. */
  const inTurn = createInTurnByKey();

  const find = async (namespace: string, text: string): Promise<Found | undefined> => {
    const secret = await o.secret();
    const token = parseRefreshToken(secret, namespace, text);
    if (token === undefined) return findOld(secret, namespace, text);
    const key = keyFor(namespace, token.chain);
    const record = await table.read(key);
    return record === undefined ? undefined : { key, token, login: loginFrom(record) };
  };

  /** Tokens of servers before this format were random texts, with a record each; they become a login of this kind when they are used. */
  const findOld = async (secret: Buffer, namespace: string, text: string): Promise<Found | undefined> => {
    const record = await table.read(keyFor(namespace, text));
    if (record === undefined) return undefined;
    const rotated = typeof record.rotated === 'number' ? record.rotated : undefined;
    if (rotated !== undefined && now() - rotated > refreshGraceMs) return undefined;
    const chain = chainOfOld(secret, text);
    const key = keyFor(namespace, chain);
    const present = await table.read(key);
    return {
      key,
      token: { chain, turn: 0 },
      login: present === undefined ? { ...accountFrom(record), turn: 0, replaced: [] } : loginFrom(present),
      old: keyFor(namespace, text),
    };
  };

  return {
    async issue(namespace, account) {
      const token = { chain: randomBytes(16), turn: 0 };
      await write(keyFor(namespace, token.chain), { ...account, turn: 0, replaced: [] });
      return refreshTokenText(await o.secret(), namespace, token);
    },
    async read(namespace, text) {
      const found = await find(namespace, text);
      if (found === undefined) return undefined;
      const { key, token, login } = found;
      if (!isUsedUp(token, login, now())) return login;
      await inTurn(key, () => table.delete(key));
      o.reused({ namespace, id: login.id, generation: login.generation });
      return undefined;
    },
    async rotate(namespace, text) {
      const secret = await o.secret();
      const chain = parseRefreshToken(secret, namespace, text)?.chain ?? chainOfOld(secret, text);
      return inTurn(keyFor(namespace, chain), async () => {
        const found = await find(namespace, text);
        if (found === undefined) return text;
        const { key, token, login, old } = found;
        const turn = token.turn + 1;
        if (turn > login.turn) {
          const replaced = [now(), ...login.replaced.filter((at) => now() - at <= refreshGraceMs)];
          await write(key, {
            id: login.id,
            generation: login.generation,
            turn,
            replaced: replaced.slice(0, refreshTurnsMax),
          });
        }
        if (old !== undefined && login.turn === 0)
          await table.write(old, { id: login.id, generation: login.generation, rotated: now() }, 2 * refreshGraceMs);
        return refreshTokenText(secret, namespace, { chain, turn });
      });
    },
  };
};

/** Computed, so that parallel users of one old token come to the same login. */
const chainOfOld = (secret: Buffer, text: string): Buffer =>
  createHmac('sha256', secret).update(`login of ${text}`).digest().subarray(0, 16);

interface Login extends RefreshedAccount {
  /** The turn of the token that counts. */
  readonly turn: number;
  /** When the turns before it were replaced, in milliseconds, the latest first; not all of them. */
  readonly replaced: readonly number[];
}

interface Found {
  readonly key: string;
  readonly token: RefreshToken;
  readonly login: Login;
  /** The key of its own record, for a token of the old kind. */
  readonly old?: string;
}

/** A turn that is ahead is no fault: the store was put back to an older state, and the token is the newer witness. */
const isUsedUp = ({ turn }: RefreshToken, login: Login, now: number): boolean => {
  if (turn >= login.turn) return false;
  const replaced = login.replaced[login.turn - 1 - turn];
  return replaced === undefined || now - replaced > refreshGraceMs;
};

const keyFor = (namespace: string, of: Buffer | string): string =>
  keyOf('refresh', namespace, createHash('sha256').update(of).digest('hex'));

const accountFrom = (record: JsonRecord): RefreshedAccount => ({
  id: textOf(record.id),
  generation: textOf(record.generation),
});

const loginFrom = (record: JsonRecord): Login => ({
  ...accountFrom(record),
  turn: typeof record.turn === 'number' ? record.turn : 0,
  replaced: Array.isArray(record.replaced) ? record.replaced.filter((at) => typeof at === 'number') : [],
});
