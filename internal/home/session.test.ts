/** Tests of sessions: which token is sent, when it is renewed, and what ends a login. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import type { Token, TokenRequest } from '../contract/auth.ts';
import { badRequest, unavailable } from '../contract/error.ts';
import { openHome } from './home.ts';
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

test('a server that cannot be asked is not a logout', async () => {
  await logIn(-1);
  const error = await open([unavailable('go.micro.client', 'down')])
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
