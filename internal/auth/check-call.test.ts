/** Tests of checkCall: who is admitted, in which namespace, and how a refusal reads. */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import type { Account, CallerAuth, Rule } from '../contract/auth.ts';
import { isMicroError, unavailable } from '../contract/error.ts';
import { type CallCheck, checkCall, checkCallNow } from './check-call.ts';
import { defaultRule } from './rules.ts';
import { expired, invalidToken, notJwt } from './token-shape.ts';

const test = suite('checkCall');

const account = (id: string, more: Partial<Account> = {}): Account => ({
  id,
  type: 'user',
  issuer: 'foo',
  metadata: {},
  scopes: [],
  name: id,
  ...more,
});

const accounts: Readonly<Record<string, Account>> = {
  bob: account('bob'),
  chief: account('chief', { scopes: ['admin'] }),
  admin: account('admin', { issuer: 'micro', scopes: ['admin'] }),
};

const authWith = (rules: readonly Rule[]): CallerAuth => ({
  inspect: async (token) => {
    const known = accounts[token];
    if (known !== undefined) return known;
    if (token === 'down') throw unavailable('go.micro.client', 'no connection');
    throw invalidToken(token === 'old' ? expired(1_000, 1_180_000) : notJwt);
  },
  rules: async () => rules,
});

const open = [defaultRule];
const plus: Rule = { ...defaultRule, id: 'plus', scope: '+' };
const denied: Rule = { ...defaultRule, id: 'nobody', scope: '*', access: 'denied', priority: 1 };

const check = (rules: readonly Rule[], more: Partial<CallCheck> = {}): ReturnType<typeof checkCall> =>
  checkCall({
    auth: authWith(rules),
    service: 'helloworld',
    endpoint: 'Helloworld.Call',
    authorization: undefined,
    namespaceHeader: undefined,
    ...more,
  });

for (const c of [
  { name: 'is micro without header and account', want: 'micro' },
  { name: 'is the header without an account', header: 'bar', want: 'bar' },
  { name: "is the account's own without header", token: 'bob', want: 'foo' },
  { name: "is the account's own when the header says so", token: 'bob', header: 'foo', want: 'foo' },
  { name: 'is micro when the header says so', token: 'bob', header: 'micro', want: 'micro' },
  { name: 'is any for an admin of micro', token: 'admin', header: 'bar', want: 'bar' },
])
  test(`the namespace ${c.name}`, async () => {
    const authorization = c.token === undefined ? undefined : `Bearer ${c.token}`;
    const checked = await check(open, { authorization, namespaceHeader: c.header });
    assert.is(checked.namespace, c.want);
    assert.is(checked.account?.id, c.token);
  });

test('a foreign namespace needs a + rule', async () => {
  const call = { authorization: 'Bearer bob', namespaceHeader: 'bar' };
  await refuses(
    check(open, call),
    403,
    'Forbidden call made to helloworld:Helloworld.Call by bob',
    /namespace foo, the call is about namespace bar/,
  );
  assert.is((await check([...open, plus], call)).namespace, 'bar');
  const never = { ...plus, id: 'a', access: 'denied' as const, priority: -1 };
  await refuses(check([...open, never, { ...plus, priority: -2 }], call), 403, /^Forbidden/, /about namespace bar/);
});

test('no namespace means all of them', async () => {
  for (const namespaceHeader of ['*', 'a b', 'x'.repeat(300)])
    await refuses(check(open, { namespaceHeader }), 400, /^namespace/);
});

test('a token of no use makes the caller anonymous', async () => {
  assert.equal(await check(open, { authorization: 'Bearer old' }), {
    account: undefined,
    namespace: 'micro',
    problem: { reason: 'expired_token', hint: 'the token expired 3m0s ago; get a new one', server_time: 1_180 },
  });
});

test('a refusal says what was wrong with the token', async () => {
  const text = 'Unauthorized call made to helloworld:Helloworld.Call';
  await refuses(check([], { authorization: 'Bearer old' }), 401, text, /^the token expired 3m0s ago/);
  await refuses(
    check([], { authorization: 'Bearer x.y.z' }),
    401,
    text,
    /^the token is not valid, it is not a JWT: micro login$/,
  );
  await refuses(check([]), 401, text, /^the call carries no token/);
});

test('a rule is named only to those who may change it', async () => {
  await refuses(check([denied], { authorization: 'Bearer bob' }), 403, /by bob$/, /^a rule of namespace foo/);
  await refuses(check([denied], { authorization: 'Bearer chief' }), 403, /by chief$/, /^rule nobody \(scope \*/);
});

test('an unreadable header is refused', async () => {
  const scheme = 'invalid authorization header. Expected Bearer or Basic schema';
  await refuses(check(open, { authorization: 'Digest x' }), 401, scheme, sendBearer);
  await refuses(
    check(open, { authorization: 'Basic %%' }),
    401,
    'invalid authorization header. Incorrect format',
    sendBearer,
  );
  await refuses(
    check(open, { authorization: 'Basic YWJj' }),
    401,
    'invalid authorization header. Incorrect format',
    sendBearer,
  );
});

test('Basic carries the token as its password', async () => {
  const authorization = `Basic ${Buffer.from('x:bob').toString('base64')}`;
  assert.is((await check(open, { authorization })).account?.id, 'bob');
});

test('an auth service that cannot be asked is not a denial', async () => {
  const text = 'Error authorizing request: no connection';
  await refuses(check(open, { authorization: 'Bearer down' }), 500, text);
  const auth = { ...authWith(open), rules: () => Promise.reject(unavailable('x', 'no connection')) };
  await refuses(check(open, { auth }), 500, text);
});

test('a service is governed by the rules of its own namespace', async () => {
  const asked: (string | undefined)[] = [];
  const auth = {
    ...authWith(open),
    rules: async (o?: { readonly namespace?: string }) => {
      asked.push(o?.namespace);
      return open;
    },
  };
  await check(open, { auth, namespaceHeader: 'bar', rulesNamespace: 'foo' });
  assert.equal(asked, ['foo']);
});

test('what is known is decided without waiting, as it would be otherwise', async () => {
  const { bob } = accounts;
  const known = { account: (token: string) => (token === 'bob' ? bob : undefined), rules: () => open };
  const call = {
    service: 'helloworld',
    endpoint: 'Helloworld.Call',
    authorization: 'Bearer bob',
    namespaceHeader: 'foo',
  };
  const ask = (auth: CallerAuth, more: Partial<CallCheck> = {}) => checkCallNow({ ...call, auth, ...more });
  const auth = { ...authWith(open), known };
  assert.equal(ask(auth), await checkCall({ ...call, auth }));
  assert.is(ask(auth)?.account, bob);
  assert.equal(ask(auth, { authorization: undefined }), { account: undefined, namespace: 'foo' });
  assert.is(ask(auth, { authorization: 'Bearer other' }), undefined);
  assert.is(ask({ ...auth, known: { ...known, rules: () => undefined } }), undefined);
  assert.is(ask(authWith(open)), undefined);
  const denying = { ...auth, known: { ...known, rules: () => [denied] } };
  await refuses(
    (async () => ask(denying))(),
    403,
    'Forbidden call made to helloworld:Helloworld.Call by bob',
    /^a rule of namespace foo/,
  );
  await refuses((async () => ask(auth, { namespaceHeader: '*' }))(), 400, /^namespace/);
  await refuses(
    (async () => ask(auth, { authorization: 'Digest x' }))(),
    401,
    /^invalid authorization header/,
    sendBearer,
  );
});

const sendBearer = /^send authorization: Bearer TOKEN$/;

const refuses = async (
  work: Promise<unknown>,
  code: number,
  detail: string | RegExp,
  hint?: RegExp | undefined,
): Promise<void> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!isMicroError(error)) throw new Error(`expected ${code}, got ${String(error)}`);
  assert.is(error.code, code);
  assert.is(error.id, 'helloworld');
  if (typeof detail === 'string') assert.is(error.detail, detail);
  else assert.match(error.detail, detail);
  if (hint === undefined) assert.is(error.hint, undefined);
  else assert.match(error.hint ?? '', hint);
};

test.run();
