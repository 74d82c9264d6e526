/** Tests of failed logins as callers see them: what is counted, who is held up and who is not, and what it costs. */

import { scryptSync } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { createVouching } from '../../../../internal/auth/vouched-caller.ts';
import type { Auth, LoginOptions } from '../../../../internal/contract/auth.ts';
import type { Client } from '../../../../internal/contract/client.ts';
import { isMicroError } from '../../../../internal/contract/error.ts';
import { addressFailureMs, loginFailureMs, vouchedMs } from '../../../../internal/contract/limits.ts';
import { startLocalAuth, startMemoryStore } from '../../../../test/conformance/start-local-auth.ts';
import { startDriver } from '../../../../test/support/start-driver.ts';
import { suite } from '../../../../test/support/suite.ts';
import { plugin as rpcAuth } from '../rpc/plugin.ts';

const test = suite('drivers/auth/local: login limits');

const begun = 1_700_000_000_000;
let now = begun;
test.each(() => {
  now = begun;
});

/** Small, since every failure costs a password hash. */
const accountFailures = 2;
const addressFailures = 4;
const config = { login_failures: accountFailures, address_failures: addressFailures };

/** Accounts whose secrets this program made, so that right ones cost no hash; wrong ones do. */
const withAccounts = async (body: (auth: Auth, secrets: Readonly<Record<string, string>>) => Promise<void>) => {
  const { instance: auth, stop } = await startLocalAuth({ now: () => now, config });
  try {
    const secrets: Record<string, string> = {};
    for (const id of ['jane', 'joe']) secrets[id] = (await auth.generate({ id, name: `${id}y` })).secret;
    await body(auth, secrets);
  } finally {
    await stop();
  }
};

const home = { remote: '198.51.100.7:1000' };
const away = { remote: '203.0.113.5:2000' };
const machine = { remote: '127.0.0.1:3000' };

const outcome = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (error === undefined) return 'ok';
  if (!isMicroError(error)) throw error;
  return error.reason === undefined ? error.detail : `${error.code} ${error.reason}: ${error.detail}`;
};

const guess = (auth: Auth, id: string, from: LoginOptions, secret = 'wrong'): Promise<string> =>
  outcome(auth.token({ id, secret }, from));

const guessMany = async (auth: Auth, id: string, from: LoginOptions, times: number): Promise<string> => {
  let last = '';
  for (let i = 0; i < times; i += 1) last = await guess(auth, id, from);
  return last;
};

const heldUp = (what: string, seconds: number): string =>
  `429 too_many_logins: too many failed logins ${what}: try again in ${seconds}s`;
const pause = loginFailureMs / 1_000;

for (const [id, failed] of [
  ['jane', 'Secret not correct'],
  ['nobody', 'Account not found with this ID'],
] as const)
  test(`${id} is held up after some failures, and may then fail once in a while`, () =>
    withAccounts(async (auth) => {
      assert.is(await guessMany(auth, id, away, accountFailures), failed);
      assert.is(await guess(auth, id, away), heldUp(`as ${id}`, pause));
      now += loginFailureMs - 1;
      assert.is(await guess(auth, id, away), heldUp(`as ${id}`, 1));
      now += 1;
      assert.is(await guess(auth, id, away), failed);
      assert.is(await guess(auth, id, away), heldUp(`as ${id}`, pause));
    }));

test('the right secret waits as well, since it could be the guess', () =>
  withAccounts(async (auth, { jane }) => {
    await guessMany(auth, 'jane', away, accountFailures);
    assert.is(await guess(auth, 'jane', away, jane), heldUp('as jane', pause));
    now += loginFailureMs;
    assert.is(await guess(auth, 'jane', away, jane), 'ok');
    assert.is(await guess(auth, 'jane', away, jane), 'ok', 'and is no failure');
  }));

test('id and name are one account, and namespaces are not', () =>
  withAccounts(async (auth) => {
    await guessMany(auth, 'jane', away, accountFailures - 1);
    await guess(auth, 'janey', away);
    assert.is(await guess(auth, 'janey', away), heldUp('as jane', pause));
    assert.is(await guess(auth, 'joe', away), 'Secret not correct');
    assert.is(await guess(auth, 'jane', { ...away, namespace: 'foo' }), 'Account not found with this ID');
  }));

test('many addresses together may guess no more than one', () =>
  withAccounts(async (auth) => {
    for (let i = 0; i < accountFailures; i += 1)
      assert.is(await guess(auth, 'jane', { remote: `203.0.113.${i}:1` }), 'Secret not correct');
    assert.is(await guess(auth, 'jane', { remote: '203.0.113.99:1' }), heldUp('as jane', pause));
  }));

test('who attacks an account keeps its owner out neither where he has been before nor on this machine', () =>
  withAccounts(async (auth, { jane }) => {
    const { refreshToken } = await auth.token({ id: 'jane', secret: jane }, home);
    const session = await auth.token({ id: 'jane', secret: jane }, machine);
    for (let hour = 0; hour < 3; hour += 1) {
      now += 3_600_000;
      for (let i = 0; i <= accountFailures; i += 1) await guess(auth, 'jane', { remote: `203.0.113.${i}:1` });
      assert.is(await guess(auth, 'jane', away, jane), heldUp('as jane', pause));
      for (const from of [home, machine, {}]) assert.is(await guess(auth, 'jane', from, jane), 'ok');
    }
    assert.is(await outcome(auth.token({ refreshToken }, home)), 'ok');
    assert.is(
      await outcome(auth.token({ refreshToken: session.refreshToken }, away)),
      'ok',
      'a login goes on anywhere',
    );
    assert.is(await guess(auth, 'jane', away, jane), 'ok', 'and has shown that its owner is there');
  }));

test('an address that is known may not guess without end either', () =>
  withAccounts(async (auth, { jane }) => {
    for (const from of [home, machine]) {
      assert.is(await guess(auth, 'jane', from, jane), 'ok');
      assert.is(await guessMany(auth, 'jane', from, accountFailures), 'Secret not correct');
      assert.is(await guess(auth, 'jane', from, jane), heldUp('as jane', pause));
    }
  }));

test('one address may fail only so often at all accounts together, this machine excepted', () =>
  withAccounts(async (auth, { jane, joe }) => {
    await auth.token({ id: 'jane', secret: jane }, away);
    for (let i = 0; i < addressFailures; i += 1) await guess(auth, `nobody-${i}`, away);
    const wait = heldUp('from 203.0.113.5', addressFailureMs / 1_000);
    assert.is(await guess(auth, 'joe', away, joe), wait);
    assert.is(await guess(auth, 'joe', { remote: '203.0.113.5:999' }, joe), wait, 'from another port');
    assert.is(await guess(auth, 'jane', away, jane), 'ok', 'who has been there before is not held up by a neighbour');
    assert.is(await guess(auth, 'joe', home, joe), 'ok');
    now += addressFailureMs;
    assert.is(await guess(auth, 'joe', away, joe), 'ok');
    for (let i = 0; i <= addressFailures; i += 1) await guess(auth, `nobody-${i}`, machine);
    assert.is(await guess(auth, 'joe', machine, joe), 'ok');
  }));

test('guesses that come together are counted before they are compared', () =>
  withAccounts(async (auth) => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => guess(auth, 'jane', away)));
    assert.is(answers.filter((a) => a === 'Secret not correct').length, accountFailures);
    assert.is(answers.filter((a) => a.startsWith('429 too_many_logins')).length, 12 - accountFailures);
  }));

test('an old secret that is wrong is a failed login', () =>
  withAccounts(async (auth, { jane }) => {
    const change = (oldSecret: string | undefined): Promise<string> =>
      outcome(auth.changeSecret('jane', { oldSecret, newSecret: 'new' }, away));
    for (let i = 0; i < accountFailures; i += 1) assert.is(await change('wrong'), 'Secret not correct');
    assert.is(await change(jane), heldUp('as jane', pause));
    assert.is(await guess(auth, 'jane', away, jane), heldUp('as jane', pause));
    assert.is(await change(undefined), 'ok', 'who need not know it is not held up');
  }));

test('tokens are no guesses: they are taken while secrets must wait', () =>
  withAccounts(async (auth, { jane }) => {
    const { accessToken } = await auth.token({ id: 'jane', secret: jane });
    await guessMany(auth, 'jane', away, accountFailures);
    assert.is(await guess(auth, 'jane', away, accessToken), 'ok');
  }));

test('an id of any size is as good as unknown', () =>
  withAccounts(async (auth) => {
    for (const id of ['x'.repeat(300_000), '\0', 'a/b%2f'])
      assert.is(await guess(auth, id, away), 'Account not found with this ID');
  }));

test('the word of a gateway counts that can read what only this user can', async () => {
  const store = await startMemoryStore();
  const root = mkdtempSync(join(tmpdir(), 'micro-test-'));
  const dataDir = join(root, 'local');
  const client = { call: async () => Buffer.alloc(0), stream: () => assert.unreachable() } as unknown as Client;
  const gateway = await startDriver(rpcAuth, { needs: { client }, dataDir: join(root, 'rpc'), now: () => now });
  assert.is(gateway.instance.vouch?.(away.remote), undefined, 'no server has been here');
  for (const run of [1, 2]) {
    const started = await startLocalAuth({ now: () => now, config, dataDir, needs: { store: store.instance } });
    const auth = started.instance;
    now += 3_600_000;
    for (let i = 0; i < addressFailures; i += 1)
      await guess(auth, `nobody-${i}`, { ...machine, vouched: gateway.instance.vouch?.(away.remote) });
    assert.is(
      await guess(auth, 'joe', { ...machine, vouched: gateway.instance.vouch?.(away.remote) }),
      heldUp('from 203.0.113.5', addressFailureMs / 1_000),
      `run ${run}`,
    );
    await started.stop();
  }
  chmodSync(join(dataDir, 'vouching'), 0o644);
  assert.is(gateway.instance.vouch?.(away.remote), undefined, 'others could have read it');
  await gateway.stop();
  await store.stop();
  rmSync(root, { recursive: true });
});

test('only the word of this process counts for another address than the caller has', () =>
  withAccounts(async (auth, { joe }) => {
    const vouched = auth.vouch?.(away.remote);
    for (let i = 0; i < addressFailures; i += 1) await guess(auth, `nobody-${i}`, { ...machine, vouched });
    const wait = heldUp('from 203.0.113.5', addressFailureMs / 1_000);
    assert.is(await guess(auth, 'joe', { ...machine, vouched }, joe), wait);
    const madeUp = [createVouching(() => now).vouch(home.remote), `${home.remote};${now + 1};x`, home.remote, ';;', ''];
    for (const text of madeUp) assert.is(await guess(auth, 'joe', { ...away, vouched: text }, joe), wait, text);
    const real = auth.vouch?.(home.remote) ?? '';
    assert.is(await guess(auth, 'joe', { ...away, vouched: real }, joe), 'ok');
    for (const text of [`${real},${real}`, real.replace('198', '199')])
      assert.is(await guess(auth, 'joe', { ...away, vouched: text }, joe), wait, text);
    now += vouchedMs;
    for (let i = 0; i < addressFailures; i += 1) await guess(auth, `nobody-${i}`, away);
    assert.is(await guess(auth, 'joe', { ...away, vouched: real }, joe), wait, 'an old one');
  }));

test('the limits are settings', async () => {
  const { instance: auth, stop } = await startLocalAuth({
    now: () => now,
    config: { login_failures: 0, address_failures: 2, address_failure_pause: 5_000 },
  });
  try {
    for (let i = 0; i < 2; i += 1) assert.is(await guess(auth, 'x', away), 'Account not found with this ID');
    assert.is(await guess(auth, 'x', away), heldUp('from 203.0.113.5', 5));
    assert.is(await guessMany(auth, 'x', machine, 6), 'Account not found with this ID');
  } finally {
    await stop();
  }
});

for (const wrong of [
  { login_failures: -1 },
  { address_failures: 2_000_000 },
  { login_failure_pause: 0 },
  { address_failure_pause: -5 },
  { password_work: 0 },
  { password_work: 17 },
])
  test(`${JSON.stringify(wrong)} is refused at the start`, async () => {
    const error = await startLocalAuth({ config: wrong }).then(
      ({ stop }) => stop(),
      (e: unknown) => e,
    );
    assert.match(
      String(error),
      new RegExp(`setting ${Object.keys(wrong)[0]} of drivers/auth/local is -?\\d+; it must be`),
    );
  });

const place = { database: 'micro', table: 'auth' };

/** Puts an account's hash in its place, as an older server or v3 would have left it. */
const withStoredHash = async (
  hash: string,
  body: (auth: Auth, hashNow: () => Promise<string>) => Promise<void>,
): Promise<void> => {
  const { instance: store, stop: stopStore } = await startMemoryStore();
  const record = {
    id: 'jane',
    type: 'user',
    issuer: 'micro',
    metadata: null,
    scopes: null,
    secret: hash,
    name: 'jane',
  };
  await store.write({ key: 'account/micro/jane', value: Buffer.from(JSON.stringify(record)) }, place);
  const { instance: auth, stop } = await startLocalAuth({ needs: { store }, config: { password_work: 2 } });
  try {
    await body(auth, async () => {
      const found = await store.read('account/micro/jane', place);
      return JSON.parse(Buffer.from(found?.value ?? []).toString()).secret;
    });
  } finally {
    await stop();
    await stopStore();
  }
};

test('a weak hash is made again at the next login, and the tokens of before stay', async () => {
  const weak = 'scrypt$1024$8$1$AAAAAAAAAAAAAAAAAAAAAA$';
  const key = scryptSync('right', Buffer.alloc(16), 32, { N: 1_024, r: 8, p: 1 }).toString('base64url');
  await withStoredHash(weak + key, async (auth, hashNow) => {
    assert.is(await guess(auth, 'jane', {}), 'Secret not correct');
    assert.is(await hashNow(), weak + key, 'a wrong secret changes nothing');
    const before = await auth.token({ id: 'jane', secret: 'right' });
    const strong = await hashNow();
    assert.match(strong, /^scrypt\$16384\$8\$2\$/);
    await auth.token({ id: 'jane', secret: 'right' });
    assert.is(await hashNow(), strong, 'once');
    assert.is((await auth.inspect(before.accessToken)).id, 'jane');
    await auth.token({ refreshToken: before.refreshToken });
  });
});

test('a hash of v3 is named for what it is, until an admin sets another secret', () =>
  withStoredHash('$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy', async (auth, hashNow) => {
    const text = "the secret of jane is kept in v3's form (bcrypt), which this server cannot check";
    for (let i = 0; i <= accountFailures; i += 1) assert.is(await guess(auth, 'jane', {}, 'right'), text);
    await auth.changeSecret('jane', { newSecret: 'new' });
    assert.match(await hashNow(), /^scrypt\$/);
    await auth.token({ id: 'jane', secret: 'new' });
  }));

test.run();
