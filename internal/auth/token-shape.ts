/** What every holder of a token can say about it without a key: its shape, and v3's one error for a bad one. Light: loads no JWT library. */

import { Buffer } from 'node:buffer';

import type { Problem } from '../contract/denial.ts';
import { badRequest, type MicroError } from '../contract/error.ts';
import { tokenCharsMax } from '../contract/limits.ts';
import { formatDuration } from '../time/duration.ts';

const jwtShape = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Three non-empty base64url parts: what v3's clients take for an access token. */
export const isJwtShaped = (text: string): boolean => text.length <= tokenCharsMax && jwtShape.test(text);

/** `exp` as it stands in the token, in milliseconds; infinity where none can be read. Whether it is true only the holder of the key can say. */
export const claimedExpiryMs = (token: string): number => {
  const exp = fieldOf(token.split('.')[1], 'exp');
  return typeof exp === 'number' ? exp * 1_000 : Number.POSITIVE_INFINITY;
};

/** A field of a part of a token; undefined where none can be read. */
export const fieldOf = (part: string | undefined, name: string): unknown => {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  } catch {
    // Not for us to judge: the server will refuse it.
    return undefined;
  }
};

/** v3's one error for everything that is wrong with a token; Go services match its text. The problem says what it was. */
export const invalidToken = (problem: Problem, o: { cause?: unknown; id?: string } = {}): MicroError =>
  badRequest(o.id ?? 'auth.Auth.Inspect', invalidTokenDetail, { ...problem, cause: o.cause });

export const invalidTokenDetail = 'invalid token provided';

export const notJwt: Problem = {
  reason: 'invalid_token',
  hint: 'the token is not valid, it is not a JWT: micro login',
};

/** `expiry` in unix seconds, `now` in milliseconds. */
export const expired = (expiry: number, now: number): Problem => ({
  reason: 'expired_token',
  hint: `the token expired ${formatDuration(Math.max(0, Math.floor(now / 1_000) - expiry) * 1_000)} ago; get a new one`,
  server_time: Math.floor(now / 1_000),
});
