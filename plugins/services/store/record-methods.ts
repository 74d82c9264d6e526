/** Store.*: who may use which database, and the wire's shapes: whole seconds, metadata as fields, both match flags on one key. Keeps nothing. */

import { authorizeAdmin } from '../../../internal/auth/authorize.ts';
import { defaultNamespace } from '../../../internal/contract/core.ts';
import { badRequest, notFound, tooMany } from '../../../internal/contract/error.ts';
import { messageBytesMax } from '../../../internal/contract/limits.ts';
import type { ListOptions, Store, StoreRecord } from '../../../internal/contract/store.ts';
import type { Input } from '../../../internal/schema/api.ts';
import type { Impl } from '../../../internal/schema/implement.ts';
import type * as storeProto from '../../../proto/gen/store.gen.ts';

type RecordMethods = Pick<Impl<storeProto.Methods>, Extract<keyof storeProto.Methods, `Store.${string}`>>;

const ids = {
  read: 'store.Store.Read',
  write: 'store.Store.Write',
  delete: 'store.Store.Delete',
  list: 'store.Store.List',
  databases: 'store.Store.Databases',
  tables: 'store.Store.Tables',
};
/** Room in a message for what is around keys and values. */
const answerBytesMax = messageBytesMax - 1024 * 1024;
/** Keys that leave in one ListResponse; v3 always sends one, and so do we for all but enormous tables. */
const listBytesMax = 8 * 1024 * 1024;

export const recordMethods = (store: Store): RecordMethods => ({
  'Store.Read': async ({ key, options }, call) => {
    const place = placeOf(options);
    authorizeAdmin(call.account, place.database, ids.read);
    const signal = { signal: call.signal };
    if (options?.prefix || options?.suffix) {
      const match = { prefix: options.prefix ? key : '', suffix: options.suffix ? key : '' };
      return { records: answerOf(await store.scan({ ...place, ...windowOf(options), ...match, ...signal })) };
    }
    const record = await store.read(key, { ...place, ...signal });
    if (record === undefined) throw notFound(ids.read, 'not found');
    return { records: answerOf([record]) };
  },
  'Store.Write': async ({ record, options }, call) => {
    const place = placeOf(options);
    authorizeAdmin(call.account, place.database, ids.write);
    if (record === null) throw badRequest(ids.write, 'no record specified');
    await store.write(recordOf(record), { ...place, signal: call.signal });
    return {};
  },
  'Store.Delete': async ({ key, options }, call) => {
    const place = placeOf(options);
    authorizeAdmin(call.account, place.database, ids.delete);
    await store.delete(key, { ...place, signal: call.signal });
    return {};
  },
  'Store.List': async function* ({ options }, call) {
    const place = placeOf(options);
    authorizeAdmin(call.account, place.database, ids.list);
    const match = { prefix: options?.prefix, suffix: options?.suffix };
    const keys = await store.list({ ...place, ...windowOf(options), ...match, signal: call.signal });
    for (const part of partsOf(keys)) yield { keys: part };
  },
  'Store.Databases': async (_request, call) => {
    authorizeAdmin(call.account, defaultNamespace, ids.databases);
    return { databases: await store.databases({ signal: call.signal }) };
  },
  'Store.Tables': async (request, call) => {
    const database = request.database || defaultNamespace;
    authorizeAdmin(call.account, database, ids.tables);
    return { tables: await store.tables(database, { signal: call.signal }) };
  },
});

const placeOf = (options: { readonly database: string; readonly table: string } | null) => ({
  database: options?.database || defaultNamespace,
  table: options?.table || 'micro',
});

interface Window {
  readonly limit: bigint;
  readonly offset: bigint;
  readonly order: string;
}

const windowOf = (options: Window | null): Pick<ListOptions, 'limit' | 'offset' | 'order'> => ({
  limit: Number(options?.limit ?? 0n),
  offset: Number(options?.offset ?? 0n),
  order: options?.order === 'desc' ? 'desc' : 'asc',
});

const recordOf = (record: storeProto.Record): StoreRecord => {
  const metadata = Object.entries(record.metadata).map(([name, field]) => [name, field.value]);
  return {
    key: record.key,
    value: record.value,
    metadata: Object.fromEntries(metadata) as Record<string, string>,
    ttlMs: record.expiry === 0n ? undefined : Number(record.expiry) * 1_000,
  };
};

/** Part of a second left counts as a whole one: zero would mean for ever. */
const answerOf = (records: readonly StoreRecord[]): readonly Input<storeProto.Record>[] => {
  let bytes = 0;
  return records.map(({ key, value, metadata = {}, ttlMs }) => {
    bytes += Buffer.byteLength(key) + value.length + 64;
    if (bytes > answerBytesMax)
      throw tooMany(ids.read, `answer is too large for one message (messageBytesMax: ${messageBytesMax})`, {
        hint: 'read it in parts with limit and offset',
      });
    const fields = Object.entries(metadata).map(([name, text]) => [name, { type: 'string', value: text }]);
    return {
      key,
      value,
      expiry: ttlMs === undefined ? 0n : BigInt(Math.ceil(ttlMs / 1_000)),
      metadata: Object.fromEntries(fields) as Record<string, storeProto.Field>,
    };
  });
};

/** At least one part, so that an empty answer is one empty message. */
function* partsOf(keys: readonly string[]): Generator<readonly string[]> {
  let part: string[] = [];
  let bytes = 0;
  for (const key of keys) {
    if (bytes > listBytesMax) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(key);
    bytes += Buffer.byteLength(key);
  }
  yield part;
}
