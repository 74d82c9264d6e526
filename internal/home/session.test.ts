/** Tests of sessions: which token is sent, when it is renewed, and what ends a login. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import type { Token, TokenRequest } from '../contract/auth.ts';
import { badRequest, unavailable } from '../contract/error.ts';
import { openHome } from './home.ts';
import { keepFresh } from './keep-fresh.ts';
import { localAdminPath } from './local-admin.ts';
import { removeLogin, saveLogin } from './login.ts';
import { placeOf } from './place.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';

const test = suite('session');
let dir = '';
test.each(() => {
  rmSync(dir, { recursive: true, force: true });
  dir = mkdtempSync(join(tmpdir(), 'micro-test-'));
});
test.after(() => rmSync(dir, { recursive: true, force: true }));

const now = 1_700_000_000_000;
const token = (name: string, secondsLeft: number): Token => ({
  accessToken: `${name}.access`,
  refreshToken: `${name}.refresh`,
  created: 0,
  expiry: now / 1_000 + secondsLeft,
});

const refused = badRequest('auth.Auth.Token', 'invalid token provided');
type Answer = Token | Error;

/** A session whose server gives these answers, one after the other, and keeps what it was asked. */
const open = (answers: Answer[], more: Partial<SessionOptions> = {}): { session: Session; asked: TokenRequest[] } => {
  const asked: TokenRequest[] = [];
  const refresh = async (request: TokenRequest): Promise<Token> => {
    asked.push(request);
    const answer = answers.shift();
    if (answer === undefined) throw new Error('asked too often');
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { session: openSession({ home: openHome({ dir }), now: () => now, refresh, ...more }), asked };
};

const logIn = async (secondsLeft: number): Promise<void> => {
  const home = openHome({ dir });
  await saveLogin(home, placeOf(home), { id: 'bob', token: token('bob', secondsLeft) });
};

const writeLocalAdmin = (o: { pid?: number; address?: string; mode?: number; secondsLeft?: number } = {}): string => {
  const dataRoot = join(dir, 'server');
  const file = join(dataRoot, ...localAdminPath);
  mkdirSync(join(file, '..'), { recursive: true });
  const listeners = [{ name: 'proxy', address: o.address ?? '127.0.0.1:8081' }];
  writeFileSync(join(dataRoot, 'server.json'), JSON.stringify({ pid: o.pid ?? process.pid, listeners }));
  writeFileSync(file, JSON.stringify({ token: 'local.admin', expiry: now / 1_000 + (o.secondsLeft ?? 600) }));
  chmodSync(file, o.mode ?? 0o600);
  return dataRoot;
};

test('nobody is logged in at first, and is told so', async () => {
  const { session } = open([]);
  assert.is(await session.token(), undefined);
  assert.is(session.explain(), 'you are not logged in to local: micro login');
  assert.is(session.address, '127.0.0.1:8081');
  assert.is(session.tls, false);
  assert.is(session.namespace, 'micro');
});

test('sends the saved token while it lasts', async () => {
  await logIn(61);
  const { session } = open([]);
  assert.is(await session.token(), 'bob.access');
});

test('renews it in the last minute, once for all calls, and keeps the new one', async () => {
  await logIn(59);
  const { session, asked } = open([token('new', 600)]);
  assert.equal(await Promise.all([session.token(), session.token()]), ['new.access', 'new.access']);
  assert.equal(asked, [{ refreshToken: 'bob.refresh', expirySeconds: 600 }]);
  assert.is(await open([]).session.token(), 'new.access', 'a later run finds it');
});

test('uses what is left when the renewal fails', async () => {
  await logIn(30);
  assert.is(await open([refused]).session.token(), 'bob.access');
});

test('a login the server no longer knows ends, and becomes nobody else', async () => {
  await logIn(-1);
  const { session } = open([refused], { dataRoot: writeLocalAdmin() });
  assert.is(await session.token(), undefined);
  assert.is(session.explain(), 'your login to local has ended: micro login');
});

test('a lost or damaged login becomes nobody else either', async () => {
  await logIn(600);
  const home = openHome({ dir });
  const dataRoot = writeLocalAdmin();
  const elsewhere = open([], { dataRoot, namespace: 'foo' }).session;
  assert.is(await elsewhere.token(), undefined);
  assert.is(elsewhere.explain(), 'you are not logged in to local in namespace foo: micro login');
  writeFileSync(home.tokens.file, 'micro://127.0.0.1:8081/micro/bob:%%%%\n');
  const { session } = open([], { dataRoot });
  assert.is(await session.token(), undefined);
  assert.is(session.explain(), `the login of bob in ${home.tokens.file} is damaged: micro login`);
});

test('a token that the server refuses before its time is renewed, once for all calls', async () => {
  await logIn(500);
  const { session, asked } = open([token('next', 600)]);
  const refusedToken = (await session.token()) ?? '';
  assert.equal(await Promise.all([session.renew(refusedToken), session.renew(refusedToken)]), [
    'next.access',
    'next.access',
  ]);
  assert.is(asked.length, 1);
  assert.is(await session.renew(refusedToken), 'next.access', 'and not again for a call that comes late');
  assert.is(await session.token(), 'next.access');
});

test('a refused token that cannot be renewed is not given again', async () => {
  await logIn(500);
  const { session } = open([refused]);
  assert.is(await session.renew('bob.access'), undefined);
  assert.match(session.explain() ?? '', /^your login to local has ended/);
});

test('a service whose token is refused comes by another one', async () => {
  const credentials = { id: 'svc', secret: 's' };
  const { session, asked } = open([token('one', 600), refused, token('two', 600)], { credentials });
  assert.is(await session.token(), 'one.access');
  assert.is(await session.renew('one.access'), 'two.access');
  assert.equal(
    asked.map((request) => request.refreshToken ?? request.id),
    ['svc', 'one.refresh', 'svc'],
  );
});

test('asks again at once when the answer of a renewal was lost', async () => {
  await logIn(-1);
  const lost = unavailable('go.micro.client', 'connection reset');
  const { session, asked } = open([lost, token('new', 600)]);
  assert.is(await session.token(), 'new.access');
  assert.is(asked.length, 2);
  await logIn(-1);
  const down = unavailable('go.micro.client', 'connection error: Error while dialing dial tcp 127.0.0.1:8081: refused');
  const unreachable = open([down]);
  assert.match(String(await unreachable.session.token().catch((e: unknown) => e)), /dialing/);
  assert.is(unreachable.asked.length, 1, 'nothing was sent, so nothing was lost');
});

test('a server that cannot be asked is not a logout', async () => {
  await logIn(-1);
  const error = await open([unavailable('go.micro.client', 'down'), unavailable('go.micro.client', 'down')])
    .session.token()
    .catch((e: unknown) => e);
  assert.match(String(error), /down/);
});

test('logins are kept apart by namespace and address', async () => {
  await logIn(600);
  assert.is(await open([], { namespace: 'foo' }).session.token(), undefined);
  assert.is(await open([], { address: '127.0.0.1:9999' }).session.token(), undefined);
  assert.is(await open([], { env: 'dev' }).session.token(), undefined);
});

test('a service uses its credentials and leaves the home alone', async () => {
  writeFileSync(join(dir, 'config.json'), 'damaged');
  const credentials = { id: 'svc-latest', secret: 's' };
  const { session, asked } = open([token('one', 50), refused, token('two', 600)], {
    credentials,
    address: '127.0.0.1:9',
    namespace: 'foo',
  });
  assert.is(session.namespace, 'foo');
  assert.is(await session.token(), 'one.access');
  assert.is(await session.token(), 'two.access', 'credentials again when the refresh token is refused');
  assert.is(await session.token(), 'two.access');
  assert.equal(asked, [
    { ...credentials, expirySeconds: 600 },
    { refreshToken: 'one.refresh', expirySeconds: 600 },
    { ...credentials, expirySeconds: 600 },
  ]);
});

test('refused credentials are explained', async () => {
  const credentials = { id: 'svc-latest', secret: 's' };
  const { session } = open([refused], { credentials, address: '127.0.0.1:9' });
  assert.is(await session.token(), undefined);
  assert.match(session.explain() ?? '', /svc-latest was refused in namespace micro/);
});

test('each namespace keeps its login, though v3 knows one user per environment', async () => {
  const home = openHome({ dir });
  await saveLogin(home, placeOf(home), { id: 'admin', token: token('admin', 600) });
  await saveLogin(home, placeOf(home, { namespace: 'foo' }), { id: 'bob', token: token('bob', 600) });
  assert.is(home.config.get('local.current-user'), 'bob');
  assert.is(await open([]).session.token(), 'admin.access');
  assert.is(await open([], { namespace: 'foo' }).session.token(), 'bob.access');
  await removeLogin(home, placeOf(home));
  assert.is(await open([]).session.token(), undefined);
  assert.is(await open([], { namespace: 'foo' }).session.token(), 'bob.access');
});

test('two environments at one address keep their logins apart', async () => {
  await logIn(600);
  const { config } = openHome({ dir });
  const envs = { twin: { Name: 'twin', ProxyAddress: '127.0.0.1:8081', Description: '' } };
  await config.set({ envs: JSON.stringify(envs) });
  assert.is(await open([], { env: 'twin' }).session.token(), undefined);
});

test('a login takes the place of the one before it', async () => {
  const home = openHome({ dir });
  await logIn(600);
  await saveLogin(home, placeOf(home), { id: 'eve', token: token('eve', 600) });
  assert.is(await open([]).session.token(), 'eve.access');
  assert.equal(home.tokens.ids({ address: '127.0.0.1:8081', namespace: 'micro' }), ['eve']);
});

const old = {
  'micro.auth.local.token': 'old.access',
  'micro.auth.local.refresh-token': 'old.refresh',
  'micro.auth.local.expiry': String(now / 1_000 + 600),
};

test('the place where older versions kept the token is read, and its next renewal moves it', async () => {
  const { config, tokens } = openHome({ dir });
  await config.set(old);
  assert.is(await open([]).session.token(), 'old.access');
  await config.set({ 'micro.auth.local.expiry': '1' });
  const claims = Buffer.from('{"sub":"carol"}').toString('base64url');
  const renewed = { ...token('new', 600), accessToken: `x.${claims}.y` };
  const { session, asked } = open([renewed]);
  assert.is(await session.token(), renewed.accessToken);
  assert.equal(asked, [{ refreshToken: 'old.refresh', expirySeconds: 600 }]);
  assert.is(config.get('micro.auth.local.refresh-token'), '');
  assert.is(config.get('local.current-user'), 'carol');
  assert.equal(tokens.ids({ address: '127.0.0.1:8081', namespace: 'micro' }), ['carol']);
  assert.is(await open([]).session.token(), renewed.accessToken);
});

for (const { what, more, change } of [
  { what: 'another address', more: { address: '127.0.0.1:9999' }, change: {} },
  { what: 'another environment', more: { env: 'dev' }, change: {} },
  { what: 'nobody without a refresh token', more: {}, change: { 'micro.auth.local.refresh-token': '' } },
])
  test(`a token of an older version goes to ${what} not at all`, async () => {
    await openHome({ dir }).config.set({ ...old, ...change });
    assert.is(await open([], more).session.token(), undefined);
  });

test('what another process renewed meanwhile is used, also when our own token was worth nothing any more', async () => {
  const home = openHome({ dir });
  await logIn(-1);
  const elsewhere = (answer: Token | Error) => async (): Promise<Token> => {
    const key = { address: '127.0.0.1:8081', namespace: 'micro', id: 'bob' };
    await home.tokens.renew(key, { used: token('bob', -1), next: token('theirs', 600) });
    if (answer instanceof Error) throw answer;
    return answer;
  };
  assert.is(await open([], { refresh: elsewhere(token('ours', 600)) }).session.token(), 'theirs.access');
  await logIn(-1);
  assert.is(await open([], { refresh: elsewhere(refused) }).session.token(), 'theirs.access');
});

test('a logout during a renewal stays a logout', async () => {
  const home = openHome({ dir });
  await logIn(-1);
  const refresh = async (): Promise<Token> => {
    await removeLogin(home, placeOf(home));
    return token('new', 600);
  };
  await open([], { refresh }).session.token();
  assert.is(await open([]).session.token(), undefined);
});

test('a renewed token that cannot be written down serves this run, and is told', async () => {
  await logIn(-1);
  const { dir: at, config, tokens } = openHome({ dir });
  const full = new Error('no space left');
  const home = { dir: at, config, tokens: { ...tokens, renew: () => Promise.reject(full) } };
  const told: unknown[] = [];
  const { session } = open([token('new', 600)], { home, notKept: (e) => told.push(e) });
  assert.is(await session.token(), 'new.access');
  assert.equal(told, [full]);
});

test('whoever ends waits for a renewal under way', async () => {
  await logIn(-1);
  const answer = Promise.withResolvers<Token>();
  const { session } = open([], { refresh: () => answer.promise });
  const asked = session.token();
  let over = false;
  const settling = session.settle().then(() => {
    over = true;
  });
  await Promise.resolve();
  assert.not.ok(over);
  answer.resolve(token('new', 600));
  await settling;
  assert.is(await asked, 'new.access');
  assert.is(await open([]).session.token(), 'new.access');
});

test('says where the token comes from', async () => {
  const dataRoot = writeLocalAdmin();
  const local = open([], { dataRoot }).session;
  assert.is(local.origin(), undefined);
  await local.token();
  assert.is(local.origin(), 'local-admin');
  await logIn(600);
  await local.token();
  assert.is(local.origin(), 'login');
  const credentials = { id: 'svc-latest', secret: 's' };
  const service = open([token('one', 600)], { credentials, address: '127.0.0.1:9' }).session;
  await service.token();
  assert.is(service.origin(), 'service');
});

test('a long run looks at its token again and again', async () => {
  await logIn(61);
  let time = now;
  const { session, asked } = open([token('new', 600)], { now: () => time });
  let look = (): void => undefined;
  let stopped = false;
  const stop = keepFresh({
    token: session.token,
    every: (ms, callback) => {
      assert.is(ms, 15_000);
      look = callback;
      return () => {
        stopped = true;
      };
    },
  });
  look();
  await session.settle();
  assert.is(asked.length, 0, 'not before its time is near');
  time += 15_000;
  look();
  await session.settle();
  assert.is(asked.length, 1);
  stop();
  assert.ok(stopped);
});

test("the machine's own user needs no login", async () => {
  assert.is(await open([], { dataRoot: writeLocalAdmin() }).session.token(), 'local.admin');
  assert.is(await open([], { dataRoot: writeLocalAdmin({ address: '0.0.0.0:8081' }) }).session.token(), 'local.admin');
});

for (const c of [
  { name: 'another address', o: { address: '127.0.0.1:9999' } },
  { name: 'a server that is gone', o: { pid: 2 ** 30 } },
  { name: 'a credential that others can read', o: { mode: 0o640 } },
  { name: 'a credential that has ended', o: { secondsLeft: -1 } },
])
  test(`the local credential is not used for ${c.name}`, async () => {
    assert.is(await open([], { dataRoot: writeLocalAdmin(c.o) }).session.token(), undefined);
  });

test('the local credential goes to no other machine', async () => {
  const dataRoot = writeLocalAdmin({ address: '10.0.0.1:8081' });
  assert.is(await open([], { dataRoot, address: '10.0.0.1:8081' }).session.token(), undefined);
});

test('after a logout it is not used until the next login', async () => {
  const dataRoot = writeLocalAdmin();
  const home = openHome({ dir });
  await removeLogin(home, placeOf(home));
  const { session } = open([], { dataRoot });
  assert.is(await session.token(), undefined);
  assert.match(session.explain() ?? '', /not logged in to local/);
  await logIn(600);
  assert.is(await open([], { dataRoot }).session.token(), 'bob.access');
});

test('login and logout leave what v3 leaves', async () => {
  const home = openHome({ dir });
  await logIn(600);
  const blank = '"micro":{"auth":{"local":{"expiry":"","refresh-token":"","token":""}}}';
  assert.is(readFileSync(home.config.file, 'utf8'), `{"env":"local","local":{"current-user":"bob"},${blank}}`);
  await removeLogin(home, placeOf(home));
  assert.is(home.config.get('micro.auth.local'), '{"expiry":"","refresh-token":"","token":""}');
  assert.is(home.config.get('local.current-user'), 'bob');
});

test.run();
