/** The store service as its callers see it: who is let in, v3's error texts, the shapes on the wire. */

import * as assert from 'uvu/assert';

import type { Account } from '../../../internal/contract/auth.ts';
import { isMicroError } from '../../../internal/contract/error.ts';
import { storeApi } from '../../../internal/schema/core/store.ts';
import { stub } from '../../../internal/schema/stub.ts';
import { inProcessClient, testAdmin } from '../../../test/support/in-process-client.ts';
import { startDriver, startService } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';
import { plugin as memoryBlob } from '../../drivers/blob/memory/plugin.ts';
import { plugin as memoryStore } from '../../drivers/store/memory/plugin.ts';
import { plugin } from './plugin.ts';

const test = suite('store service');

let now = 1_000_000;
const store = await startDriver(memoryStore, { now: () => now });
const blob = await startDriver(memoryBlob);
const service = await startService(plugin, { needs: { store: store.instance, blob: blob.instance } });
const as = (account: Account | undefined) =>
  stub(inProcessClient({ services: { store: service.instance.handlers }, account }), storeApi);
const admin = as(testAdmin);
const value = new Uint8Array(Buffer.from('v'));

const faultOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'none';
  } catch (e) {
    return isMicroError(e) ? `${e.id} ${e.code} ${e.detail}` : String(e);
  }
};
const all = async <T>(answers: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const answer of answers) found.push(answer);
  return found;
};
async function* each<T>(...items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

const inNamespace: Account = { ...testAdmin, issuer: 'ns-one', type: 'service', scopes: ['service'], id: 'svc' };
const plainUser: Account = { ...testAdmin, scopes: [], id: 'john' };

test('lets in the admins and services of a namespace, and those of micro everywhere', async () => {
  const options = { database: 'ns-one', table: 't' };
  await as(inNamespace)['Store.Write']({ record: { key: 'k', value }, options });
  assert.is((await admin['Store.Read']({ key: 'k', options })).records.length, 1);
  assert.equal(await all(as(inNamespace)['Store.List']({ options })), [{ keys: ['k'] }]);
  assert.equal((await as(inNamespace)['Store.Tables']({ database: 'ns-one' })).tables, ['t']);
});

for (const c of [
  { name: 'nobody', account: undefined, want: '401 an account is required' },
  { name: 'a service of another namespace', account: inNamespace, want: '403 access denied to namespace' },
  { name: 'a user who is no admin', account: plainUser, want: '401 Unauthorized' },
])
  test(`keeps ${c.name} out of every method`, async () => {
    const api = as(c.account);
    const refused = {
      'store.Store.Read': api['Store.Read']({ key: 'k' }),
      'store.Store.Write': api['Store.Write']({ record: { key: 'k', value } }),
      'store.Store.Delete': api['Store.Delete']({ key: 'k' }),
      'store.Store.List': all(api['Store.List']({})),
      'store.Store.Databases': api['Store.Databases']({}),
      'store.Store.Tables': api['Store.Tables']({}),
      'store.Blob.Read': all(api['BlobStore.Read']({ key: 'k' })),
      'store.Blob.Write': api['BlobStore.Write'](each({ key: 'k', blob: value })),
      'store.Blob.Delete': api['BlobStore.Delete']({ key: 'k' }),
      'store.Blob.List': api['BlobStore.List']({ options: { namespace: 'micro' } }),
    };
    for (const [id, work] of Object.entries(refused)) assert.is(await faultOf(work), `${id} ${c.want}`);
  });

test("answers misses and gaps in v3's words", async () => {
  assert.is(await faultOf(admin['Store.Read']({ key: 'missing' })), 'store.Store.Read 404 not found');
  assert.is(await faultOf(admin['Store.Write']({})), 'store.Store.Write 400 no record specified');
  assert.is(await faultOf(all(admin['BlobStore.Read']({ key: 'missing' }))), 'store.Blob.Read 404 Blob not found');
  assert.is(await faultOf(all(admin['BlobStore.Read']({}))), 'store.Blob.Read 400 Missing key');
  assert.is(await faultOf(admin['BlobStore.Write'](each())), 'store.Blob.Write 400 No blob was sent');
  assert.equal((await admin['Store.Read']({ key: 'missing', options: { prefix: true } })).records, []);
});

test('matches one key as prefix, suffix or both; an empty prefix is everything', async () => {
  const options = { table: 'match' };
  for (const key of ['ab', 'aba', 'ba', 'b']) await admin['Store.Write']({ record: { key, value }, options });
  const keys = async (key: string, flags: object): Promise<string[]> =>
    (await admin['Store.Read']({ key, options: { ...options, ...flags } })).records.map((r) => r.key);
  assert.equal(await keys('a', { prefix: true }), ['ab', 'aba']);
  assert.equal(await keys('a', { suffix: true }), ['aba', 'ba']);
  assert.equal(await keys('a', { prefix: true, suffix: true }), ['aba']);
  assert.equal(await keys('', { prefix: true, order: 'desc', limit: 2n, offset: 1n }), ['b', 'aba']);
});

test('carries times to live as whole seconds, rounded up so that none becomes for ever', async () => {
  await admin['Store.Write']({ record: { key: 'short', value, expiry: 2n } });
  now += 1_500;
  assert.is((await admin['Store.Read']({ key: 'short' })).records[0]?.expiry, 1n);
  now += 500;
  assert.match(await faultOf(admin['Store.Read']({ key: 'short' })), /404/);
  assert.match(await faultOf(admin['Store.Write']({ record: { key: 'k', value, expiry: -1n } })), /400/);
});

test('carries metadata as fields with a type', async () => {
  const metadata = { a: { type: 'int', value: '1' }, ['__proto__']: { type: 'string', value: 'x' } };
  await admin['Store.Write']({ record: { key: 'meta', value, metadata } });
  const [record] = (await admin['Store.Read']({ key: 'meta' })).records;
  assert.equal({ ...record?.metadata.a }, { type: 'string', value: '1' });
});

test('refuses an answer that fits no message, and says what to do', async () => {
  const options = { table: 'large' };
  const large = new Uint8Array(12 * 1024 * 1024);
  for (const key of ['a', 'b', 'c']) await admin['Store.Write']({ record: { key, value: large }, options });
  assert.match(await faultOf(admin['Store.Read']({ options: { ...options, prefix: true } })), /429 .*messageBytesMax/);
  assert.is((await admin['Store.Read']({ options: { ...options, prefix: true, limit: 2n } })).records.length, 2);
});

test('takes a blob in one message or many, and keeps it in the namespace it names', async () => {
  const options = { namespace: 'ns-one' };
  await as(inNamespace)['BlobStore.Write'](each({ key: 'k', options, blob: value }, { blob: value }));
  const parts = await all(admin['BlobStore.Read']({ key: 'k', options }));
  assert.is(Buffer.concat(parts.map((p) => p.blob)).toString(), 'vv');
  assert.equal((await admin['BlobStore.List']({ options })).keys, ['k']);
  assert.equal((await admin['BlobStore.List']({ options: { namespace: 'unknown' } })).keys, []);
  await admin['BlobStore.Delete']({ key: 'k', options });
  assert.equal((await admin['BlobStore.List']({ options })).keys, []);
});

test.after(async () => {
  await service.stop();
  await blob.stop();
  await store.stop();
});
test.run();
