/** Stored accounts of all namespaces, found by id or name. Owns their two kinds of keys; hashes and checks nothing. */

import { firstGeneration } from '../../../../internal/auth/generation.ts';
import type { Account } from '../../../../internal/contract/auth.ts';
import { type AuthTable, type JsonRecord, keyOf, textOf, textsOf } from './auth-table.ts';

export interface StoredAccount {
  readonly account: Account;
  /** Hash of the secret. */
  readonly hash: string;
  /** Changes with the secret; tokens of another generation are void. */
  readonly generation: string;
}

export interface AccountTable {
  byId(namespace: string, id: string): Promise<StoredAccount | undefined>;
  /** By id, then by name. */
  find(namespace: string, idOrName: string): Promise<StoredAccount | undefined>;
  list(namespace: string): Promise<readonly StoredAccount[]>;
  put(stored: StoredAccount): Promise<void>;
  remove(stored: StoredAccount): Promise<void>;
}

export const createAccountTable = (table: AuthTable): AccountTable => {
  const byId: AccountTable['byId'] = async (namespace, id) => {
    const record = await table.read(accountKey(namespace, id));
    return record === undefined ? undefined : fromRecord(record);
  };
  const byName = async (namespace: string, name: string): Promise<StoredAccount | undefined> => {
    const index = await table.read(nameKey(namespace, name));
    const stored = index === undefined ? undefined : await byId(namespace, textOf(index.id));
    // The index may be left over from a write that a crash cut short.
    return stored?.account.name === name ? stored : undefined;
  };
  return {
    byId,
    find: async (namespace, text) => (await byId(namespace, text)) ?? (await byName(namespace, text)),
    list: async (namespace) => (await table.scan(`${keyOf('account', namespace)}/`)).map(fromRecord),
    async put(stored) {
      const { issuer, id, name } = stored.account;
      await table.write(nameKey(issuer, name), { id });
      await table.write(accountKey(issuer, id), toRecord(stored));
    },
    async remove({ account: { issuer, id, name } }) {
      await table.delete(accountKey(issuer, id));
      await table.delete(nameKey(issuer, name));
    },
  };
};

const accountKey = (namespace: string, id: string): string => keyOf('account', namespace, id);
const nameKey = (namespace: string, name: string): string => keyOf('accountByName', namespace, name);

const toRecord = ({ account, hash, generation }: StoredAccount): JsonRecord => ({
  id: account.id,
  type: account.type,
  issuer: account.issuer,
  metadata: account.metadata,
  scopes: account.scopes,
  secret: hash,
  name: account.name,
  generation,
});

const fromRecord = (record: JsonRecord): StoredAccount => {
  const id = textOf(record.id);
  const account = {
    id,
    type: textOf(record.type),
    issuer: textOf(record.issuer),
    metadata: metadataOf(record.metadata),
    scopes: textsOf(record.scopes),
    name: textOf(record.name) || id,
  };
  const generation = textOf(record.generation) || firstGeneration(account);
  return { account, hash: textOf(record.secret), generation };
};

const metadataOf = (value: unknown): Readonly<Record<string, string>> => {
  const metadata: Record<string, string> = Object.create(null);
  if (typeof value !== 'object' || value === null) return metadata;
  for (const [key, text] of Object.entries(value)) metadata[key] = textOf(text);
  return metadata;
};
