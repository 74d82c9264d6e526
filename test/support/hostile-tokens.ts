/** Tokens that nobody may be taken in by, as data: each is signed, damaged or made up for one reason, and refused with one word. Another library signs, so that what is refused is refused for what it says. */

import { createSign, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';

import type { KeyPair } from '../../internal/auth/keys.ts';
import type { DenialReason } from '../../internal/contract/denial.ts';
import { tokenClockSkewMs, tokenExpirySecondsMax } from '../../internal/contract/limits.ts';

export interface Forger {
  /** The keys of the server that is to be fooled, and of another one. */
  readonly ours: KeyPair;
  readonly foreign: KeyPair;
  /** Claims that this server would believe. */
  readonly claims: JsonObject & { readonly exp: number };
  /** Unix seconds. */
  readonly now: number;
}

type JsonObject = Readonly<Record<string, unknown>>;

export interface Signing {
  readonly header?: JsonObject;
  readonly key?: KeyObject | Uint8Array;
  readonly alg?: string;
}

export interface Forge {
  /** A token with these changes to claims and header; without any, a good one. */
  signed(more?: JsonObject, o?: Signing): Promise<string>;
  /** Any texts or values at all, signed with the right key. */
  rawSigned(header: unknown, claims: unknown): string;
  header(more?: JsonObject): JsonObject;
}

export const openForge = ({ ours, claims }: Forger): Forge => ({
  signed: (more = {}, { alg = 'RS256', key = ours.privateKey, header = {} } = {}) =>
    new SignJWT({ ...claims, ...more })
      .setProtectedHeader({ alg, typ: 'JWT', kid: ours.id, ...header })
      .sign(key, { crit: { exp: true, b64: true } }),
  rawSigned: (header, body) => {
    const text = `${partOf(header)}.${partOf(body)}`;
    return `${text}.${createSign('sha256').update(text).sign(ours.privateKey).toString('base64url')}`;
  },
  header: (more = {}) => ({ alg: 'RS256', typ: 'JWT', kid: ours.id, ...more }),
});

/** The last second at which a token may end. */
export const lastExpiry = (now: number): number => now + tokenExpirySecondsMax + tokenClockSkewMs / 1_000;

const partOf = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

const swapped = (token: string, at: number, part: string): string => token.split('.').with(at, part).join('.');

/** The last character of a 256-byte signature holds four bits that say nothing. */
const otherSpelling = (token: string): string => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return token.slice(0, -1) + alphabet[alphabet.indexOf(token.at(-1) ?? '') + 1];
};

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

export type HostileTokens = Readonly<Record<string, readonly [DenialReason, string]>>;

/** By what is wrong with them. */
export const hostileTokens = async (forger: Forger): Promise<HostileTokens> => {
  const { ours, foreign, claims, now } = forger;
  const { signed, rawSigned, header } = openForge(forger);
  const good = await signed();
  const publicPem = Buffer.from(ours.publicKey.export({ type: 'spki', format: 'pem' }).toString());
  const evil = partOf({ ...claims, sub: 'root', scopes: ['admin'] });
  const twice = `{"sub":"root",${JSON.stringify(claims).slice(1)}`;
  const withOwnKey = (name: string, value: unknown): Promise<string> =>
    signed({}, { header: { [name]: value, kid: undefined }, key: foreign.privateKey });
  return {
    'two parts': ['invalid_token', 'a.b'],
    'four parts': ['invalid_token', 'a.b.c.d'],
    'five parts, as an encrypted one has': ['invalid_token', 'a.b.c.d.e'],
    'five parts around a good one': ['invalid_token', `${good}.b.c`],
    'parts that are no JSON': ['invalid_token', 'a.b.c'],
    'an empty part': ['invalid_token', swapped(good, 1, '')],
    'dots alone': ['invalid_token', '..'],
    oversized: ['invalid_token', `${'a'.repeat(20_000)}.b.c`],
    'a good one, oversized': ['invalid_token', rawSigned(header({ x: 'x'.repeat(20_000) }), claims)],
    'an array for claims': ['invalid_token', rawSigned(header(), [claims])],
    'a text for claims': ['invalid_token', rawSigned(header(), '"bob"')],
    'null for claims': ['invalid_token', rawSigned(header(), 'null')],
    'an array for a header': ['invalid_token', rawSigned([header()], claims)],
    'a header 5,000 deep': ['invalid_token', `${partOf(nested(5_000))}.${partOf(claims)}.AAAA`],
    'claims 5,000 deep': ['invalid_token', `${partOf(header())}.${partOf(`{"sub":${nested(5_000)}}`)}.AAAA`],
    'claims that are not UTF-8': [
      'invalid_token',
      swapped(good, 1, Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')),
    ],
    'a byte order mark': ['invalid_token', rawSigned(`\ufeff${JSON.stringify(header())}`, claims)],
    'padding behind the signature': ['invalid_token', `${good}==`],
    'a blank behind it': ['invalid_token', `${good} `],
    'a blank within': ['invalid_token', good.replace('.', '. ')],
    'a line break within': ['invalid_token', good.replace('.', '.\n')],
    'a NUL within': ['invalid_token', good.replace('.', '.\0')],
    'a NUL behind it': ['invalid_token', `${good}\0`],
    'letters of another alphabet': ['invalid_token', good.replace('e', 'е')],
    'full-width dots': ['invalid_token', good.replaceAll('.', '．')],
    'base64 in place of base64url': ['invalid_token', good.replace('.', '+.')],
    'the same signature in other characters': ['invalid_token', otherSpelling(good)],

    'alg none without a signature': ['invalid_token', `${partOf({ alg: 'none' })}.${partOf(claims)}.`],
    'alg none with the signature': ['invalid_token', rawSigned(header({ alg: 'none' }), claims)],
    'alg NONE': ['invalid_token', rawSigned(header({ alg: 'NONE' }), claims)],
    'no alg': ['invalid_token', rawSigned({ typ: 'JWT' }, claims)],
    'alg in small letters': ['invalid_token', rawSigned(header({ alg: 'rs256' }), claims)],
    'a list of algs': ['invalid_token', rawSigned(header({ alg: ['RS256'] }), claims)],
    'HS256 with the public key for a secret': ['invalid_token', await signed({}, { alg: 'HS256', key: publicPem })],
    'HS256 with the key id for a secret': [
      'invalid_token',
      await signed({}, { alg: 'HS256', key: Buffer.from(ours.id.padEnd(32, ' ')) }),
    ],
    RS384: ['invalid_token', await signed({}, { alg: 'RS384' })],
    RS512: ['invalid_token', await signed({}, { alg: 'RS512' })],
    PS256: ['invalid_token', await signed({}, { alg: 'PS256' })],
    'another type': ['invalid_token', await signed({}, { header: { typ: 'at+jwt' } })],
    'a type that is no text': ['invalid_token', rawSigned(header({ typ: 1 }), claims)],
    'crit that asks for what is known': ['invalid_token', await signed({}, { header: { crit: ['exp'], exp: 1 } })],
    'a key of its own': ['invalid_token', await withOwnKey('jwk', foreign.publicKey.export({ format: 'jwk' }))],
    'an address of keys': ['invalid_token', await withOwnKey('jku', 'https://evil.example/keys')],
    'a certificate of its own': ['invalid_token', await withOwnKey('x5c', ['MIIB'])],
    'an address of certificates': ['invalid_token', await withOwnKey('x5u', 'https://evil.example/cert')],
    'a key id that is no text': ['invalid_token', rawSigned(header({ kid: 7 }), claims)],

    'changed claims': ['invalid_token', swapped(good, 1, evil)],
    'claims said twice': ['invalid_token', swapped(good, 1, partOf(twice))],
    'a changed header': ['invalid_token', swapped(good, 0, partOf(header({ gen: 'x' })))],
    'a cut signature': ['invalid_token', good.slice(0, -8)],
    'a signature of zeros': ['invalid_token', swapped(good, 2, 'A'.repeat(342))],
    'our key id on the signature of another key': ['invalid_token', await signed({}, { key: foreign.privateKey })],
    'a key this server does not have': [
      'wrong_environment',
      await signed({}, { header: { kid: foreign.id }, key: foreign.privateKey }),
    ],
    'a key id that leads elsewhere': ['wrong_environment', await signed({}, { header: { kid: '../../id_rsa' } })],
    'a key id with a NUL': ['wrong_environment', await signed({}, { header: { kid: `${ours.id}\0` } })],
    'a key id that is a property of all objects': [
      'wrong_environment',
      await signed({}, { header: { kid: '__proto__' } }),
    ],
    'an empty key id': ['wrong_environment', await signed({}, { header: { kid: '' } })],
    'a key this server does not have, unnamed as in v3': [
      'wrong_environment',
      await signed({}, { header: { kid: undefined }, key: foreign.privateKey }),
    ],

    'no end': ['invalid_token', await signed({ exp: undefined })],
    'an end that is a text': ['invalid_token', await signed({ exp: String(claims.exp) })],
    'an endless life': [
      'invalid_token',
      rawSigned(header(), JSON.stringify(claims).replace(/"exp":\d+/, '"exp":1e999')),
    ],
    'an end before all time': ['expired_token', await signed({ exp: -1 })],
    expired: ['expired_token', await signed({ exp: now - 1 })],
    'a longer life than any that is issued': ['invalid_token', await signed({ exp: lastExpiry(now) + 60 })],
    'an end in milliseconds': ['invalid_token', await signed({ exp: claims.exp * 1_000 })],
    'not before tomorrow': ['invalid_token', await signed({ nbf: now + 86_400 })],
    'issued tomorrow': ['invalid_token', await signed({ iat: now + 86_400 })],
    'issued at no time': ['invalid_token', await signed({ iat: 'now' })],
    'no account': ['invalid_token', await signed({ sub: undefined })],
    'an empty account': ['invalid_token', await signed({ sub: '' })],
    'an account that is no text': ['invalid_token', await signed({ sub: ['bob'] })],
    'no issuer': ['invalid_token', await signed({ iss: undefined })],
    'every namespace as issuer': ['invalid_token', await signed({ iss: '*' })],
    'a blank issuer': ['invalid_token', await signed({ iss: ' ' })],
    'an issuer with a line break': ['invalid_token', await signed({ iss: 'foo\nbar' })],
    'an issuer without end': ['invalid_token', await signed({ iss: 'x'.repeat(300) })],
    'another audience': ['invalid_token', await signed({ aud: 'other' })],
    'our name as audience': ['invalid_token', await signed({ aud: 'micro' })],
    'an empty audience': ['invalid_token', await signed({ aud: [] })],
  };
};
