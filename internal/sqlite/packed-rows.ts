/**
 * Packs many rows into two values, so that one prepared statement takes a group of any size: ?1 is a JSON array of rows, ?2 holds the
 * bytes of all of them. Bytes and texts never pass through JSON: its decoder in SQLite stops at NUL characters. Knows no tables.
 */

import type { SqlValue } from './connection.ts';

/** How a column travels: numbers in the JSON, the others as offset and length into the bytes. */
export type PackedColumn = 'int' | 'bytes' | 'text';
export type PackedRow = readonly SqlValue[];

/** The expressions that unpack a row of `json_each(?1)`, in the order of the columns. */
export const unpackedColumns = (columns: readonly PackedColumn[]): readonly string[] => {
  let at = 0;
  return columns.map((column) => {
    if (column === 'int') return `value->>${at++}`;
    const bytes = `substr(?2, value->>${at++}, value->>${at++})`;
    return column === 'text' ? `CAST(${bytes} AS TEXT)` : bytes;
  });
};

/** The values of ?1 and ?2. */
export const packRows = (
  columns: readonly PackedColumn[],
  rows: readonly PackedRow[],
): readonly [string, Uint8Array] => {
  // One byte in front: an empty buffer would be bound as NULL, and then empty values would be NULL too.
  const parts: Uint8Array[] = [new Uint8Array(1)];
  let offset = 2;
  const add = (bytes: Uint8Array, row: (number | null)[]): void => {
    parts.push(bytes);
    row.push(offset, bytes.length);
    offset += bytes.length;
  };
  const packed = rows.map((values) => {
    const row: (number | null)[] = [];
    columns.forEach((column, i) => {
      const value = values[i] ?? null;
      if (typeof value === 'number') row.push(value);
      else if (value !== null) add(typeof value === 'string' ? Buffer.from(value) : value, row);
      else if (column === 'int') row.push(null);
      else row.push(null, null);
    });
    return row;
  });
  return [JSON.stringify(packed), Buffer.concat(parts)];
};

/** What a row weighs against the byte bounds of queues and groups. */
export const rowBytes = (row: PackedRow): number => {
  let bytes = 64;
  for (const value of row) {
    if (value instanceof Uint8Array) bytes += value.length;
    else if (typeof value === 'string') bytes += value.length;
  }
  return bytes;
};
