/** The store table behind accounts, refresh tokens and rules (wire.md 5.1): key layout and JSON. Knows nothing of what the records mean. */

import type { Store, StoreRecord } from '../../../../internal/contract/store.ts';

export interface AuthTable {
  read(key: string): Promise<JsonRecord | undefined>;
  scan(prefix: string): Promise<readonly JsonRecord[]>;
  write(key: string, value: JsonRecord, ttlMs?: number): Promise<void>;
  delete(key: string): Promise<void>;
}

export type JsonRecord = Readonly<Record<string, unknown>>;

const place = { database: 'micro', table: 'auth' } as const;

/** A key of parts joined by `/`; a part's own `/` and `%` are escaped, so that no part reaches into another's place. */
export const keyOf = (...parts: readonly string[]): string => parts.map(escapePart).join('/');

const escapePart = (part: string): string => part.replaceAll('%', '%25').replaceAll('/', '%2F');

/** Records that are no JSON objects are errors, never skipped: a rule or account must not vanish silently. */
export const openAuthTable = (store: Store): AuthTable => ({
  async read(key) {
    const record = await store.read(key, place);
    return record === undefined ? undefined : parse(record);
  },
  async scan(prefix) {
    const records = await store.scan({ ...place, prefix });
    return records.map(parse);
  },
  write: (key, value, ttlMs) =>
    store.write({ key, value: new TextEncoder().encode(JSON.stringify(value)), ...(ttlMs && { ttlMs }) }, place),
  delete: (key) => store.delete(key, place),
});

const parse = (record: StoreRecord): JsonRecord => {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(record.value));
  } catch (e) {
    throw new Error(`store record micro/auth ${record.key} is not JSON`, { cause: e });
  }
  if (typeof value !== 'object' || value === null)
    throw new Error(`store record micro/auth ${record.key} is no object`);
  return value as JsonRecord;
};

/** Readers for what came out of the store. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
export const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
