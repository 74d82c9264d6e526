/** Records in one SQLite file. Owns the meaning of the rows, paging of long answers and the sweeper; the file itself is internal/sqlite's. */

import { isAbsolute, join } from 'node:path';

import { unavailable } from '../../../../internal/contract/error.ts';
import type { PluginContext, Running } from '../../../../internal/contract/plugin.ts';
import type { Store, StoreRecord } from '../../../../internal/contract/store.ts';
import {
  checkKey,
  checkRecord,
  type KeyWindow,
  keyWindow,
  scanBudget,
  tableOf,
} from '../../../../internal/contract/store-record.ts';
import type { Row, SqlValue } from '../../../../internal/sqlite/connection.ts';
import { type Database, openDatabase } from '../../../../internal/sqlite/database.ts';
import { chooseEngine } from '../../../../internal/sqlite/engine-choice.ts';
import type { config } from './plugin.ts';
import { inlineBytesMax, largeValue, lookUp, pageOf, remove, schema, sweep, upsert } from './record-tables.ts';
import { createTableIds } from './table-ids.ts';

const id = 'drivers/store/sqlite';
/** Rows of one step of a long answer: with values up to 16 MiB, keys alone up to some 64 MiB in the worst case. */
const recordPageRows = 256;
const keyPageRows = 1_000;
/** Records one sweep step removes, so that the sweeper never holds the writer for long. */
const sweepRows = 1_000;

export const create = (ctx: PluginContext<typeof config>): Store & Running => {
  let opened: Database | undefined;
  let sweeping: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const db = (): Database => {
    if (opened === undefined) throw unavailable(id, 'the store is not running');
    return opened;
  };
  const ids = createTableIds(db);
  const sweepOnce = async (): Promise<void> => {
    try {
      await sweepExpired(db(), { now: ctx.now(), signal: ctx.signal });
    } catch (e) {
      ctx.log.warn('sweep failed, the next one tries again', { error: String(e) });
    } finally {
      sweeping = undefined;
    }
  };
  const rows = (window: KeyWindow, o: { withValues: boolean; signal: AbortSignal | undefined }) =>
    pages(window, { ...o, db, now: ctx.now, tableId: () => ids.known(window, async (tableId) => tableId) });

  return {
    start: async () => {
      const file = isAbsolute(ctx.config.file) ? ctx.config.file : join(ctx.dataDir, ctx.config.file);
      const fileBytesMax = Number(ctx.config.file_bytes_max);
      const engine = await chooseEngine({ wanted: ctx.config.engine, id, log: ctx.log });
      opened = await openDatabase({ file, id, schema, fileBytesMax, engine, busyTimeoutMs: ctx.config.busy_timeout });
      timer = setInterval(() => {
        sweeping ??= sweepOnce();
      }, ctx.config.sweep_interval);
      timer.unref();
    },
    stop: async () => {
      clearInterval(timer);
      await sweeping;
      await opened?.close();
    },
    read: async (key, o) => {
      checkKey(key, 'store.Store.Read');
      return ids.known(tableOf(o), async (tableId) => {
        if (tableId === undefined || key === '') return undefined;
        const keyBytes = Buffer.from(key);
        const row = await db().reader.lookUp(lookUp, [tableId, keyBytes], o?.signal);
        return row === undefined ? undefined : recordOf(row, { key, keyBytes, tableId, db: db(), now: ctx.now() });
      });
    },
    scan: async (o) => {
      const budget = scanBudget();
      const found: StoreRecord[] = [];
      for await (const { row, tableId } of rows(keyWindow(o), { withValues: true, signal: o.signal })) {
        const keyBytes = bytesOf(row.key);
        budget.spend(keyBytes.length + Number(row.bytes));
        const record = await recordOf(row, { key: textOf(row.key), keyBytes, tableId, db: db(), now: ctx.now() });
        if (record !== undefined) found.push(record);
      }
      return found;
    },
    write: async (record, o) => {
      const { key, value, metadata, expires } = checkRecord(record, ctx.now());
      const metadataJson = Object.keys(metadata).length === 0 ? null : JSON.stringify(metadata);
      const row = [Buffer.from(key), value, metadataJson, expires ?? null];
      return ids.used(tableOf(o), (tableId) => db().writer.write(upsert, [tableId, ...row], o?.signal));
    },
    delete: async (key, o) => {
      checkKey(key, 'store.Store.Delete');
      return ids.known(tableOf(o), async (tableId) => {
        if (tableId === undefined || key === '') return;
        await db().writer.write(remove, [tableId, Buffer.from(key)], o?.signal);
      });
    },
    list: async (o) => {
      const budget = scanBudget();
      const keys: string[] = [];
      for await (const { row } of rows(keyWindow(o), { withValues: false, signal: o.signal })) {
        budget.spend(bytesOf(row.key).length);
        keys.push(textOf(row.key));
      }
      return keys;
    },
    databases: async (o) => {
      const sql = 'SELECT DISTINCT database_name AS name FROM tables ORDER BY CAST(database_name AS BLOB)';
      return (await db().reader.query({ sql }, o?.signal)).map((row) => String(row.name));
    },
    tables: async (database, o) => {
      const sql = 'SELECT table_name AS name FROM tables WHERE database_name = ?1 ORDER BY CAST(table_name AS BLOB)';
      return (await db().reader.query({ sql, values: [database] }, o?.signal)).map((row) => String(row.name));
    },
  };
};

const noBytes = new Uint8Array(0);
const bytesOf = (value: SqlValue | undefined): Uint8Array => (value instanceof Uint8Array ? value : noBytes);
const textOf = (value: SqlValue | undefined): string => Buffer.from(bytesOf(value)).toString();

interface Place {
  readonly key: string;
  readonly keyBytes: Uint8Array;
  readonly tableId: number;
  readonly db: Database;
  readonly now: number;
}

/** Undefined for a record that has expired, or whose large value went away between two reads. */
const recordOf = async (row: Row, place: Place): Promise<StoreRecord | undefined> => {
  if (Number(row.bytes) > inlineBytesMax && row.value === null) {
    const [full] = await place.db.reader.query(largeValue(place.tableId, place.keyBytes));
    return full === undefined ? undefined : liveRecord(full, place);
  }
  return liveRecord(row, place);
};

const liveRecord = (row: Row, place: Place): StoreRecord | undefined => {
  const expires = row.expires === null || row.expires === undefined ? undefined : Number(row.expires);
  if (expires !== undefined && expires <= place.now) return undefined;
  return {
    key: place.key,
    value: bytesOf(row.value),
    ...(typeof row.metadata === 'string' ? { metadata: JSON.parse(row.metadata) as Record<string, string> } : {}),
    ...(expires === undefined ? {} : { ttlMs: expires - place.now }),
  };
};

interface PageReader {
  readonly withValues: boolean;
  readonly signal: AbortSignal | undefined;
  readonly db: () => Database;
  readonly now: () => number;
  readonly tableId: () => Promise<number | undefined>;
}

/** Rows of a window, a page at a time, so that a long answer neither stalls the event loop nor keeps a reader to itself. */
async function* pages(window: KeyWindow, o: PageReader): AsyncGenerator<{ row: Row; tableId: number }> {
  const tableId = await o.tableId();
  if (tableId === undefined) return;
  const [prefix, suffix] = [Buffer.from(window.prefix), Buffer.from(window.suffix)];
  const { withValues } = o;
  let left = window.limit;
  let { offset } = window;
  let after: Uint8Array | undefined;
  while (left > 0) {
    const limit = Math.min(left, withValues ? recordPageRows : keyPageRows);
    const page = { tableId, prefix, suffix, after, limit, offset, withValues, now: o.now() };
    const rows = await o.db().reader.query(pageOf({ ...page, descending: window.descending }), o.signal);
    for (const row of rows) yield { row, tableId };
    if (rows.length < limit) return;
    left -= rows.length;
    offset = 0;
    after = bytesOf(rows.at(-1)?.key);
  }
}

/** Removes what has expired by `now`, in steps that other writes can come between; ends early with the signal. Answers how many records went. */
export const sweepExpired = async (
  db: Database,
  o: { readonly now: number; readonly signal?: AbortSignal },
): Promise<number> => {
  let removed = 0;
  while (o.signal?.aborted !== true) {
    const [rows] = await db.writer.transact([sweep(o.now, sweepRows)]);
    removed += rows?.length ?? 0;
    if ((rows?.length ?? 0) < sweepRows) break;
  }
  return removed;
};
