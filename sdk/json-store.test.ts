/** JSON records: values in and out, always in the service's own table. */

import * as assert from 'uvu/assert';

import type { Store as RecordStore, StoreRecord, TableOptions } from '../internal/contract/store.ts';
import { suite } from '../test/support/suite.ts';
import { createJsonStore } from './json-store.ts';

const test = suite('sdk/json-store');

const fakeStore = (): { records: RecordStore; kept: Map<string, StoreRecord>; asked: TableOptions[] } => {
  const kept = new Map<string, StoreRecord>();
  const asked: TableOptions[] = [];
  const note = (o: TableOptions = {}): void => {
    asked.push({ database: o.database, table: o.table });
  };
  const matching = (prefix = ''): StoreRecord[] => [...kept.values()].filter((r) => r.key.startsWith(prefix));
  const records: RecordStore = {
    read: async (key, o) => {
      note(o);
      return kept.get(key);
    },
    scan: async (o) => {
      note(o);
      return matching(o.prefix);
    },
    write: async (record, o) => {
      note(o);
      kept.set(record.key, record);
    },
    delete: async (key, o) => {
      note(o);
      kept.delete(key);
    },
    list: async (o) => {
      note(o);
      return matching(o.prefix).map((r) => r.key);
    },
    databases: async () => [],
    tables: async () => [],
  };
  return { records, kept, asked };
};

const own = { database: 'micro', table: 'helloworld' };

test('what was set is got, listed and deleted', async () => {
  const { records } = fakeStore();
  const store = createJsonStore(records, own);
  await store.set('a/1', { n: [1, 'x', null] });
  await store.set('a/2', 'text');
  await store.set('b', 3);
  assert.equal(await store.get('a/1'), { n: [1, 'x', null] });
  assert.is(await store.get('missing'), undefined);
  assert.equal(await store.list({ prefix: 'a/' }), ['a/1', 'a/2']);
  assert.equal(await store.entries({ prefix: 'a/' }), [
    ['a/1', { n: [1, 'x', null] }],
    ['a/2', 'text'],
  ]);
  await store.delete('a/1');
  assert.is(await store.get('a/1'), undefined);
});

test('time to live and metadata travel with the record', async () => {
  const { records, kept } = fakeStore();
  await createJsonStore(records, own).set('k', true, { ttlMs: 5, metadata: { a: 'b' } });
  assert.equal(kept.get('k'), { key: 'k', value: Buffer.from('true'), ttlMs: 5, metadata: { a: 'b' } });
});

test('every call goes to the own table, unless raw names another', async () => {
  const { records, asked } = fakeStore();
  const store = createJsonStore(records, own);
  await store.set('k', 1);
  await store.get('k');
  await store.list();
  await store.entries();
  await store.delete('k');
  assert.is(asked.length, 5);
  for (const table of asked) assert.equal(table, own);
  await store.raw.read('k', { table: 'other' });
  assert.equal(asked.at(-1), { database: 'micro', table: 'other' });
});

test('a value JSON cannot say and a record that is not JSON are named', async () => {
  const { records, kept } = fakeStore();
  const store = createJsonStore(records, own);
  const failure = async (work: () => Promise<unknown>): Promise<string> => {
    try {
      await work();
    } catch (e) {
      return (e as Error).message;
    }
    return 'did not fail';
  };
  assert.is(await failure(async () => store.set('k', undefined)), 'value of k is undefined, which JSON cannot say');
  kept.set('raw', { key: 'raw', value: Buffer.from('{') });
  assert.is(await failure(() => store.get('raw')), 'record raw is not JSON; read it with store.raw');
});

test.run();
