/** Access tokens: RS256 JWTs with v3's claims (wire.md 5.2). Owns signing and verifying; knows no accounts store and no revocation. */

import type { KeyObject } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';

import type { Account } from '../contract/auth.ts';
import { badRequest } from '../contract/error.ts';
import { tokenCharsMax } from '../contract/limits.ts';
import type { KeyPair } from './keys.ts';
import { damaged, expired, invalidToken, isJwtShaped, notJwt } from './token-shape.ts';

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
  const token = await new SignJWT(claims).setProtectedHeader(header).sign(keys.privateKey);
  if (token.length > tokenCharsMax)
    throw badRequest('auth.Auth.Token', `the account does not fit into a token: tokenCharsMax (${tokenCharsMax})`);
  return token;
};

/** The account in a token. Throws badRequest `invalid token provided`, with the reason as hint. */
export const verifyToken = async (publicKey: KeyObject, token: string, now: number): Promise<SignedFor> => {
  if (!isJwtShaped(token)) throw invalidToken(notJwt);
  try {
    const { payload, protectedHeader } = await jwtVerify(token, publicKey, {
      algorithms: [algorithm],
      requiredClaims: ['sub', 'iss', 'exp'],
      currentDate: new Date(now),
    });
    return {
      account: accountOf(payload),
      expiry: payload.exp ?? 0,
      generation: typeof protectedHeader.gen === 'string' ? protectedHeader.gen : undefined,
    };
  } catch (e) {
    if (e instanceof errors.JWTExpired) throw invalidToken(expired(e.payload.exp ?? 0, now), { cause: e });
    throw invalidToken(damaged, { cause: e });
  }
};

const accountOf = (claims: Readonly<Record<string, unknown>>): Account => {
  const id = textOf(claims.sub);
  return {
    id,
    type: textOf(claims.type),
    issuer: textOf(claims.iss),
    metadata: textsOf(claims.metadata),
    scopes: Array.isArray(claims.scopes) ? claims.scopes.filter((s) => typeof s === 'string') : [],
    name: textOf(claims.name) || id,
  };
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const textsOf = (value: unknown): Readonly<Record<string, string>> => {
  const texts: Record<string, string> = Object.create(null);
  if (typeof value !== 'object' || value === null) return texts;
  for (const [key, text] of Object.entries(value)) if (typeof text === 'string') texts[key] = text;
  return texts;
};
