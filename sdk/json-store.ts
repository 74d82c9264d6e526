/**
 * The records of a service's own table, as JSON values. Owns the translation; keeping records is the store slot's business.
 */

import { badRequest } from '../internal/contract/error.ts';
import type { ListOptions, Store as RecordStore, StoreRecord, TableOptions } from '../internal/contract/store.ts';

export interface SetOptions {
  /** Milliseconds the record lives; default for ever. */
  readonly ttlMs?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export type KeyOptions = Pick<ListOptions, 'prefix' | 'suffix' | 'limit' | 'offset' | 'order' | 'signal'>;

export interface Store {
  /** The value written last, or undefined. Throws when the record holds something that is not JSON. */
  get<T = unknown>(key: string, o?: { readonly signal?: AbortSignal }): Promise<T | undefined>;
  /** Acknowledged means on disk. The value must be something JSON can say. */
  set(key: string, value: unknown, o?: SetOptions): Promise<void>;
  /** Deleting a missing key succeeds. */
  delete(key: string, o?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Keys in order. */
  list(o?: KeyOptions): Promise<readonly string[]>;
  /** Key and value of all records that match, in key order. */
  entries<T = unknown>(o?: KeyOptions): Promise<readonly (readonly [key: string, value: T])[]>;
  /** Records as they are: bytes, metadata, time to live. Database and table default to the service's own. */
  readonly raw: RecordStore;
}

/** `table` is filled in wherever a call names none. */
export const createJsonStore = (
  records: RecordStore,
  table: Required<Pick<TableOptions, 'database' | 'table'>>,
): Store => {
  const raw = inTable(records, table);
  return {
    get: async <T>(key: string, o?: { readonly signal?: AbortSignal }) => {
      const record = await raw.read(key, o);
      return record && (parse(record) as T);
    },
    set: (key, value, o = {}) => {
      const { signal, ...rest } = o;
      return raw.write({ key, value: serialize(key, value), ...rest }, { signal });
    },
    delete: (key, o) => raw.delete(key, o),
    list: (o = {}) => raw.list(o),
    entries: async <T>(o: KeyOptions = {}) => (await raw.scan(o)).map((r) => [r.key, parse(r) as T] as const),
    raw,
  };
};

const inTable = (s: RecordStore, table: TableOptions): RecordStore => ({
  read: (key, o) => s.read(key, { ...table, ...o }),
  scan: (o) => s.scan({ ...table, ...o }),
  write: (record, o) => s.write(record, { ...table, ...o }),
  delete: (key, o) => s.delete(key, { ...table, ...o }),
  list: (o) => s.list({ ...table, ...o }),
  databases: (o) => s.databases(o),
  tables: (database, o) => s.tables(database, o),
});

const serialize = (key: string, value: unknown): Uint8Array => {
  const text = JSON.stringify(value);
  if (text === undefined) throw badRequest('store', `value of ${key} is ${typeof value}, which JSON cannot say`);
  return Buffer.from(text);
};

const parse = (record: StoreRecord): unknown => {
  try {
    return JSON.parse(Buffer.from(record.value).toString('utf8'));
  } catch (cause) {
    throw badRequest('store', `record ${record.key} is not JSON; read it with store.raw`, { cause });
  }
};
