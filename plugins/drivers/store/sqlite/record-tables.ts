/** The schema of the record file and the statements over it. Knows no clock: the time is handed in. */

import type { SqlValue, Step } from '../../../../internal/sqlite/connection.ts';
import type { PackedStatement } from '../../../../internal/sqlite/group-writer.ts';
import { type PackedColumn, unpackedColumns } from '../../../../internal/sqlite/packed-rows.ts';

/** Keys are BLOBs, so that SQLite compares their bytes, and NUL and wildcard characters mean nothing. */
export const schema: readonly string[] = [
  `CREATE TABLE tables (
     id INTEGER PRIMARY KEY,
     database_name TEXT NOT NULL,
     table_name TEXT NOT NULL,
     UNIQUE (database_name, table_name)
   ) STRICT;
   CREATE TABLE records (
     table_id INTEGER NOT NULL,
     key BLOB NOT NULL,
     value BLOB NOT NULL,
     metadata TEXT,
     expires INTEGER,
     PRIMARY KEY (table_id, key)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX records_by_expiry ON records (expires) WHERE expires IS NOT NULL;`,
];

/** Values up to this size come with their row; larger ones are fetched one by one, so that a page of rows stays small. */
export const inlineBytesMax = 64 * 1024;

const recordColumns: readonly PackedColumn[] = ['int', 'bytes', 'bytes', 'text', 'int'];
/** Row: table id, key, value, metadata as JSON or null, expires or null. */
export const upsert: PackedStatement = {
  columns: recordColumns,
  sql: `INSERT INTO records (table_id, key, value, metadata, expires)
    SELECT ${unpackedColumns(recordColumns).join(', ')} FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET value = excluded.value, metadata = excluded.metadata, expires = excluded.expires`,
};

const keyColumns: readonly PackedColumn[] = ['int', 'bytes'];
/** Row: table id, key. */
export const remove: PackedStatement = {
  columns: keyColumns,
  sql: `DELETE FROM records WHERE (table_id, key) IN
    (SELECT ${unpackedColumns(keyColumns).join(', ')} FROM json_each(?1))`,
};

const fetched = `r.key AS key, r.metadata AS metadata, r.expires AS expires, length(r.value) AS bytes,
  CASE WHEN length(r.value) <= ${inlineBytesMax} THEN r.value END AS value`;

/** Row: table id, key. Expired records come too: the caller looks at the clock. */
export const lookUp: PackedStatement = {
  columns: keyColumns,
  sql: `SELECT wanted.i AS i, ${fetched}
    FROM (SELECT key AS i, ${unpackedColumns(keyColumns)[0]} AS t, ${unpackedColumns(keyColumns)[1]} AS k FROM json_each(?1)) AS wanted
    CROSS JOIN records AS r ON r.table_id = wanted.t AND r.key = wanted.k`,
};

/** A value too large to come with its row. */
export const largeValue = (tableId: number, key: Uint8Array): Step => ({
  sql: 'SELECT value, metadata, expires FROM records WHERE table_id = ?1 AND key = ?2',
  values: [tableId, key],
});

export interface Page {
  readonly tableId: number;
  readonly prefix: Uint8Array;
  readonly suffix: Uint8Array;
  readonly now: number;
  readonly descending: boolean;
  readonly limit: number;
  readonly offset: number;
  /** Last key of the page before; undefined for the first page. */
  readonly after: Uint8Array | undefined;
  readonly withValues: boolean;
}

/** Live records of one table in key order, from behind `after` on. */
export const pageOf = (page: Page): Step => {
  const values: SqlValue[] = [page.tableId, page.now, page.limit, page.offset];
  const bind = (value: SqlValue): string => `?${values.push(value)}`;
  const where = ['r.table_id = ?1', '(r.expires IS NULL OR r.expires > ?2)'];
  if (page.prefix.length > 0) where.push(`r.key >= ${bind(page.prefix)}`, `r.key < ${bind(successor(page.prefix))}`);
  if (page.suffix.length > 0) where.push(`substr(r.key, -${page.suffix.length}) = ${bind(page.suffix)}`);
  if (page.after !== undefined) where.push(`r.key ${page.descending ? '<' : '>'} ${bind(page.after)}`);
  return {
    sql: `SELECT ${page.withValues ? fetched : 'r.key AS key'} FROM records AS r WHERE ${where.join(' AND ')}
      ORDER BY r.key ${page.descending ? 'DESC' : 'ASC'} LIMIT ?3 OFFSET ?4`,
    values,
  };
};

/** The least key above all keys with this prefix. UTF-8 has no byte 0xff, so the last byte can always grow. */
const successor = (prefix: Uint8Array): Uint8Array => {
  const next = new Uint8Array(prefix);
  next[next.length - 1] = (next[next.length - 1] ?? 0) + 1;
  return next;
};

/** Removes up to `limit` records that expired; answers one row per record. */
export const sweep = (now: number, limit: number): Step => ({
  sql: `DELETE FROM records WHERE (table_id, key) IN
    (SELECT table_id, key FROM records WHERE expires IS NOT NULL AND expires <= ?1 LIMIT ?2) RETURNING 1`,
  values: [now, limit],
});
