/** Tests of the auth service: who may do what, what is missing, and v3's texts for both. */

import * as assert from 'uvu/assert';

import type { Account } from '../../../internal/contract/auth.ts';
import { isMicroError } from '../../../internal/contract/error.ts';
import { authApi } from '../../../internal/schema/core/auth.ts';
import { type Stub, stub } from '../../../internal/schema/stub.ts';
import type { Methods } from '../../../proto/gen/auth.gen.ts';
import { startLocalAuth } from '../../../test/conformance/start-local-auth.ts';
import { inProcessClient } from '../../../test/support/in-process-client.ts';
import { startService } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';
import { plugin } from './plugin.ts';

const test = suite('services/auth');

const account = (id: string, issuer: string, more: Partial<Account> = {}): Account => ({
  id,
  type: 'user',
  issuer,
  metadata: {},
  scopes: [],
  name: id,
  ...more,
});

const who = {
  nobody: undefined,
  user: account('bob', 'foo'),
  fooAdmin: account('chief', 'foo', { scopes: ['admin'] }),
  fooService: account('svc-latest', 'foo', { type: 'service', scopes: ['service'] }),
  microUser: account('jane', 'micro'),
  admin: account('admin', 'micro', { scopes: ['admin'] }),
};
type Who = keyof typeof who;

let started: Awaited<ReturnType<typeof startService>>;
let local: Awaited<ReturnType<typeof startLocalAuth>>;
test.before(async () => {
  local = await startLocalAuth();
  started = await startService(plugin, { needs: { auth: local.instance } });
  await local.instance.generate({ id: 'bob', secret: 's' }, { namespace: 'foo' });
  await local.instance.generate({ id: 'chief', scopes: ['admin'], secret: 's' }, { namespace: 'foo' });
});
test.after(async () => {
  await started.stop();
  await local.stop();
});

const as = (name: Who): Stub<Methods> =>
  stub(inProcessClient({ services: { auth: started.instance.handlers }, account: who[name] }), authApi);

const outcome = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'ok';
  } catch (e) {
    if (!isMicroError(e)) throw e;
    return `${e.code} ${e.id} ${e.detail}`;
  }
};

const foo = { options: { namespace: 'foo' } };
const rule = {
  id: 'r',
  scope: '',
  resource: { type: '*', name: '*', endpoint: '*' },
  access: 'GRANTED',
  priority: 0,
} as const;

type Attempt = (auth: Stub<Methods>) => Promise<unknown>;
const adminOnly: Readonly<Record<string, Attempt>> = {
  'auth.Auth.Generate': (auth) => auth['Auth.Generate']({ id: `new-${Math.random()}`, ...foo }),
  'auth.Accounts.List': (auth) => auth['Accounts.List'](foo),
  'auth.Accounts.Delete': (auth) => auth['Accounts.Delete']({ id: 'nobody', ...foo }),
  'auth.Rules.Create': (auth) => auth['Rules.Create']({ rule: { ...rule, id: `r${Math.random()}` }, ...foo }),
  'auth.Rules.Delete': (auth) => auth['Rules.Delete']({ id: 'nope', ...foo }),
};

for (const [id, attempt] of Object.entries(adminOnly)) {
  test(`${id} is for admins of the namespace`, async () => {
    const nobody = id === 'auth.Accounts.Delete' ? 'Unauthorized' : 'an account is required';
    assert.is(await outcome(attempt(as('nobody'))), `401 ${id} ${nobody}`);
    assert.is(await outcome(attempt(as('user'))), `401 ${id} Unauthorized`);
    assert.is(await outcome(attempt(as('microUser'))), `403 ${id} access denied to namespace`);
    for (const name of ['fooAdmin', 'fooService', 'admin'] as const)
      assert.match(
        await outcome(attempt(as(name))),
        /^ok$|^400 .* (Account not found with this ID|Rule not found)$/,
        name,
      );
  });
}

test('the keys are for admins and services of namespace micro only', async () => {
  for (const endpoint of ['Keys.List', 'Keys.Rotate'] as const) {
    const at = `auth.${endpoint}`;
    assert.is(await outcome(as('nobody')[endpoint]({})), `401 ${at} an account is required`);
    assert.is(await outcome(as('microUser')[endpoint]({})), `401 ${at} Unauthorized`);
    for (const name of ['user', 'fooAdmin', 'fooService'] as const)
      assert.is(await outcome(as(name)[endpoint]({})), `403 ${at} access denied to namespace`, name);
  }
  const { keys } = await as('admin')['Keys.List']({});
  assert.equal(
    keys.map(({ present, ends }) => ({ present, ends })),
    [{ present: true, ends: 0n }],
  );
  const text = '412 auth.Keys.Rotate the key that signs tokens is given by MICRO_AUTH_PRIVATE_KEY';
  assert.is(await outcome(as('admin')['Keys.Rotate']({})), text);
});

test('Rules.List is for any account of the namespace', async () => {
  for (const name of ['user', 'fooService', 'admin'] as const)
    assert.is(await outcome(as(name)['Rules.List'](foo)), 'ok', name);
  assert.is(await outcome(as('nobody')['Rules.List'](foo)), '401 auth.Rules.List an account is required');
  assert.is(await outcome(as('microUser')['Rules.List'](foo)), '403 auth.Rules.List access denied to namespace');
});

test('Token and Inspect are for everybody', async () => {
  const { token } = await as('nobody')['Auth.Token']({ id: 'bob', secret: 's', ...foo });
  const { account: found } = await as('nobody')['Auth.Inspect']({
    token: token?.access_token ?? '',
    options: { namespace: 'not read' },
  });
  assert.is(found?.id, 'bob');
  assert.is(found?.secret, '');
  assert.is(
    await outcome(as('nobody')['Auth.Inspect']({ token: 'x' })),
    '400 auth.Auth.Inspect invalid token provided',
  );
});

test('a generated account comes with its secret, in the namespace of the call', async () => {
  const client = inProcessClient({ services: { auth: started.instance.handlers }, account: who.admin });
  const auth = stub(client, authApi, { namespace: 'bar' });
  const { account: made } = await auth['Auth.Generate']({ id: 'joe', provider: 'not read' });
  assert.is(made?.issuer, 'bar');
  assert.ok((made?.secret.length ?? 0) > 30);
});

test('what is missing is said in v3 words', async () => {
  const admin = as('admin');
  const { id: _, ...noId } = rule;
  const { resource: __, ...noResource } = rule;
  for (const [work, text] of [
    [admin['Auth.Generate']({}), '400 auth.Auth.Generate ID required'],
    [admin['Auth.Token']({}), '400 auth.Auth.Token Credentials or a refresh token required'],
    [admin['Accounts.Delete']({}), '400 auth.Accounts.Delete Missing ID'],
    [admin['Accounts.ChangeSecret']({ id: 'x' }), '400 auth.Accounts.ChangeSecret New secret should not be blank'],
    [admin['Rules.Create']({}), '400 auth.Rules.Create Rule missing'],
    [admin['Rules.Create']({ rule: noId }), '400 auth.Rules.Create ID missing'],
    [admin['Rules.Create']({ rule: noResource }), '400 auth.Rules.Create Resource missing'],
    [admin['Rules.Create']({ rule: { ...rule, access: 'UNKNOWN' } }), '400 auth.Rules.Create Access missing'],
    [admin['Rules.Create']({ rule: { ...rule, access: 7 } }), '400 auth.Rules.Create Access missing'],
    [admin['Rules.Delete']({}), '400 auth.Rules.Delete ID missing'],
  ] as const)
    assert.is(await outcome(work), text);
});

test('nobody deletes the own account, by id or by name', async () => {
  const text = "400 auth.Accounts.Delete Can't delete your own account";
  assert.is(await outcome(as('fooAdmin')['Accounts.Delete']({ id: 'chief', ...foo })), text);
  assert.is(await outcome(as('admin')['Accounts.Delete']({ id: 'admin' })), text);
  const named = account('8c1a', 'foo', { name: 'chiefly', scopes: ['admin'] });
  const auth = stub(inProcessClient({ services: { auth: started.instance.handlers }, account: named }), authApi);
  assert.is(await outcome(auth['Accounts.Delete']({ id: 'chiefly', ...foo })), text);
});

test('changing a secret takes the old one, except from admins of micro and services', async () => {
  const at = 'auth.Accounts.ChangeSecret';
  const change = (name: Who, old_secret: string, new_secret: string): Promise<string> =>
    outcome(as(name)['Accounts.ChangeSecret']({ id: 'bob', old_secret, new_secret, ...foo }));
  assert.is(await change('user', 'wrong', 'n'), `400 ${at} Secret not correct`);
  assert.is(await change('user', '', 'n'), `400 ${at} Secret not correct`);
  assert.is(await change('fooAdmin', '', 'n'), `400 ${at} Secret not correct`);
  assert.is(await change('user', 's', 's2'), 'ok');
  assert.is(await change('admin', '', 's3'), 'ok');
  assert.is(await change('fooService', '', 's'), 'ok');
  assert.is(await change('nobody', 's', 'n'), `401 ${at} an account is required`);
  assert.is(await change('microUser', 's', 'n'), `403 ${at} access denied to namespace`);
});

test('a rule keeps what it was given', async () => {
  const given = { ...rule, id: 'kept', scope: 'dev', access: 'DENIED', priority: -4 } as const;
  await as('admin')['Rules.Create']({ rule: given, ...foo });
  const { rules } = await as('admin')['Rules.List'](foo);
  const found = rules.find((r) => r.id === 'kept');
  assert.is(found?.access, 'DENIED');
  assert.is(found?.priority, -4);
  assert.is(found?.scope, 'dev');
});

test.run();
