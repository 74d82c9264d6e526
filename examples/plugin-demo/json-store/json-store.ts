/** Records in memory, written to one JSON file per table before a write is acknowledged. Writes that wait for the disk leave together. */

import {
  type CheckedRecord,
  checkKey,
  checkRecord,
  compareKeys,
  inWindow,
  keyWindow,
  type ListOptions,
  type PluginContext,
  type Running,
  scanBudget,
  type Store,
  type StoreRecord,
  tableOf,
} from 'micro/plugin';

import { openTableFiles, type Table } from './table-files.ts';

export const create = (ctx: PluginContext): Store & Running => {
  const files = openTableFiles(() => ctx.dataDir);
  const isLive = ({ expires }: CheckedRecord): boolean => expires === undefined || expires > ctx.now();
  const live = (table: Table | undefined): CheckedRecord[] => [...(table?.records.values() ?? [])].filter(isLive);
  const found = (o: ListOptions): CheckedRecord[] => {
    o.signal?.throwIfAborted();
    const window = keyWindow(o);
    const records = live(files.find(window)).filter(({ key }) => inWindow(key, window));
    records.sort((a, b) => (window.descending ? compareKeys(b.key, a.key) : compareKeys(a.key, b.key)));
    return records.slice(window.offset, window.offset + window.limit);
  };
  return {
    start: () => files.load(),
    stop: () => files.idle(),
    read: async (key, o) => {
      o?.signal?.throwIfAborted();
      checkKey(key, 'store.Store.Read');
      const record = files.find(tableOf(o))?.records.get(key);
      return record === undefined || !isLive(record) ? undefined : copyOf(record, ctx.now());
    },
    scan: async (o) => {
      const budget = scanBudget();
      return found(o).map((record) => {
        budget.spend(Buffer.byteLength(record.key) + record.value.length);
        return copyOf(record, ctx.now());
      });
    },
    list: async (o) => {
      const budget = scanBudget();
      return found(o).map(({ key }) => {
        budget.spend(Buffer.byteLength(key));
        return key;
      });
    },
    write: async (record, o) => {
      o?.signal?.throwIfAborted();
      const checked = checkRecord(record, ctx.now());
      await files.change(tableOf(o), (records) => records.set(checked.key, checked));
    },
    delete: async (key, o) => {
      o?.signal?.throwIfAborted();
      checkKey(key, 'store.Store.Delete');
      const table = tableOf(o);
      if (files.find(table)?.records.has(key)) await files.change(table, (records) => records.delete(key));
    },
    databases: async () => unique(files.all().map(({ database }) => database)),
    tables: async (database) => unique(files.all().flatMap((t) => (t.database === database ? [t.table] : []))),
  };
};

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)].sort(compareKeys);

const copyOf = ({ key, value, metadata, expires }: CheckedRecord, now: number): StoreRecord => ({
  key,
  value: new Uint8Array(value),
  ...(Object.keys(metadata).length === 0 ? {} : { metadata: { ...metadata } }),
  ...(expires === undefined ? {} : { ttlMs: expires - now }),
});
