/** Tests of the accounts of services: one for each, made anew by each server, and none left behind by one that died. */

import * as assert from 'uvu/assert';

import type { Auth } from '../../../../internal/contract/auth.ts';
import type { Store } from '../../../../internal/contract/store.ts';
import { startLocalAuth, startMemoryStore } from '../../../../test/conformance/start-local-auth.ts';
import { suite } from '../../../../test/support/suite.ts';
import { createServiceAccounts, type ServiceAccounts } from './service-accounts.ts';

const test = suite('local runtime: service accounts');

const kept = { namespace: 'foo', name: 'kept', version: 'latest' };
const other = { namespace: 'foo', name: 'other', version: 'v2' };

interface Server {
  readonly accounts: ServiceAccounts;
  readonly auth: Auth;
  readonly store: Store;
  /** Another runtime on the same accounts and records: what the one before knew is gone. */
  next(): ServiceAccounts;
  ids(): Promise<readonly string[]>;
}

const withServer = async (body: (server: Server) => Promise<void>): Promise<void> => {
  const { instance: store, stop: stopStore } = await startMemoryStore();
  const { instance: auth, stop } = await startLocalAuth({ needs: { store } });
  const next = (): ServiceAccounts => createServiceAccounts({ auth, store });
  const ids = async () => (await auth.accounts({ namespace: 'foo' })).map((a) => a.id).sort();
  try {
    await body({ accounts: next(), auth, store, next, ids });
  } finally {
    await stop();
    await stopStore();
  }
};

const foo = { namespace: 'foo' };
const fails = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no failure',
    (e: unknown) => String(e),
  );

test('a service has one account, of its own namespace and kind, for all its processes', () =>
  withServer(async ({ accounts, auth, ids }) => {
    const [first, second] = await Promise.all([accounts.of(kept), accounts.of(kept)]);
    assert.equal(first, second);
    assert.equal(await accounts.of(kept), first);
    assert.equal(await ids(), ['kept-latest']);
    const { accessToken } = await auth.token(first, foo);
    const { type, scopes, issuer } = await auth.inspect(accessToken);
    assert.equal({ type, scopes, issuer }, { type: 'service', scopes: ['service'], issuer: 'foo' });
  }));

test('it goes with the service, and its tokens with it', () =>
  withServer(async ({ accounts, auth, ids }) => {
    const account = await accounts.of(kept);
    await accounts.of(other);
    const token = await auth.token(account, foo);
    await accounts.remove(kept);
    assert.equal(await ids(), ['other-v2']);
    assert.match(await fails(auth.inspect(token.accessToken)), /invalid token/);
    assert.match(await fails(auth.token({ refreshToken: token.refreshToken }, foo)), /invalid token/);
    assert.match(await fails(auth.token(account, foo)), /Account not found/);
  }));

test('it goes too when the service is deleted while it is being made', () =>
  withServer(async ({ accounts, ids }) => {
    const making = accounts.of(kept);
    await accounts.remove(kept);
    await making;
    assert.equal(await ids(), []);
  }));

test('the next server makes it anew: the secret of before is worth nothing', () =>
  withServer(async ({ accounts, auth, next, ids }) => {
    const before = await accounts.of(kept);
    const after = await next().of(kept);
    assert.is.not(after.secret, before.secret);
    assert.equal(await ids(), ['kept-latest']);
    assert.match(await fails(auth.token(before, foo)), /Secret not correct/);
    await auth.token(after, foo);
  }));

test('what a server that died has left behind is swept away by the next one', () =>
  withServer(async ({ accounts, auth, next, ids }) => {
    await auth.generate({ id: 'by-hand', type: 'service', scopes: ['service'] }, foo);
    await accounts.of(kept);
    const gone = await auth.token(await accounts.of(other), foo);
    assert.equal(await next().sweep([kept]), [other]);
    assert.equal(await ids(), ['by-hand', 'kept-latest']);
    assert.match(await fails(auth.inspect(gone.accessToken)), /invalid token/);
    assert.equal(await next().sweep([kept]), [], 'once');
  }));

/** Fails from the given change of accounts on, as when the server dies there. */
const dyingAt = (auth: Auth, changes: number): Auth => {
  let left = changes;
  const alive = (): void => {
    if (left === 0) throw new Error('died');
    left -= 1;
  };
  return {
    ...auth,
    generate: async (...args) => {
      alive();
      return auth.generate(...args);
    },
    deleteAccount: async (...args) => {
      alive();
      return auth.deleteAccount(...args);
    },
  };
};

for (const changes of [0, 1])
  test(`a server that dies after ${changes} changes leaves nothing that is not swept`, () =>
    withServer(async ({ auth, store, next, ids }) => {
      const dying = createServiceAccounts({ auth: dyingAt(auth, changes), store });
      await fails(dying.of(kept));
      await fails(dying.remove(kept));
      await next().sweep([]);
      assert.equal(await ids(), []);
      await next().of(kept);
      assert.equal(await ids(), ['kept-latest']);
    }));

test('an account of a service from before there was a list is taken over', () =>
  withServer(async ({ accounts, auth, ids }) => {
    await auth.generate({ id: 'kept-latest', type: 'service', scopes: ['service'], secret: 'old' }, foo);
    const { secret } = await accounts.of(kept);
    assert.is.not(secret, 'old');
    await accounts.remove(kept);
    assert.equal(await ids(), []);
  }));

test('two services whose names and versions run together do not share one', () =>
  withServer(async ({ accounts, auth, ids }) => {
    const first = await accounts.of({ namespace: 'foo', name: 'a-b', version: 'c' });
    const second = { namespace: 'foo', name: 'a', version: 'b-c' };
    assert.match(await fails(accounts.of(second)), /needs an account a-b-c, and foo\/a-b@c has it/);
    await accounts.remove(second);
    assert.equal(await ids(), ['a-b-c']);
    await auth.token(first, foo);
  }));

for (const wish of [{ id: 'kept-latest' }, { id: 'jane', name: 'kept-latest', type: 'service' }])
  test(`an account that is another's is not touched: ${JSON.stringify(wish)}`, () =>
    withServer(async ({ accounts, auth, ids }) => {
      await auth.generate({ ...wish, secret: 's' }, foo);
      for (let attempt = 0; attempt < 2; attempt += 1)
        assert.match(await fails(accounts.of(kept)), /needs an account kept-latest, and one of that name is in use/);
      await accounts.remove(kept);
      await accounts.sweep([]);
      assert.equal(await ids(), [wish.id]);
      await auth.token({ id: wish.id, secret: 's' }, foo);
      await auth.deleteAccount(wish.id, foo);
      await accounts.of(kept);
    }));

test.run();
