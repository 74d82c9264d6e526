/** What every holder of a token can say about it without a key: its shape, and v3's one error for a bad one. Light: loads no JWT library. */

import { badRequest, type MicroError } from '../contract/error.ts';
import { tokenCharsMax } from '../contract/limits.ts';

const jwtShape = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Three non-empty base64url parts: what v3's clients take for an access token. */
export const isJwtShaped = (text: string): boolean => text.length <= tokenCharsMax && jwtShape.test(text);

/** v3's one error for everything that is wrong with a token; Go services match its text. The hint says what it was. */
export const invalidToken = (hint: string, o: { cause?: unknown; id?: string } = {}): MicroError =>
  badRequest(o.id ?? 'auth.Auth.Inspect', 'invalid token provided', { hint, cause: o.cause });
