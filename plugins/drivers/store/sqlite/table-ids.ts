/**
 * The numbers that stand for tables in the record file. A table once used keeps its number for good, so they are remembered.
 * Work on a table whose number is still being looked up runs in the order in which it was asked for.
 */

import type { Database } from '../../../../internal/sqlite/database.ts';

export interface TablePlace {
  readonly database: string;
  readonly table: string;
}

export interface TableIds {
  /** Runs the work with the table's number, undefined when nothing was ever written to it. */
  known<T>(place: TablePlace, work: (tableId: number | undefined) => Promise<T>): Promise<T>;
  /** Runs the work with the table's number; a new table gets one. */
  used<T>(place: TablePlace, work: (tableId: number) => Promise<T>): Promise<T>;
}

interface Pending {
  readonly id: Promise<number | undefined>;
  readonly creates: boolean;
}

export const createTableIds = (db: () => Database): TableIds => {
  const ids = new Map<string, number>();
  const pending = new Map<string, Pending>();
  /** The number is remembered by the first reaction to the look-up: later work can then not overtake what waits for it. */
  const track = (key: string, entry: Pending): Pending => {
    pending.set(key, entry);
    const settle = (id: number | undefined): void => {
      if (id !== undefined) ids.set(key, id);
      if (pending.get(key) === entry) pending.delete(key);
    };
    entry.id.then(settle, () => settle(undefined));
    return entry;
  };
  return {
    known: (place, work) => {
      const key = keyOf(place);
      const id = ids.get(key);
      if (id !== undefined) return work(id);
      const entry = pending.get(key) ?? track(key, { id: find(db(), place), creates: false });
      return entry.id.then(work);
    },
    used: (place, work) => {
      const key = keyOf(place);
      const id = ids.get(key);
      if (id !== undefined) return work(id);
      let entry = pending.get(key);
      if (entry?.creates !== true) {
        const before = entry?.id ?? find(db(), place);
        entry = track(key, { id: before.then((found) => found ?? make(db(), place)), creates: true });
      }
      return entry.id.then((made) => work(Number(made)));
    },
  };
};

const keyOf = (place: TablePlace): string => `${place.database.length}:${place.database}${place.table}`;

const findSql = 'SELECT id FROM tables WHERE database_name = ?1 AND table_name = ?2';

const find = async (db: Database, place: TablePlace): Promise<number | undefined> => {
  const [row] = await db.reader.query({ sql: findSql, values: [place.database, place.table] });
  return row === undefined ? undefined : Number(row.id);
};

const make = async (db: Database, place: TablePlace): Promise<number> => {
  const values = [place.database, place.table];
  const insert = 'INSERT INTO tables (database_name, table_name) VALUES (?1, ?2) ON CONFLICT DO NOTHING';
  const [, rows] = await db.writer.transact([
    { sql: insert, values },
    { sql: findSql, values },
  ]);
  return Number(rows?.[0]?.id);
};
