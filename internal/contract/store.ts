/** The store slot: records in tables of databases, ordered by key bytes. What every driver must do: test/conformance/store.ts. */

import type { CallOptions } from './call-options.ts';
import { capability } from './capability.ts';

export interface StoreRecord {
  readonly key: string;
  readonly value: Uint8Array;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Milliseconds left to live; undefined for ever. */
  readonly ttlMs?: number;
}

export interface TableOptions extends CallOptions {
  /** Default `micro`. */
  readonly database?: string;
  /** Default `micro`. */
  readonly table?: string;
}

export interface ListOptions extends TableOptions {
  readonly prefix?: string;
  readonly suffix?: string;
  /** 0 or undefined: no limit. */
  readonly limit?: number;
  readonly offset?: number;
  readonly order?: 'asc' | 'desc';
}

/** Acknowledged means on disk (for drivers that have one). Expired records behave as missing. */
export interface Store {
  /** The record with exactly this key, or undefined. */
  read(key: string, o?: TableOptions): Promise<StoreRecord | undefined>;
  /** Records that match, in key order; empty when none does. */
  scan(o: ListOptions): Promise<readonly StoreRecord[]>;
  /** Upsert. */
  write(record: StoreRecord, o?: TableOptions): Promise<void>;
  /** Deleting a missing key succeeds. */
  delete(key: string, o?: TableOptions): Promise<void>;
  /** Keys that match, in key order. */
  list(o: ListOptions): Promise<readonly string[]>;
  /** Databases used so far, sorted. */
  databases(o?: CallOptions): Promise<readonly string[]>;
  /** Tables of a database used so far, sorted. */
  tables(database: string, o?: CallOptions): Promise<readonly string[]>;
}

export const store = capability<Store>('store');
