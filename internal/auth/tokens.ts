/** Access tokens: RS256 JWTs with v3's claims (wire.md 5.2). Owns signing and verifying; knows no accounts store and no revocation. */

import type { Account } from '../contract/auth.ts';
import type { Problem } from '../contract/denial.ts';
import { badRequest } from '../contract/error.ts';
import { tokenCharsMax, tokenClockSkewMs, tokenExpirySecondsMax, unnamedKeysMax } from '../contract/limits.ts';
import { formatDuration } from '../time/duration.ts';
import { type JsonObject, type Jws, parseJws, signJws, verifyJws } from './jws.ts';
import type { KeyPair, VerifyKey } from './keys.ts';
import { isNamespaceName } from './namespace-name.ts';
import { expired, invalidToken, isJwtShaped, notJwt } from './token-shape.ts';

export interface SignedFor {
  readonly account: Account;
  /** Unix seconds. */
  readonly expiry: number;
  /** Which generation of the account it belongs to; travels in the header as `gen`, since v3's claims leave no room. */
  readonly generation: string | undefined;
}

const algorithm = 'RS256';

/** Exactly v3's claims, nothing more. Throws badRequest when the account is too large for a token. */
export const signToken = async (keys: KeyPair, o: SignedFor): Promise<string> => {
  const { account } = o;
  const claims = {
    type: account.type,
    scopes: account.scopes,
    metadata: account.metadata,
    name: account.name === '' ? account.id : account.name,
    sub: account.id,
    iss: account.issuer,
    exp: o.expiry,
  };
  const header = {
    alg: algorithm,
    typ: 'JWT',
    kid: keys.id,
    ...(o.generation === undefined ? {} : { gen: o.generation }),
  };
  const token = await signJws(header, claims, keys.privateKey);
  if (token.length > tokenCharsMax)
    throw badRequest('auth.Auth.Token', `the account does not fit into a token: tokenCharsMax (${tokenCharsMax})`);
  return token;
};

/**
 * The account in a token, if one of these keys has signed it; the first one is the present one. Throws badRequest `invalid token provided`,
 * with what is wrong as reason and hint.
 */
export const verifyToken = (keys: readonly VerifyKey[], token: string, now: number): SignedFor => {
  const jws = isJwtShaped(token) ? parseJws(token) : undefined;
  if (jws === undefined) throw invalidToken(notJwt);
  requireHeader(jws.header);
  requireSignature(jws, keys);
  return signedFor(jws, now);
};

const notValid = (why: string, more: Partial<Problem> = {}): Error =>
  invalidToken({ reason: 'invalid_token', hint: `the token is not valid: ${why}`, ...more });

/** A header may not choose how it is verified, nor by which key but by the name of one that is ours. */
const requireHeader = (header: JsonObject): void => {
  const { alg, typ, kid } = header;
  if (alg !== algorithm) throw notValid(`its algorithm is not ${algorithm}`);
  if (typ !== undefined && !(typeof typ === 'string' && typ.toLowerCase() === 'jwt'))
    throw notValid('it is not of type JWT');
  if (kid !== undefined && typeof kid !== 'string') throw notValid('its key id is no text');
  const foreign = ['crit', 'jwk', 'jku', 'x5c', 'x5u'].find((name) => Object.hasOwn(header, name));
  if (foreign !== undefined) throw notValid(`its header holds ${foreign}`);
};

/** v3's tokens name no key: the latest of ours are tried. */
const requireSignature = (jws: Jws, keys: readonly VerifyKey[]): void => {
  const { kid } = jws.header;
  const named = kid === undefined ? keys.slice(0, unnamedKeysMax) : keys.filter((key) => key.id === kid);
  if (named.some((key) => verifyJws(jws, key.publicKey))) return;
  if (kid !== undefined && named.length > 0)
    throw notValid('its signature does not fit, so it was damaged or changed: log in again');
  throw notValid('no key of this server has signed it, so it belongs to another server: log in to this one', {
    reason: 'wrong_environment',
  });
};

/** What a signed token says, once it says everything a token must and nothing that is not ours. */
const signedFor = ({ header, claims }: Jws, now: number): SignedFor => {
  const { sub, iss, aud } = claims;
  if (typeof sub !== 'string' || sub === '') throw notValid('it names no account');
  if (!isNamespaceName(iss)) throw notValid('its issuer is no namespace');
  if (aud !== undefined) throw notValid('it is meant for another audience');
  const expiry = requireTimes(claims, now);
  const generation = typeof header.gen === 'string' ? header.gen : undefined;
  return { account: accountOf(claims, sub, iss), expiry, generation };
};

/** The expiry of a token that has begun, has not ended, and does not live longer than any that is issued. */
const requireTimes = ({ exp, nbf, iat }: JsonObject, now: number): number => {
  for (const begins of [nbf, iat]) if (begins !== undefined) requireBegun(begins, now);
  if (typeof exp !== 'number' || !Number.isFinite(exp)) throw notValid('it has no end');
  if (exp * 1_000 <= now) throw invalidToken(expired(exp, now));
  if (exp * 1_000 > now + tokenExpirySecondsMax * 1_000 + tokenClockSkewMs)
    throw notValid(`it ends later than tokenExpirySecondsMax (${tokenExpirySecondsMax}) allows`);
  return exp;
};

const requireBegun = (begins: unknown, now: number): void => {
  if (typeof begins !== 'number' || !Number.isFinite(begins)) throw notValid('its beginning is no time');
  const aheadMs = begins * 1_000 - now;
  if (aheadMs <= tokenClockSkewMs) return;
  throw notValid(`it begins in ${formatDuration(aheadMs)}, so the clock of who made it may be ahead`, {
    server_time: Math.floor(now / 1_000),
  });
};

const accountOf = (claims: JsonObject, id: string, issuer: string): Account => ({
  id,
  type: textOf(claims.type),
  issuer,
  metadata: textsOf(claims.metadata),
  scopes: Array.isArray(claims.scopes) ? claims.scopes.filter((s) => typeof s === 'string') : [],
  name: textOf(claims.name) || id,
});

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const textsOf = (value: unknown): Readonly<Record<string, string>> => {
  const texts: Record<string, string> = Object.create(null);
  if (typeof value !== 'object' || value === null) return texts;
  for (const [key, text] of Object.entries(value)) if (typeof text === 'string') texts[key] = text;
  return texts;
};
