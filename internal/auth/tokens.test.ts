/** Tests of signing and verifying: time, forged headers, other keys, and keys as v3 keeps them. */

import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { isMicroError } from '../contract/error.ts';
import { type KeyPair, loadKeys, parsePrivateKey } from './keys.ts';
import { signToken, verifyToken } from './tokens.ts';

const test = suite('tokens');
const now = 1_700_000_000_000;
const expiry = now / 1_000 + 60;
const account = { id: 'bob', type: 'user', issuer: 'foo', metadata: { k: 'v' }, scopes: ['a'], name: '' };

const folder = mkdtempSync(join(tmpdir(), 'micro-test-'));
let keys: KeyPair;
test.before(async () => {
  keys = await loadKeys(folder);
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

const hintOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!isMicroError(error)) throw new Error(`expected a refusal, got ${String(error)}`);
  assert.is(error.code, 400);
  assert.is(error.detail, 'invalid token provided');
  return error.hint ?? '';
};

test('a token gives its account back, the name filled in', async () => {
  const token = await signToken(keys, { account, expiry, generation: 'g' });
  const signed = await verifyToken(keys.publicKey, token, now);
  assert.equal({ ...signed.account, metadata: { ...signed.account.metadata } }, { ...account, name: 'bob' });
  assert.is(signed.expiry, expiry);
  assert.is(signed.generation, 'g');
});

test('a token ends at its second', async () => {
  const token = await signToken(keys, { account, expiry, generation: undefined });
  await verifyToken(keys.publicKey, token, expiry * 1_000 - 1_000);
  assert.is(
    await hintOf(verifyToken(keys.publicKey, token, expiry * 1_000 + 1_000)),
    'the token expired 1s ago; get a new one',
  );
});

test('other keys, algorithms and shapes are refused', async () => {
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const claims = { sub: 'bob', iss: 'foo', exp: expiry };
  const sign = (alg: string, key: Parameters<SignJWT['sign']>[0], more = {}): Promise<string> =>
    new SignJWT({ ...claims, ...more }).setProtectedHeader({ alg, typ: 'JWT' }).sign(key);
  const publicPem = new TextEncoder().encode(keys.publicKey.export({ type: 'spki', format: 'pem' }).toString());
  const bad = [
    await sign('RS256', other.privateKey),
    await sign('HS256', publicPem),
    await sign('RS512', keys.privateKey),
    await sign('PS256', keys.privateKey),
    await sign('RS256', keys.privateKey, { exp: undefined }),
    await sign('RS256', keys.privateKey, { sub: undefined }),
    'a.b',
    'a.b.c.d',
    `${'a'.repeat(20_000)}.b.c`,
  ];
  for (const token of bad)
    assert.match(await hintOf(verifyToken(keys.publicKey, token, now)), /^the token is not valid/);
});

test('an account that is too large for a token is refused', async () => {
  const metadata = { k: 'x'.repeat(20_000) };
  const error = await signToken(keys, { account: { ...account, metadata }, expiry, generation: undefined }).catch(
    (e) => e,
  );
  assert.match(error.detail, /tokenCharsMax/);
});

test('keys are made once, private, and kept as base64 of a PEM', async () => {
  const again = await loadKeys(folder);
  assert.is(again.id, keys.id);
  const file = join(folder, 'id_rsa');
  assert.is(statSync(file).mode & 0o777, 0o600);
  assert.match(Buffer.from(readFileSync(file, 'utf8'), 'base64').toString(), /^-----BEGIN RSA PRIVATE KEY-----/);
  assert.match(Buffer.from(readFileSync(`${file}.pub`, 'utf8'), 'base64').toString(), /^-----BEGIN PUBLIC KEY-----/);
});

test('a damaged key file is named and left as it is', async () => {
  const file = join(folder, 'bad', 'id_rsa');
  const bad = mkdtempSync(join(folder, 'bad-'));
  writeFileSync(join(bad, 'id_rsa'), 'nonsense');
  const error = await loadKeys(bad).catch((e: unknown) => e);
  assert.match(String(error), /id_rsa holds no RSA private key/, file);
  assert.is(readFileSync(join(bad, 'id_rsa'), 'utf8'), 'nonsense');
});

test('keys are read as PEM and as base64, RSA of 2048 bits or more only', () => {
  const pem = (bits: number): string =>
    generateKeyPairSync('rsa', { modulusLength: bits }).privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const good = pem(3072);
  assert.is(parsePrivateKey(good, 'x').id, parsePrivateKey(Buffer.from(good).toString('base64'), 'x').id);
  assert.throws(() => parsePrivateKey(pem(1024), 'x'), /1024 bits/);
  const { privateKey } = generateKeyPairSync('ed25519');
  assert.throws(() => parsePrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'x'), /ed25519/);
});

test.run();
