/** Tests of the records of accounts and rules: in v3's form, read as v3 wrote them and written as v3 reads them (wire.md 5.1). */

import * as assert from 'uvu/assert';

import type { Auth } from '../../../../internal/contract/auth.ts';
import type { Store } from '../../../../internal/contract/store.ts';
import { startLocalAuth, startMemoryStore } from '../../../../test/conformance/start-local-auth.ts';
import { suite } from '../../../../test/support/suite.ts';

const test = suite('drivers/auth/local: v3 records');

const without = (value: object, ...names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));

const place = { database: 'micro', table: 'auth' };

/** A store that holds these records before the driver starts. */
const withRecords = async (
  records: Readonly<Record<string, unknown>>,
  body: (auth: Auth, read: (key: string) => Promise<unknown>, store: Store) => Promise<void>,
): Promise<void> => {
  const { instance: store, stop: stopStore } = await startMemoryStore();
  for (const [key, value] of Object.entries(records))
    await store.write({ key, value: Buffer.from(value === '' ? '' : JSON.stringify(value)) }, place);
  const { instance: auth, stop } = await startLocalAuth({ needs: { store } });
  try {
    await body(
      auth,
      async (key) => JSON.parse(Buffer.from((await store.read(key, place))?.value ?? 'null').toString()),
      store,
    );
  } finally {
    await stop();
    await stopStore();
  }
};

const jane = {
  id: '8c1a',
  type: 'user',
  issuer: 'micro',
  metadata: { created: '1600000000' },
  scopes: ['admin'],
  secret: '$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy',
  name: 'jane',
};

test('accounts of v3 are there, by id and by name, and count as users', () =>
  withRecords(
    {
      'account/micro/8c1a': jane,
      'accountByName/micro/jane': jane,
      'refresh/micro/8c1a/5b0c6ff2-8f3c-4b0e-9a8c-0d1a2b3c4d5e': '',
    },
    async (auth) => {
      const [account, ...others] = await auth.accounts();
      assert.equal(others, [], 'no default admin beside a user');
      assert.equal({ ...account, metadata: { ...account?.metadata } }, without(jane, 'secret'));
      await auth.changeSecret('jane', { newSecret: 'new' });
      for (const id of ['jane', '8c1a']) await auth.token({ id, secret: 'new' });
      await auth.deleteAccount('jane');
      assert.equal(
        (await auth.accounts()).map((a) => a.id),
        ['admin'],
        'the default one is back when the last user has gone',
      );
    },
  ));

test('fields that v3 left out or wrote as null are empty', () =>
  withRecords(
    { 'account/foo/a': { id: 'a', type: 'service', issuer: 'foo', metadata: null, scopes: null, secret: 'x' } },
    async (auth) => {
      const [account] = await auth.accounts({ namespace: 'foo' });
      assert.equal(
        { ...account, metadata: { ...account?.metadata } },
        { id: 'a', type: 'service', issuer: 'foo', metadata: {}, scopes: [], name: 'a' },
      );
    },
  ));

test('accounts are written with the keys and fields of v3', () =>
  withRecords({}, async (auth, read, store) => {
    await auth.generate(
      { id: '8c1a', name: 'jane', scopes: ['a'], metadata: { k: 'v' }, secret: 's' },
      { namespace: 'foo' },
    );
    const record = (await read('account/foo/8c1a')) as typeof jane;
    assert.match(record.secret, /^scrypt\$/);
    assert.match(record.metadata.created, /^\d{10}$/);
    assert.equal(without({ ...record, metadata: without(record.metadata, 'created') }, 'secret', 'generation'), {
      id: '8c1a',
      type: 'user',
      issuer: 'foo',
      metadata: { k: 'v' },
      scopes: ['a'],
      name: 'jane',
    });
    assert.equal(await read('accountByName/foo/jane'), { id: '8c1a' });
    await auth.deleteAccount('8c1a', { namespace: 'foo' });
    assert.equal(await store.list(place), []);
  }));

const resource = { name: '*', type: '*', endpoint: '*' };

test('rules of v3 are read: zero values are left out, access is a number', () =>
  withRecords(
    {
      'rules/micro/open': { id: 'open', resource, access: 1 },
      'rules/micro/shut': { id: 'shut', scope: 'dev', resource, access: 2, priority: -3 },
      'rules/micro/odd': { id: 'odd', resource },
    },
    async (auth) => {
      const rules = await auth.rules();
      assert.equal(
        rules.map(({ id, scope, access, priority }) => [id, scope, access, priority]),
        [
          ['odd', '', 'denied', 0],
          ['open', '', 'granted', 0],
          ['shut', 'dev', 'denied', -3],
        ],
      );
    },
  ));

test('rules are written as v3 reads them', () =>
  withRecords({}, async (auth, read) => {
    await auth.createRule({ id: 'shut', scope: 'dev', resource, access: 'denied', priority: 7 });
    await auth.createRule({ id: 'open', scope: '', resource, access: 'granted', priority: 0 });
    assert.equal(await read('rules/micro/shut'), { id: 'shut', scope: 'dev', resource, access: 2, priority: 7 });
    assert.equal(await read('rules/micro/open'), { id: 'open', resource, access: 1 });
    assert.equal(await read('rules/micro/default'), { id: 'default', resource, access: 1 });
  }));

test('what is damaged is named and nothing is skipped', () =>
  withRecords({ 'rules/micro/bad': '', 'account/micro/bad': 1 }, async (auth) => {
    for (const work of [() => auth.rules(), () => auth.accounts()]) {
      const error = await work().then(
        () => undefined,
        (e: unknown) => e,
      );
      assert.match(String(error), /store record micro\/auth (rules|account)\/micro\/bad is (not JSON|no object)/);
    }
  }));

test.run();
