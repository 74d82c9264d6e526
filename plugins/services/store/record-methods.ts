/** Store.*: who may use which database, and the wire's shapes: whole seconds, metadata as fields, both match flags on one key. Keeps nothing. */

import { type Admitted, admitTo } from '../../../internal/auth/admit.ts';
import { badRequest, notFound, tooMany } from '../../../internal/contract/error.ts';
import { messageBytesMax } from '../../../internal/contract/limits.ts';
import type { ListOptions, Store, StoreRecord } from '../../../internal/contract/store.ts';
import type { Input } from '../../../internal/schema/api.ts';
import type { Impl } from '../../../internal/schema/implement.ts';
import type * as storeProto from '../../../proto/gen/store.gen.ts';

type RecordMethods = Pick<Impl<storeProto.Methods>, Extract<keyof storeProto.Methods, `Store.${string}`>>;

const admit = admitTo('store');
const readId = 'store.Store.Read';
/** Room in a message for what is around keys and values. */
const answerBytesMax = messageBytesMax - 1024 * 1024;
/** Keys that leave in one ListResponse; v3 always sends one, and so do we for all but enormous tables. */
const listBytesMax = 8 * 1024 * 1024;

export const recordMethods = (store: Store): RecordMethods => ({
  'Store.Read': async (request, call) => {
    const { key, options } = request;
    const place = placeOf(admit('Store.Read', request, call), options);
    const signal = { signal: call.signal };
    if (options?.prefix || options?.suffix) {
      const match = { prefix: options.prefix ? key : '', suffix: options.suffix ? key : '' };
      return { records: answerOf(await store.scan({ ...place, ...windowOf(options), ...match, ...signal })) };
    }
    const record = await store.read(key, { ...place, ...signal });
    if (record === undefined) throw notFound(readId, 'not found');
    return { records: answerOf([record]) };
  },
  'Store.Write': async (request, call) => {
    const place = placeOf(admit('Store.Write', request, call), request.options);
    const { record } = request;
    if (record === null) throw badRequest('store.Store.Write', 'no record specified');
    await store.write(recordOf(record), { ...place, signal: call.signal });
    return {};
  },
  'Store.Delete': async (request, call) => {
    const place = placeOf(admit('Store.Delete', request, call), request.options);
    await store.delete(request.key, { ...place, signal: call.signal });
    return {};
  },
  'Store.List': async function* (request, call) {
    const { options } = request;
    const place = placeOf(admit('Store.List', request, call), options);
    const match = { prefix: options?.prefix, suffix: options?.suffix };
    const keys = await store.list({ ...place, ...windowOf(options), ...match, signal: call.signal });
    for (const part of partsOf(keys)) yield { keys: part };
  },
  'Store.Databases': async (request, call) => {
    admit('Store.Databases', request, call);
    return { databases: await store.databases({ signal: call.signal }) };
  },
  'Store.Tables': async (request, call) => {
    const { namespace: database } = admit('Store.Tables', request, call);
    return { tables: await store.tables(database, { signal: call.signal }) };
  },
});

const placeOf = ({ namespace }: Admitted, options: { readonly table: string } | null) => ({
  database: namespace,
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
      throw tooMany(readId, `answer is too large for one message (messageBytesMax: ${messageBytesMax})`, {
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
