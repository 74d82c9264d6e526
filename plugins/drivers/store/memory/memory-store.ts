/** Records in memory, gone with the process: for tests and throw-away servers. Sorts on each list; keeps no order of its own. */

import type { PluginContext, Running } from '../../../../internal/contract/plugin.ts';
import type { Store, StoreRecord } from '../../../../internal/contract/store.ts';
import {
  type CheckedRecord,
  checkKey,
  checkRecord,
  compareKeys,
  inWindow,
  keyWindow,
  scanBudget,
  tableOf,
} from '../../../../internal/contract/store-record.ts';
import type { ListOptions, TableOptions } from '../../../../internal/contract/store.ts';

type Table = Map<string, CheckedRecord>;
/** Expired records are looked for among this many writes at the latest. */
const sweepEveryWrites = 1_000;

export const create = (ctx: PluginContext): Store & Running => {
  const databases = new Map<string, Map<string, Table>>();
  let writes = 0;
  const known = (o: TableOptions | undefined): Table | undefined => {
    const { database, table } = tableOf(o);
    return databases.get(database)?.get(table);
  };
  const used = (o: TableOptions | undefined): Table => {
    const { database, table } = tableOf(o);
    const tables = getOr(databases, database, () => new Map<string, Table>());
    return getOr(tables, table, () => new Map());
  };
  const found = (o: ListOptions): CheckedRecord[] => {
    const window = keyWindow(o);
    const now = ctx.now();
    const live = [...(known(o)?.values() ?? [])].filter((r) => !isExpired(r, now) && inWindow(r.key, window));
    live.sort((a, b) => (window.descending ? compareKeys(b.key, a.key) : compareKeys(a.key, b.key)));
    return live.slice(window.offset, window.offset + window.limit);
  };
  return {
    read: async (key, o) => {
      o?.signal?.throwIfAborted();
      checkKey(key, 'store.Store.Read');
      const record = known(o)?.get(key);
      return record === undefined || isExpired(record, ctx.now()) ? undefined : copyOf(record, ctx.now());
    },
    scan: async (o) => {
      o.signal?.throwIfAborted();
      const budget = scanBudget();
      return found(o).map((record) => {
        budget.spend(Buffer.byteLength(record.key) + record.value.length);
        return copyOf(record, ctx.now());
      });
    },
    write: async (record, o) => {
      o?.signal?.throwIfAborted();
      const checked = checkRecord(record, ctx.now());
      used(o).set(checked.key, checked);
      writes += 1;
      if (writes % sweepEveryWrites === 0) sweep(databases, ctx.now());
    },
    delete: async (key, o) => {
      o?.signal?.throwIfAborted();
      checkKey(key, 'store.Store.Delete');
      known(o)?.delete(key);
    },
    list: async (o) => {
      o.signal?.throwIfAborted();
      const budget = scanBudget();
      return found(o).map(({ key }) => {
        budget.spend(Buffer.byteLength(key));
        return key;
      });
    },
    databases: async () => [...databases.keys()].sort(compareKeys),
    tables: async (database) => [...(databases.get(database)?.keys() ?? [])].sort(compareKeys),
  };
};

const getOr = <V>(map: Map<string, V>, key: string, make: () => V): V => {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
};

const isExpired = (record: CheckedRecord, now: number): boolean =>
  record.expires !== undefined && record.expires <= now;

const copyOf = (record: CheckedRecord, now: number): StoreRecord => ({
  key: record.key,
  value: new Uint8Array(record.value),
  ...(Object.keys(record.metadata).length === 0 ? {} : { metadata: { ...record.metadata } }),
  ...(record.expires === undefined ? {} : { ttlMs: record.expires - now }),
});

const sweep = (databases: Map<string, Map<string, Table>>, now: number): void => {
  for (const tables of databases.values())
    for (const table of tables.values())
      for (const record of table.values()) if (isExpired(record, now)) table.delete(record.key);
};
