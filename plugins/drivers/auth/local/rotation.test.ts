/** Tests of a rotation as callers see it: who stays logged in, what ends, and what listeners are told. */

import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { makeKeys } from '../../../../internal/auth/keys.ts';
import type { AuthChange } from '../../../../internal/contract/auth-change.ts';
import type { Auth, SigningKeys, Token } from '../../../../internal/contract/auth.ts';
import { isMicroError } from '../../../../internal/contract/error.ts';
import { startLocalAuth, startMemoryStore } from '../../../../test/conformance/start-local-auth.ts';
import { suite } from '../../../../test/support/suite.ts';

const test = suite('drivers/auth/local: rotation');

const admin = { id: 'admin', secret: 'micro' };

const keysOf = (auth: Auth): SigningKeys => {
  assert.ok(auth.keys);
  return auth.keys as SigningKeys;
};

const reasonOf = async (work: Promise<unknown>): Promise<string | undefined> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  return isMicroError(error) ? error.reason : undefined;
};

interface Server {
  readonly auth: Auth;
  readonly dataDir: string;
  restart(): Promise<Auth>;
}

/** A driver with a key of its own in the data folder, and a store, that both outlive restarts. */
const withServer = async (body: (server: Server) => Promise<void>): Promise<void> => {
  const store = await startMemoryStore();
  const dataDir = mkdtempSync(join(tmpdir(), 'micro-test-'));
  const open = () => startLocalAuth({ dataDir, config: { private_key: '' }, needs: { store: store.instance } });
  let present = await open();
  try {
    await body({
      auth: present.instance,
      dataDir,
      restart: async () => {
        await present.stop();
        present = await open();
        return present.instance;
      },
    });
  } finally {
    await present.stop();
    await store.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
};

const credential = (dataDir: string): string =>
  (JSON.parse(readFileSync(join(dataDir, 'local-admin'), 'utf8')) as { token: string }).token;

/** The login goes on, and gives what comes after it. */
const goesOn = async (auth: Auth, { accessToken, refreshToken }: Token): Promise<Token> => {
  assert.is((await auth.inspect(accessToken)).id, 'admin');
  const next = await auth.token({ refreshToken });
  assert.is((await auth.token({ refreshToken })).refreshToken, next.refreshToken, 'the same successor');
  const exchanged = await auth.token({ id: 'admin', secret: next.accessToken });
  assert.is((await auth.inspect(exchanged.accessToken)).id, 'admin');
  return next;
};

test('a public key that is given must be that of the private key', async () => {
  const pair = await makeKeys();
  const other = await makeKeys();
  const open = (publicKey: string) =>
    startLocalAuth({ config: { private_key: pair.privateText, public_key: publicKey } });
  await (await open(pair.publicText)).stop();
  const error = await open(other.publicText).catch((e: unknown) => e);
  assert.match(String(error), /MICRO_AUTH_PUBLIC_KEY does not belong to MICRO_AUTH_PRIVATE_KEY/);
});

test('a rotation logs nobody out, and neither does a restart after it', () =>
  withServer(async ({ auth, dataDir, restart }) => {
    const heard: AuthChange[] = [];
    auth.changes?.((change) => heard.push(change));
    const before = await auth.token(admin);
    const inspected = await auth.token(admin);
    await auth.inspect(inspected.accessToken);
    const [old] = await keysOf(auth).list();
    const [fresh, former] = await keysOf(auth).rotate();
    assert.is.not(fresh?.id, old?.id);
    assert.equal({ ...former, ends: 0 }, { ...old, present: false });
    assert.is(auth.known?.account(inspected.accessToken)?.id, 'admin', 'not even asked again');
    const next = await goesOn(auth, before);
    const header = JSON.parse(Buffer.from(next.accessToken.split('.')[0] ?? '', 'base64url').toString());
    assert.is(header.kid, fresh?.id);
    const local = JSON.parse(Buffer.from(credential(dataDir).split('.')[0] ?? '', 'base64url').toString());
    assert.is(local.kid, fresh?.id, 'the local-admin credential is of the new key');
    assert.equal(heard, []);
    const again = await restart();
    assert.is((await again.inspect(before.accessToken)).id, 'admin');
    await goesOn(again, next);
  }));

test('for a key that has leaked all access tokens end at once, and refresh tokens and secrets stay', () =>
  withServer(async ({ auth, dataDir, restart }) => {
    const heard: AuthChange[] = [];
    auth.changes?.((change) => heard.push(change));
    const before = await auth.token(admin);
    await auth.inspect(before.accessToken);
    await keysOf(auth).rotate();
    const between = await auth.token(admin);
    const keys = await keysOf(auth).rotate({ endOldTokens: true });
    assert.is(keys.length, 1);
    assert.equal(heard, [{ kind: 'missed' }], 'whoever remembers tokens asks again');
    for (const { accessToken } of [before, between]) {
      assert.is(auth.known?.account(accessToken), undefined);
      assert.is(await reasonOf(auth.inspect(accessToken)), 'wrong_environment');
    }
    assert.is((await auth.inspect(credential(dataDir))).id, 'admin', 'the machine itself is not locked out');
    const again = await restart();
    assert.is(await reasonOf(again.inspect(before.accessToken)), 'wrong_environment');
    await goesOn(again, await again.token({ refreshToken: between.refreshToken }));
    await again.token(admin);
  }));

test('a key that was being written when the server died does not stay behind', () =>
  withServer(async ({ dataDir, restart }) => {
    for (const name of ['id_rsa', 'former_keys', 'local-admin'])
      writeFileSync(join(dataDir, `${name}.${randomUUID()}.tmp`), 'half a secret');
    await restart();
    assert.equal(readdirSync(dataDir).sort(), ['former_keys', 'id_rsa', 'id_rsa.pub', 'local-admin', 'vouching']);
  }));

test('parallel rotations come one after the other', () =>
  withServer(async ({ auth }) => {
    const { accessToken } = await auth.token(admin);
    const answers = await Promise.all([1, 2, 3].map(() => keysOf(auth).rotate()));
    assert.equal((await keysOf(auth).list()).length, 4);
    assert.equal(await keysOf(auth).list(), answers.at(-1));
    assert.is((await auth.inspect(accessToken)).id, 'admin');
  }));

test.run();
