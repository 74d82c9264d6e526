/** What every store driver agrees on about keys, values, times and lists: checks with their errors, and the order of keys. Pure; stores nothing. */

import { badRequest, tooMany } from './error.ts';
import { storeKeyBytesMax, storeMetadataBytesMax, storeScanBytesMax, storeValueBytesMax } from './limits.ts';
import type { ListOptions, StoreRecord, TableOptions } from './store.ts';

/** A record that may be stored; nothing in it is shared with the caller's object. */
export interface CheckedRecord {
  readonly key: string;
  readonly value: Uint8Array;
  readonly metadata: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch; undefined for ever. */
  readonly expires: number | undefined;
}

/** Throws badRequest naming what is wrong, and the limit when one was hit. */
export const checkRecord = (record: StoreRecord, now: number): CheckedRecord => {
  const id = 'store.Store.Write';
  if (record.key === '') throw badRequest(id, 'key is required');
  checkKey(record.key, id);
  if (record.value.length > storeValueBytesMax)
    throw badRequest(id, `value is too large (storeValueBytesMax: ${storeValueBytesMax})`);
  const metadata = record.metadata === undefined ? none : checkMetadata(record.metadata, id);
  const value = new Uint8Array(record.value);
  return { key: record.key, value, metadata, expires: expiryOf(record.ttlMs, now) };
};

const none: Readonly<Record<string, string>> = Object.freeze(Object.create(null));

const checkMetadata = (given: Readonly<Record<string, string>>, id: string): Readonly<Record<string, string>> => {
  const metadata = Object.assign(Object.create(null), given) as Record<string, string>;
  if (Buffer.byteLength(JSON.stringify(metadata)) > storeMetadataBytesMax)
    throw badRequest(id, `metadata is too large (storeMetadataBytesMax: ${storeMetadataBytesMax})`);
  return metadata;
};

/** Keys are texts of UTF-8; a lone surrogate has no bytes and would fall together with others of its kind. */
export const checkKey = (key: string, id: string): void => {
  if (!key.isWellFormed()) throw badRequest(id, 'key is not valid UTF-8');
  // A UTF-16 unit is at most three bytes, so short keys need no counting.
  if (key.length * 3 > storeKeyBytesMax && Buffer.byteLength(key) > storeKeyBytesMax)
    throw badRequest(id, `key is too long (storeKeyBytesMax: ${storeKeyBytesMax})`);
};

/** Parts of a millisecond count as a whole one; no time to live ever becomes `for ever`. */
const expiryOf = (ttlMs: number | undefined, now: number): number | undefined => {
  if (ttlMs === undefined) return undefined;
  if (!(ttlMs > 0)) throw badRequest('store.Store.Write', `time to live must be more than zero: ${ttlMs} ms`);
  return Math.min(Math.ceil(now + ttlMs), Number.MAX_SAFE_INTEGER);
};

/** Orders keys by their UTF-8 bytes: as code points, which differs from JavaScript's own order above U+D7FF. */
export const compareKeys = (a: string, b: string): number => {
  const end = Math.min(a.length, b.length);
  for (let i = 0; i < end; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    // Surrogates stand for code points above all others of 16 bits.
    if (x !== y) return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1;
  }
  return a.length - b.length;
};

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;

/** A list request with every default filled in. */
export interface KeyWindow {
  readonly database: string;
  readonly table: string;
  readonly prefix: string;
  readonly suffix: string;
  /** Infinity for no limit. */
  readonly limit: number;
  readonly offset: number;
  readonly descending: boolean;
}

/** Throws badRequest for a limit, offset or order that means nothing. */
export const keyWindow = (o: ListOptions): KeyWindow => {
  const id = 'store.Store.List';
  const prefix = o.prefix ?? '';
  const suffix = o.suffix ?? '';
  checkKey(prefix, id);
  checkKey(suffix, id);
  const order = o.order ?? 'asc';
  if (order !== 'asc' && order !== 'desc') throw badRequest(id, `order must be asc or desc: ${String(order)}`);
  return {
    ...tableOf(o),
    prefix,
    suffix,
    limit: countOf(o.limit, 'limit') || Number.POSITIVE_INFINITY,
    offset: countOf(o.offset, 'offset'),
    descending: order === 'desc',
  };
};

const countOf = (count: number | undefined, name: string): number => {
  if (count === undefined) return 0;
  if (!(count >= 0) || (!Number.isInteger(count) && count !== Number.POSITIVE_INFINITY))
    throw badRequest('store.Store.List', `${name} must be zero or a positive whole number: ${count}`);
  return Math.min(count, Number.MAX_SAFE_INTEGER);
};

/** Whether a key begins with the prefix and ends with the suffix; they may overlap. */
export const inWindow = (key: string, window: KeyWindow): boolean =>
  key.startsWith(window.prefix) && key.endsWith(window.suffix);

/** Default database and table are `micro`; their names obey the same bounds as keys. */
export const tableOf = (o: TableOptions | undefined): { database: string; table: string } => {
  const database = o?.database || 'micro';
  const table = o?.table || 'micro';
  checkKey(database, 'store.Store');
  checkKey(table, 'store.Store');
  return { database, table };
};

/** Counts what a scan gathers and stops it at the bound. */
export const scanBudget = (): { spend(bytes: number): void } => {
  let spent = 0;
  return {
    spend: (bytes) => {
      spent += bytes;
      if (spent > storeScanBytesMax)
        throw tooMany('store.Store.Read', `answer is too large (storeScanBytesMax: ${storeScanBytesMax})`, {
          hint: 'read it in parts with limit and offset',
        });
    },
  };
};
