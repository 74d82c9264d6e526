/** Tests of signing and verifying: time, forged headers and claims, other keys, and texts as another JWT library makes and reads them. */

import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import * as assert from 'uvu/assert';

import { type Forge, hostileTokens, lastExpiry, openForge } from '../../test/support/hostile-tokens.ts';
import { issueCertificate } from '../../test/support/issue-certificate.ts';
import { suite } from '../../test/support/suite.ts';
import { isMicroError } from '../contract/error.ts';
import { tokenClockSkewMs } from '../contract/limits.ts';
import { type KeyPair, makeKeys, parsePrivateKey, parsePublicKey } from './keys.ts';
import { signToken, verifyToken } from './tokens.ts';

const test = suite('tokens');
const now = 1_700_000_000_000;
const seconds = now / 1_000;
const expiry = seconds + 60;
const account = { id: 'bob', type: 'user', issuer: 'foo', metadata: { k: 'v' }, scopes: ['a'], name: '' };

let keys: KeyPair;
let former: KeyPair;
let foreign: KeyPair;
test.before(async () => {
  [keys, former, foreign] = await Promise.all([makeKeys(), makeKeys(), makeKeys()]);
});

const verify = (token: string, at = now) => verifyToken([keys, former], token, at);

interface Refusal {
  readonly reason: string | undefined;
  readonly hint: string;
}

const refusalOf = (work: () => unknown): Refusal | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!isMicroError(error)) throw error;
    assert.equal([error.code, error.detail], [400, 'invalid token provided']);
    return { reason: error.reason, hint: error.hint ?? '' };
  }
};

test('a token gives its account back, the name filled in', async () => {
  const signed = verify(await signToken(keys, { account, expiry, generation: 'g' }));
  assert.equal({ ...signed.account, metadata: { ...signed.account.metadata } }, { ...account, name: 'bob' });
  assert.is(signed.expiry, expiry);
  assert.is(signed.generation, 'g');
});

test('another library reads what is signed here, and the other way round', async () => {
  const token = await signToken(keys, { account, expiry, generation: undefined });
  const read = await jwtVerify(token, keys.publicKey, { algorithms: ['RS256'], currentDate: new Date(now) });
  assert.equal(read.payload, {
    type: 'user',
    scopes: ['a'],
    metadata: { k: 'v' },
    name: 'bob',
    sub: 'bob',
    iss: 'foo',
    exp: expiry,
  });
  assert.equal(decodeProtectedHeader(token), { alg: 'RS256', typ: 'JWT', kid: keys.id });
  const { id, name, type, scopes } = verify(await signed()).account;
  assert.equal({ id, name, type, scopes }, { id: 'bob', name: 'bob', type: '', scopes: [] }, 'the name is the id');
});

test('a token ends at its second', async () => {
  const token = await signToken(keys, { account, expiry, generation: undefined });
  verify(token, expiry * 1_000 - 1);
  assert.is(refusalOf(() => verify(token, expiry * 1_000))?.reason, 'expired_token');
  assert.equal(
    refusalOf(() => verify(token, expiry * 1_000 + 1_000)),
    { reason: 'expired_token', hint: 'the token expired 1s ago; get a new one' },
  );
});

test('former keys verify too, by name or, as for tokens of v3, without one', async () => {
  assert.is(verify(await signToken(former, { account, expiry, generation: undefined })).account.id, 'bob');
  for (const pair of [keys, former])
    assert.is(verify(await signed({}, { header: { kid: undefined }, key: pair.privateKey })).account.id, 'bob');
});

const claims = { sub: 'bob', iss: 'foo', exp: expiry };

const forger = () => ({ ours: keys, foreign, claims, now: seconds });
const signed: Forge['signed'] = (...args) => openForge(forger()).signed(...args);
const rawSigned: Forge['rawSigned'] = (...args) => openForge(forger()).rawSigned(...args);

test('refuses every hostile token, with its reason', async () => {
  const hostile = { nothing: ['invalid_token', ''] as const, ...(await hostileTokens(forger())) };
  const reasons = Object.entries(hostile).map(([name, [, token]]) => [name, refusalOf(() => verify(token))?.reason]);
  assert.equal(
    Object.fromEntries(reasons),
    Object.fromEntries(Object.entries(hostile).map(([name, [reason]]) => [name, reason])),
  );
});

test('what is nearly refused passes', async () => {
  const soon = seconds + tokenClockSkewMs / 1_000;
  for (const more of [
    { nbf: soon, iat: soon },
    { exp: lastExpiry(seconds) },
    { scopes: null, metadata: null },
    { iss: 'a/b-c' },
  ])
    assert.is(verify(await signed(more)).account.id, 'bob', JSON.stringify(more));
  assert.is(verify(rawSigned({ alg: 'RS256', kid: keys.id }, claims)).account.id, 'bob', 'no type');
});

test('one changed bit anywhere is noticed', async () => {
  const token = await signToken(keys, { account, expiry, generation: 'g' });
  for (let at = 0; at < token.length; at += 7) {
    const char = token[at] === 'A' ? 'B' : 'A';
    assert.ok(
      refusalOf(() => verify(token.slice(0, at) + char + token.slice(at + 1))),
      `character ${at}`,
    );
  }
});

test('an account that is too large for a token is refused', async () => {
  const metadata = { k: 'x'.repeat(20_000) };
  const error = await signToken(keys, { account: { ...account, metadata }, expiry, generation: undefined }).catch(
    (e) => e,
  );
  assert.match(error.detail, /tokenCharsMax/);
});

test('a public key may come in a certificate', async () => {
  const { cert, key } = await issueCertificate('micro', { rsa: true });
  const { id } = parsePrivateKey(key, 'x');
  assert.is(parsePublicKey(cert, 'x').id, id);
  assert.is(parsePublicKey(Buffer.from(cert).toString('base64'), 'x').id, id);
});

test('keys are read as PEM and as base64, RSA of 2048 bits or more only', () => {
  const pem = (bits: number): string =>
    generateKeyPairSync('rsa', { modulusLength: bits }).privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const good = pem(3072);
  const pair = parsePrivateKey(good, 'x');
  assert.is(pair.id, parsePrivateKey(Buffer.from(good).toString('base64'), 'x').id);
  assert.is(pair.id, parsePublicKey(pair.publicText, 'x').id);
  assert.is(pair.id, parsePublicKey(createPublicKey(good).export({ type: 'spki', format: 'pem' }).toString(), 'x').id);
  assert.throws(() => parsePrivateKey(pem(1024), 'x'), /1024 bits/);
  assert.throws(() => parsePrivateKey('nonsense', 'x'), /x holds no RSA private key/);
  assert.throws(() => parsePublicKey('nonsense', 'x'), /x holds no RSA public key/);
  const { privateKey } = generateKeyPairSync('ed25519');
  assert.throws(() => parsePrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'x'), /ed25519/);
});

test.run();
