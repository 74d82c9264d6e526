/** Services in the proxy's own process: which calls are answered where they arrive, under whose rules, and how they end when the proxy stops. */

import assert from 'node:assert/strict';

import type { Account, CallerAuth, Rule } from '../../../internal/contract/auth.ts';
import { badRequest, parseMicroError } from '../../../internal/contract/error.ts';
import { serve } from '../../../internal/host/serve.ts';
import { exampleHandlers } from '../../../test/conformance/example-handlers.ts';
import { openProxy } from '../../../test/conformance/open-client.ts';
import { openRegistryRouter } from '../../../test/conformance/open-router.ts';
import { frame, openSession, rawCall, type RawOptions } from '../../../test/conformance/raw-grpc.ts';
import { poll } from '../../../test/support/poll.ts';
import { silentLog } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';

const test = suite('local answers');

const account: Account = { id: 'john', type: 'user', issuer: 'micro', metadata: {}, scopes: [], name: 'john' };
const rule = (scope: string, access: Rule['access'], endpoint = '*', priority = 0): Rule => ({
  id: `${scope}-${access}-${endpoint}`,
  scope,
  resource: { type: '*', name: '*', endpoint },
  access,
  priority,
});

/** `Bearer good` is an account; `Bearer known` one that is known without asking, of namespace `other` when it is `far`. */
const authWith = (...rules: readonly Rule[]): CallerAuth => ({
  inspect: async (token) => {
    if (token === 'bad') throw badRequest('auth.Auth.Inspect', 'invalid token provided');
    return token === 'far' ? { ...account, issuer: 'other' } : account;
  },
  rules: async () => rules,
  known: {
    account: (token) => (token === 'known' ? account : token === 'far' ? { ...account, issuer: 'other' } : undefined),
    rules: () => rules,
  },
});

const start = async (auth: CallerAuth = authWith(rule('', 'granted'))) => {
  const base = await openRegistryRouter();
  const { handlers, seen } = exampleHandlers();
  const served = await serve({
    services: [{ name: 'example', namespace: 'micro', handlers }],
    address: '127.0.0.1:0',
    registry: base.driver.registry,
    auth,
    log: silentLog,
    signal: new AbortController().signal,
  });
  const proxy = await openProxy(base.driver, auth, (service, namespace) =>
    service === 'example' && namespace === 'micro' ? served.calls : undefined,
  );
  const session = openSession(proxy.address);
  const call = (method: string, o: Partial<RawOptions> = {}) =>
    rawCall(session, { path: `/example.${method}`, body: frame('x'), ...o });
  /** Whether the handler saw the caller's own connection. */
  const isLocal = (): boolean => seen.context?.remote === `127.0.0.1:${session.socket?.localPort}`;
  const stop = async (): Promise<void> => {
    session.destroy();
    await proxy.stop();
    await served.stop();
    await base.close();
  };
  return { call, isLocal, seen, session, proxy, stop };
};

for (const c of [
  { name: 'an anonymous caller', headers: {}, local: true },
  { name: 'a caller that names the namespace', headers: { 'micro-namespace': 'micro' }, local: true },
  { name: 'a known account of the namespace', headers: { authorization: 'Bearer known' }, local: true },
  { name: 'what may be two headers', headers: { authorization: 'Bearer known, Bearer known' }, local: false },
  { name: 'an account that must be asked about', headers: { authorization: 'Bearer good' }, local: false },
  {
    name: 'an account that must be asked about, in a named namespace',
    headers: { authorization: 'Bearer good', 'micro-namespace': 'micro' },
    local: true,
  },
  {
    name: 'a useless token in a named namespace',
    headers: { authorization: 'Bearer bad', 'micro-namespace': 'micro' },
    local: true,
  },
])
  test(`a call of ${c.name} is answered ${c.local ? 'where it arrives' : 'by way of the node'}`, async () => {
    const { call, isLocal, stop } = await start();
    const answer = await call('Example/Context', { headers: c.headers, open: true });
    assert.equal(answer.status, 0);
    assert.equal(isLocal(), c.local);
    await stop();
  });

for (const headers of [{ authorization: 'Bearer far' }, { 'micro-namespace': 'other' }])
  test(`another namespace has no such service: ${JSON.stringify(headers)}`, async () => {
    const { call, seen, stop } = await start();
    const answer = await call('Example/Context', { headers });
    assert.equal(parseMicroError(answer.message)?.detail, 'service example: route not found');
    assert.equal(seen.context, undefined);
    await stop();
  });

test('a header that decides may not come twice', async () => {
  const { call, seen, stop } = await start();
  assert.equal((await call('Example/Context', { headers: { 'micro-namespace': ['micro', 'micro'] } })).status, 3);
  assert.equal(seen.context, undefined);
  await stop();
});

test('the rules hold, also those about Debug, which a service itself would not ask for', async () => {
  const { call, seen, stop } = await start(authWith(rule('*', 'granted')));
  const known = { headers: { authorization: 'Bearer known' } };
  const refused = await call('Example/Context');
  assert.equal(refused.status, 16);
  assert.equal(parseMicroError(refused.message)?.detail, 'Unauthorized call made to example:Example.Context');
  assert.equal((await call('Debug/Health', { body: frame('') })).status, 16);
  assert.equal((await call('Debug/Health', { body: frame(''), ...known })).status, 0);
  assert.equal((await call('Example/Context', known)).status, 0);
  assert.equal(seen.context?.account, account);
  await stop();
});

test('a caller that leaves ends its handler', async () => {
  const { session, seen, stop } = await start();
  const stream = session.request({
    ':method': 'POST',
    ':path': '/example.Example/Wait',
    'content-type': 'application/grpc',
  });
  stream.on('error', () => undefined);
  stream.write(frame('x'));
  await poll('the call to arrive', () => seen.waiting > 0);
  stream.close(8);
  await poll('the handler to learn of it', () => seen.aborted.includes('context canceled'));
  await stop();
});

test('stopping the proxy tells callers', async () => {
  const { call, seen, proxy, stop } = await start();
  const waiting = call('Example/Wait', { open: true });
  await poll('the call to arrive', () => seen.waiting > 0);
  await proxy.stop();
  const answer = await waiting;
  assert.equal(answer.status, 14);
  assert.deepEqual(seen.aborted, ['service is stopping']);
  await stop();
});

test.run();
