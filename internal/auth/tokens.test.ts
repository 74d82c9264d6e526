/** Tests of signing and verifying: time, forged headers and claims, other keys, and texts as another JWT library makes and reads them. */

import { createPublicKey, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import type { DenialReason } from '../contract/denial.ts';
import { isMicroError } from '../contract/error.ts';
import { tokenClockSkewMs, tokenExpirySecondsMax } from '../contract/limits.ts';
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
  assert.is(verify(await signed()).account.id, 'bob');
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

interface Signing {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: KeyObject | Uint8Array;
  readonly alg?: string;
}

const claims = { sub: 'bob', iss: 'foo', exp: expiry };

/** By another library, so that what is refused is refused for what it says. */
const signed = (more: Readonly<Record<string, unknown>> = {}, o: Signing = {}): Promise<string> => {
  const { alg = 'RS256', key = keys.privateKey, header = {} } = o;
  return new SignJWT({ ...claims, ...more })
    .setProtectedHeader({ alg, typ: 'JWT', kid: keys.id, ...header })
    .sign(key, { crit: { exp: true, b64: true } });
};

const partOf = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** Any texts at all, signed with the right key. */
const rawSigned = (head: unknown, body: unknown, key = keys.privateKey): string => {
  const text = `${partOf(head)}.${partOf(body)}`;
  return `${text}.${createSign('sha256').update(text).sign(key).toString('base64url')}`;
};

const header = (more: object = {}) => ({ alg: 'RS256', typ: 'JWT', kid: keys.id, ...more });
const publicPem = (): Uint8Array => Buffer.from(keys.publicKey.export({ type: 'spki', format: 'pem' }).toString());
const swapped = (token: string, at: number, part: string): string => token.split('.').with(at, part).join('.');
const evil = partOf({ ...claims, sub: 'root', exp: expiry });

/** Each is refused, and with this word. */
const hostile: Readonly<Record<string, [DenialReason, () => string | Promise<string>]>> = {
  'no text': ['invalid_token', () => ''],
  'two parts': ['invalid_token', () => 'a.b'],
  'four parts': ['invalid_token', () => 'a.b.c.d'],
  'five parts, as an encrypted one has': ['invalid_token', () => 'a.b.c.d.e'],
  'parts that are no JSON': ['invalid_token', () => 'a.b.c'],
  oversized: ['invalid_token', () => `${'a'.repeat(20_000)}.b.c`],
  'an array for claims': ['invalid_token', () => rawSigned(header(), [claims])],
  'a text for claims': ['invalid_token', () => rawSigned(header(), '"bob"')],
  'null for claims': ['invalid_token', () => rawSigned(header(), 'null')],
  'claims that are not UTF-8': [
    'invalid_token',
    async () => swapped(await signed(), 1, Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')),
  ],
  'padding behind the signature': ['invalid_token', async () => `${await signed()}==`],
  'a blank behind it': ['invalid_token', async () => `${await signed()} `],
  'the same signature in other characters': ['invalid_token', async () => otherSpelling(await signed())],

  'alg none without a signature': ['invalid_token', () => `${partOf({ alg: 'none' })}.${partOf(claims)}.`],
  'alg none with the signature': ['invalid_token', () => rawSigned(header({ alg: 'none' }), claims)],
  'alg NONE': ['invalid_token', () => rawSigned(header({ alg: 'NONE' }), claims)],
  'no alg': ['invalid_token', () => rawSigned({ typ: 'JWT' }, claims)],
  'alg in small letters': ['invalid_token', () => rawSigned(header({ alg: 'rs256' }), claims)],
  'a list of algs': ['invalid_token', () => rawSigned(header({ alg: ['RS256'] }), claims)],
  'HS256 with the public key for a secret': ['invalid_token', () => signed({}, { alg: 'HS256', key: publicPem() })],
  RS512: ['invalid_token', () => signed({}, { alg: 'RS512' })],
  PS256: ['invalid_token', () => signed({}, { alg: 'PS256' })],
  'another type': ['invalid_token', () => signed({}, { header: { typ: 'at+jwt' } })],
  'a type that is no text': ['invalid_token', () => rawSigned(header({ typ: 1 }), claims)],
  'crit that asks for what is known': ['invalid_token', () => signed({}, { header: { crit: ['exp'], exp: 1 } })],
  'a key of its own': ['invalid_token', () => withOwnKey('jwk', foreign.publicKey.export({ format: 'jwk' }))],
  'an address of keys': ['invalid_token', () => withOwnKey('jku', 'https://evil.example/keys')],
  'a certificate of its own': ['invalid_token', () => withOwnKey('x5c', ['MIIB'])],
  'an address of certificates': ['invalid_token', () => withOwnKey('x5u', 'https://evil.example/cert')],
  'a key id that is no text': ['invalid_token', () => rawSigned(header({ kid: 7 }), claims)],

  'changed claims': ['invalid_token', async () => swapped(await signed(), 1, evil)],
  'a changed header': ['invalid_token', async () => swapped(await signed(), 0, partOf(header({ gen: 'x' })))],
  'a cut signature': ['invalid_token', async () => (await signed()).slice(0, -8)],
  'a signature of zeros': ['invalid_token', async () => swapped(await signed(), 2, 'A'.repeat(342))],
  'our key id on the signature of another key': ['invalid_token', () => signed({}, { key: foreign.privateKey })],
  'a key this server does not have': [
    'wrong_environment',
    () => signed({}, { header: { kid: foreign.id }, key: foreign.privateKey }),
  ],
  'a key id that leads elsewhere': ['wrong_environment', () => signed({}, { header: { kid: '../../id_rsa' } })],
  'an empty key id': ['wrong_environment', () => signed({}, { header: { kid: '' } })],
  'a key this server does not have, unnamed as in v3': [
    'wrong_environment',
    () => signed({}, { header: { kid: undefined }, key: foreign.privateKey }),
  ],

  'no end': ['invalid_token', () => signed({ exp: undefined })],
  'an end that is a text': ['invalid_token', () => signed({ exp: String(expiry) })],
  'an endless life': ['invalid_token', () => rawSigned(header(), `{"sub":"bob","iss":"foo","exp":1e999}`)],
  'an end before all time': ['expired_token', () => signed({ exp: -1 })],
  expired: ['expired_token', () => signed({ exp: seconds - 1 })],
  'a longer life than any that is issued': ['invalid_token', () => signed({ exp: lifeMax + 1 })],
  'not before tomorrow': ['invalid_token', () => signed({ nbf: seconds + 86_400 })],
  'issued tomorrow': ['invalid_token', () => signed({ iat: seconds + 86_400 })],
  'issued at no time': ['invalid_token', () => signed({ iat: 'now' })],
  'no account': ['invalid_token', () => signed({ sub: undefined })],
  'an empty account': ['invalid_token', () => signed({ sub: '' })],
  'an account that is no text': ['invalid_token', () => signed({ sub: ['bob'] })],
  'no issuer': ['invalid_token', () => signed({ iss: undefined })],
  'every namespace as issuer': ['invalid_token', () => signed({ iss: '*' })],
  'a blank issuer': ['invalid_token', () => signed({ iss: ' ' })],
  'an issuer with a line break': ['invalid_token', () => signed({ iss: 'foo\nbar' })],
  'an issuer without end': ['invalid_token', () => signed({ iss: 'x'.repeat(300) })],
  'another audience': ['invalid_token', () => signed({ aud: 'other' })],
  'our name as audience': ['invalid_token', () => signed({ aud: 'micro' })],
  'an empty audience': ['invalid_token', () => signed({ aud: [] })],
};

const lifeMax = seconds + tokenExpirySecondsMax + tokenClockSkewMs / 1_000;

const withOwnKey = (name: string, value: unknown): Promise<string> =>
  signed({}, { header: { [name]: value, kid: undefined }, key: foreign.privateKey });

/** The last character of a 256-byte signature holds four bits that say nothing. */
const otherSpelling = (token: string): string => {
  const last = token.at(-1) ?? '';
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return token.slice(0, -1) + alphabet[alphabet.indexOf(last) + 1];
};

for (const [name, [reason, make]] of Object.entries(hostile))
  test(`refuses ${name}`, async () => {
    const token = await make();
    assert.is(refusalOf(() => verify(token))?.reason, reason);
  });

test('what is nearly refused passes', async () => {
  const soon = seconds + tokenClockSkewMs / 1_000;
  for (const more of [{ nbf: soon, iat: soon }, { exp: lifeMax }, { scopes: null, metadata: null }, { iss: 'a/b-c' }])
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
