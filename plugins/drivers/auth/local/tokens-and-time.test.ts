/** Tests of the local driver's time and life: expiry, the grace of refresh tokens, restarts, the default admin, the local-admin credential. */

import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import type { Auth } from '../../../../internal/contract/auth.ts';
import { isMicroError, outOfSpace } from '../../../../internal/contract/error.ts';
import type { Store } from '../../../../internal/contract/store.ts';
import { startLocalAuth, startMemoryStore } from '../../../../test/conformance/start-local-auth.ts';
import { suite } from '../../../../test/support/suite.ts';

const test = suite('drivers/auth/local');

const begun = 1_700_000_000_000;
let now = begun;
test.each(() => {
  now = begun;
});

type Options = NonNullable<Parameters<typeof startLocalAuth>[0]>;

const withAuth = async (body: (auth: Auth, dataDir: string) => Promise<void>, o: Options = {}): Promise<void> => {
  const { instance, dataDir, stop } = await startLocalAuth({ now: () => now, ...o });
  try {
    await body(instance, dataDir);
  } finally {
    await stop();
  }
};

const fault = async (work: Promise<unknown>): Promise<{ detail: string; hint?: string; reason?: string }> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (isMicroError(error)) return error;
  throw new Error(`expected a refusal, got ${String(error)}`);
};

const admin = { id: 'admin', secret: 'micro' };

test('a token ends, also one that was inspected before', () =>
  withAuth(async (auth) => {
    const token = await auth.token({ ...admin, expirySeconds: 60 });
    await auth.inspect(token.accessToken);
    now += 60_001;
    assert.is(auth.known?.account(token.accessToken), undefined);
    assert.is((await fault(auth.inspect(token.accessToken))).reason, 'expired_token');
    assert.is((await fault(auth.inspect(token.accessToken))).reason, 'expired_token', 'and stays ended');
  }));

test('a token that has expired can still be asked whether its account stands', () =>
  withAuth(async (auth) => {
    await auth.generate({ id: 'bob', secret: 's' });
    const { accessToken } = await auth.token({ id: 'bob', secret: 's', expirySeconds: 60 });
    now += 3_600_000;
    assert.is((await auth.inspect(accessToken, { pastExpiry: true })).id, 'bob');
    assert.is((await fault(auth.inspect(accessToken))).reason, 'expired_token', 'that makes it no good');
    await auth.deleteAccount('bob');
    assert.is((await fault(auth.inspect(accessToken, { pastExpiry: true }))).reason, 'ended_account');
  }));

test('a used refresh token works for 60 s and gives the same successor', () =>
  withAuth(async (auth) => {
    const first = await auth.token(admin);
    const second = await auth.token({ refreshToken: first.refreshToken });
    now += 60_000;
    assert.is((await auth.token({ refreshToken: first.refreshToken })).refreshToken, second.refreshToken);
    const third = await auth.token({ refreshToken: second.refreshToken });
    assert.is(
      (await auth.token({ refreshToken: first.refreshToken })).refreshToken,
      second.refreshToken,
      'also two on',
    );
    now += 60_000;
    assert.is((await auth.token({ refreshToken: second.refreshToken })).refreshToken, third.refreshToken);
    await auth.token({ refreshToken: third.refreshToken });
  }));

test('a refresh token that is used again after its grace ends that login, and no other', () =>
  withAuth(async (auth) => {
    const first = await auth.token(admin);
    const other = await auth.token(admin);
    const second = await auth.token({ refreshToken: first.refreshToken });
    now += 60_001;
    assert.is((await fault(auth.token({ refreshToken: first.refreshToken }))).detail, 'invalid token provided');
    assert.is((await fault(auth.token({ refreshToken: second.refreshToken }))).detail, 'invalid token provided');
    await auth.token({ refreshToken: other.refreshToken });
    assert.is((await auth.inspect(second.accessToken)).id, 'admin', 'what was issued lives out its minutes');
  }));

test('refresh tokens cannot be made up, moved or counted on', () =>
  withAuth(async (auth) => {
    const { refreshToken } = await auth.token(admin);
    const bytes = Buffer.from(refreshToken, 'base64url');
    const made = [19, 20, 35].map((at) => {
      const copy = Buffer.from(bytes);
      copy[at] = (copy[at] ?? 0) + 1;
      return copy.toString('base64url');
    });
    for (const text of [...made, refreshToken.slice(0, -1), `${refreshToken}A`, `${refreshToken}=`, '-'])
      assert.is((await fault(auth.token({ refreshToken: text }))).detail, 'invalid token provided', text);
    await auth.token({ refreshToken });
  }));

test('parallel users of one refresh token get one successor, however many', () =>
  withAuth(async (auth) => {
    let { refreshToken } = await auth.token(admin);
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => auth.token({ refreshToken })));
      const successors = new Set(answers.map((a) => a.refreshToken));
      assert.is(successors.size, 1);
      refreshToken = [...successors][0] ?? '';
    }
  }));

test('a refresh token of the former kind still works, and its users get one successor', async () => {
  const store = await startMemoryStore({ now: () => now });
  await withAuth(
    async (auth) => {
      await auth.token(admin);
      const stored = await store.instance.read('account/micro/admin', { database: 'micro', table: 'auth' });
      const { generation } = JSON.parse(new TextDecoder().decode(stored?.value));
      const refreshToken = 'c6f5e6f0-6c1d-4c39-8f0b-4b6e4b2b9a01';
      const key = `refresh/micro/${createHash('sha256').update(refreshToken).digest('hex')}`;
      const value = new TextEncoder().encode(JSON.stringify({ id: 'admin', generation }));
      await store.instance.write({ key, value }, { database: 'micro', table: 'auth' });
      const [a, b] = await Promise.all([auth.token({ refreshToken }), auth.token({ refreshToken })]);
      assert.is(a.refreshToken, b.refreshToken);
      assert.is((await auth.token({ refreshToken })).refreshToken, a.refreshToken, 'within the grace');
      const next = await auth.token({ refreshToken: a.refreshToken });
      assert.is.not(next.refreshToken, a.refreshToken);
      now += 60_001;
      assert.is((await fault(auth.token({ refreshToken }))).detail, 'invalid token provided');
      await auth.token({ refreshToken: next.refreshToken });
    },
    { needs: { store: store.instance } },
  );
  await store.stop();
});

test('a token that came for a refresh token or a secret is told why it does not do', () =>
  withAuth(async (auth) => {
    await auth.generate({ id: 'bob', secret: 's' });
    const { accessToken } = await auth.token({ ...admin, expirySeconds: 60 });
    const foreign = await startLocalAuth({ now: () => now, config: { private_key: '' } });
    const { accessToken: other } = await foreign.instance.token(admin);
    await foreign.stop();
    now += 60_000;
    for (const [token, reason] of [
      [accessToken, 'expired_token'],
      [other, 'wrong_environment'],
    ] as const) {
      const refreshed = await fault(auth.token({ refreshToken: token }));
      assert.equal([refreshed.detail, refreshed.reason], ['invalid token provided', reason]);
      const login = await fault(auth.token({ id: 'bob', secret: token }));
      assert.equal([login.detail, login.reason], ['Secret not correct', reason]);
    }
    const plain = await fault(auth.token({ id: 'bob', secret: 'looks.like.one' }));
    assert.equal([plain.detail, plain.reason], ['Secret not correct', undefined]);
  }));

test('a refresh token that is not used for a month ends', () =>
  withAuth(async (auth) => {
    const { refreshToken } = await auth.token(admin);
    now += 30 * 24 * 3_600_000 + 1_000;
    assert.is((await fault(auth.token({ refreshToken }))).detail, 'invalid token provided');
  }));

test('refuses lives that are out of bounds', () =>
  withAuth(async (auth) => {
    for (const expirySeconds of [-1, 366 * 24 * 3_600, 1.5])
      assert.match((await fault(auth.token({ ...admin, expirySeconds }))).detail, /tokenExpirySecondsMax/);
  }));

test('says why a token counts no more', () =>
  withAuth(async (auth) => {
    await auth.generate({ id: 'bob', secret: 's' });
    const { accessToken } = await auth.token({ id: 'bob', secret: 's' });
    await auth.changeSecret('bob', { oldSecret: 's', newSecret: 'n' });
    assert.match((await fault(auth.inspect(accessToken))).hint ?? '', /secret of bob has changed/);
    await auth.deleteAccount('bob');
    assert.match((await fault(auth.inspect(accessToken))).hint ?? '', /no account bob in namespace micro/);
  }));

test('accounts, tokens, refresh tokens and rules live through a restart', async () => {
  const store = await startMemoryStore({ now: () => now });
  const needs: { store: Store } = { store: store.instance };
  let token = { accessToken: '', refreshToken: '' };
  await withAuth(
    async (auth) => {
      await auth.generate({ id: 'bob', secret: 's' });
      await auth.createRule({
        id: 'r',
        scope: '*',
        resource: { type: '*', name: '*', endpoint: '*' },
        access: 'denied',
        priority: 1,
      });
      token = await auth.token({ id: 'bob', secret: 's' });
    },
    { needs },
  );
  await withAuth(
    async (auth) => {
      assert.is((await auth.inspect(token.accessToken)).id, 'bob');
      await auth.token({ refreshToken: token.refreshToken });
      await auth.token({ id: 'bob', secret: 's' });
      assert.equal(
        (await auth.rules()).map((r) => r.id),
        ['default', 'r'],
      );
    },
    { needs },
  );
  await store.stop();
});

test('secrets and refresh tokens are not in the store in clear', async () => {
  const store = await startMemoryStore();
  await withAuth(
    async (auth) => {
      await auth.generate({ id: 'bob', secret: 'very-secret-text' });
      const { refreshToken } = await auth.token({ id: 'bob', secret: 'very-secret-text' });
      const successor = (await auth.token({ refreshToken })).refreshToken;
      const records = await store.instance.scan({ database: 'micro', table: 'auth' });
      const all = records.map((r) => r.key + new TextDecoder().decode(r.value)).join('\n');
      for (const secret of ['very-secret-text', refreshToken, successor]) assert.not.ok(all.includes(secret));
      assert.ok(
        records.some((r) => r.key === 'account/micro/bob'),
        'v3 key layout',
      );
    },
    { needs: { store: store.instance } },
  );
  await store.stop();
});

test('asking for the rules of any namespace writes nothing', async () => {
  const store = await startMemoryStore();
  await withAuth(
    async (auth) => {
      for (let i = 0; i < 10; i += 1) await auth.rules({ namespace: `n${i}` });
      assert.equal(await store.instance.list({ database: 'micro', table: 'auth' }), []);
    },
    { needs: { store: store.instance } },
  );
  await store.stop();
});

test('the default admin can be left out or given another secret', async () => {
  await withAuth(
    async (auth) => {
      assert.is((await fault(auth.token(admin))).detail, 'Account not found with this ID');
      assert.equal(await auth.accounts(), []);
    },
    { config: { disable_admin: true } },
  );
  await withAuth(
    async (auth) => {
      assert.is((await fault(auth.token(admin))).detail, 'Secret not correct');
      await auth.token({ id: 'admin', secret: 'other' });
    },
    { config: { admin_secret: 'other' } },
  );
});

test('refuses ids and secrets that would not travel', () =>
  withAuth(async (auth) => {
    for (const id of ['a\nb', ' a', 'x'.repeat(257)]) await fault(auth.generate({ id }));
    assert.match((await fault(auth.generate({ id: 'a', secret: 'x'.repeat(20_000) }))).detail, /secretCharsMax/);
    assert.match(
      (await fault(auth.generate({ id: 'a', metadata: { k: 'x'.repeat(9_000) } }))).detail,
      /accountBytesMax/,
    );
    await fault(auth.rules({ namespace: 'a\u0000b' }));
  }));

test('the local-admin credential is private, works, and ends with the server', async () => {
  let token = '';
  await withAuth(async (auth, dataDir) => {
    const file = join(dataDir, 'local-admin');
    assert.is(statSync(file).mode & 0o777, 0o600);
    const credential = JSON.parse(readFileSync(file, 'utf8'));
    assert.ok(credential.expiry * 1_000 > now);
    token = credential.token;
    const account = await auth.inspect(token);
    assert.is(account.id, 'admin');
    assert.equal(account.scopes, ['admin']);
    await auth.changeSecret('admin', { newSecret: 'n' });
    assert.is((await auth.inspect(token)).id, 'admin', 'it is not the stored account');
  });
  await withAuth(async (auth) => {
    assert.is((await fault(auth.inspect(token))).detail, 'invalid token provided');
  });
});

test('the credential is left out when it is not wanted, and gone after a stop', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'micro-test-'));
  await withAuth(async () => undefined, { dataDir });
  assert.throws(() => statSync(join(dataDir, 'local-admin')), /ENOENT/);
  await withAuth(
    async () => {
      assert.throws(() => statSync(join(dataDir, 'local-admin')), /ENOENT/);
    },
    { dataDir, config: { local_admin: false } },
  );
  rmSync(dataDir, { recursive: true });
});

test('a full disk locks nobody out: logins work, and refresh tokens stay as they are', async () => {
  const store = await startMemoryStore({ now: () => now });
  let full = false;
  const filling: Store = {
    ...store.instance,
    write: async (...args) => {
      if (full) throw outOfSpace('store', 'no space left');
      return store.instance.write(...args);
    },
  };
  try {
    await withAuth(
      async (auth) => {
        const before = await auth.token(admin);
        full = true;
        const login = await auth.token(admin);
        assert.is((await auth.inspect(login.accessToken)).id, 'admin');
        assert.ok((await auth.token({ refreshToken: login.refreshToken })).accessToken);
        assert.is((await auth.token({ refreshToken: before.refreshToken })).refreshToken, before.refreshToken);
        full = false;
        const rotated = await auth.token({ refreshToken: before.refreshToken });
        assert.is.not(rotated.refreshToken, before.refreshToken);
      },
      { needs: { store: filling } },
    );
  } finally {
    await store.stop();
  }
});

test.run();
