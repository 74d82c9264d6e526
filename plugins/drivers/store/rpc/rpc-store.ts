/** The store slot over calls to the store service. Holds no records. Times to live travel as whole seconds, rounded up. */

import { isMicroError } from '../../../../internal/contract/error.ts';
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
import { storeApi } from '../../../../internal/schema/core/store.ts';
import { type Stub, stub } from '../../../../internal/schema/stub.ts';
import type * as storeProto from '../../../../proto/gen/store.gen.ts';
import type { config, needs } from './plugin.ts';

/** Records asked for in one message; fewer when they turn out too large for one. */
const pageRecords = 1_000;

export const create = (ctx: PluginContext<typeof config, typeof needs>): Store & Running => {
  const { address } = ctx.config;
  const api = stub(ctx.needs.client, storeApi, address ? { address } : {});
  return {
    read: async (key, o = {}) => {
      o.signal?.throwIfAborted();
      checkKey(key, 'store.Store.Read');
      const options = tableOf(o);
      try {
        const answer = await api['Store.Read']({ key, options }, { signal: o.signal });
        return answer.records.map(recordOf)[0];
      } catch (e) {
        if (isMicroError(e) && e.code === 404) return undefined;
        throw e;
      }
    },
    scan: async (o) => {
      o.signal?.throwIfAborted();
      const budget = scanBudget();
      const found: StoreRecord[] = [];
      for await (const record of scanned(api, keyWindow(o), o.signal)) {
        budget.spend(Buffer.byteLength(record.key) + record.value.length);
        found.push(record);
      }
      return found;
    },
    write: async (record, o = {}) => {
      o.signal?.throwIfAborted();
      const { key, value, metadata } = checkRecord(record, ctx.now());
      const fields = Object.entries(metadata).map(([name, text]) => [name, { type: 'string', value: text }]);
      const expiry = record.ttlMs === undefined ? 0n : secondsOf(record.ttlMs);
      const message = { key, value, expiry, metadata: Object.fromEntries(fields) as Record<string, storeProto.Field> };
      await api['Store.Write']({ record: message, options: tableOf(o) }, { signal: o.signal });
    },
    delete: async (key, o = {}) => {
      o.signal?.throwIfAborted();
      checkKey(key, 'store.Store.Delete');
      await api['Store.Delete']({ key, options: tableOf(o) }, { signal: o.signal });
    },
    list: async (o) => {
      o.signal?.throwIfAborted();
      const keys: string[] = [];
      for await (const answer of api['Store.List']({ options: wireWindow(keyWindow(o)) }, { signal: o.signal }))
        for (const key of answer.keys) keys.push(key);
      return keys;
    },
    databases: async (o = {}) => (await api['Store.Databases']({}, { signal: o.signal })).databases,
    tables: async (database, o = {}) => (await api['Store.Tables']({ database }, { signal: o.signal })).tables,
  };
};

/** Never zero, which would mean for ever, and never more than the wire holds. */
const secondsOf = (ttlMs: number): bigint => BigInt(Math.min(Math.ceil(ttlMs / 1_000), Number.MAX_SAFE_INTEGER));

const recordOf = (record: storeProto.Record): StoreRecord => {
  const metadata = Object.entries(record.metadata).map(([name, field]) => [name, field.value]);
  return {
    key: record.key,
    value: record.value,
    ...(metadata.length === 0 ? {} : { metadata: Object.fromEntries(metadata) as Record<string, string> }),
    ...(record.expiry === 0n ? {} : { ttlMs: Number(record.expiry) * 1_000 }),
  };
};

const wireWindow = ({ database, table, prefix, suffix, limit, offset, descending }: KeyWindow) => ({
  database,
  table,
  prefix,
  suffix,
  limit: limit === Number.POSITIVE_INFINITY ? 0n : BigInt(limit),
  offset: BigInt(offset),
  order: descending ? 'desc' : 'asc',
});

/**
 * Records of a window, some in each message. The wire matches one key as prefix, suffix or both, so a prefix and a suffix that differ
 * go as a list of keys first. Records written or deleted meanwhile may be missed or, at the edge of two messages, come twice: only once here.
 */
async function* scanned(
  api: Stub<storeProto.Methods>,
  window: KeyWindow,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoreRecord> {
  if (window.prefix !== '' && window.suffix !== '' && window.prefix !== window.suffix)
    return yield* scannedByKey(api, window, signal);
  const isSuffix = window.suffix !== '' && window.prefix === '';
  const match = { prefix: !isSuffix, suffix: window.suffix !== '' };
  const key = isSuffix ? window.suffix : window.prefix;
  let page = pageRecords;
  let last: string | undefined;
  for (let taken = 0; taken < window.limit; ) {
    const limit = Math.min(page, window.limit - taken);
    const options = { ...wireWindow({ ...window, offset: window.offset + taken, limit }), ...match };
    let records: readonly storeProto.Record[];
    try {
      ({ records } = await api['Store.Read']({ key, options }, { signal }));
    } catch (e) {
      if (!(isMicroError(e) && e.code === 429 && page > 1)) throw e;
      page = Math.ceil(page / 4);
      continue;
    }
    for (const record of records) if (record.key !== last) yield recordOf(record);
    taken += records.length;
    last = records.at(-1)?.key;
    if (records.length < limit) return;
  }
}

async function* scannedByKey(
  api: Stub<storeProto.Methods>,
  window: KeyWindow,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoreRecord> {
  const { database, table } = window;
  for await (const { keys } of api['Store.List']({ options: wireWindow(window) }, { signal }))
    for (const key of keys) {
      try {
        const answer = await api['Store.Read']({ key, options: { database, table } }, { signal });
        yield* answer.records.map(recordOf);
      } catch (e) {
        // Deleted or expired since the list was made.
        if (!(isMicroError(e) && e.code === 404)) throw e;
      }
    }
}
