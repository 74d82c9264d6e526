/** Reads the authorization header (wire.md 3.2, 5.7). Owns the two schemes and their texts; does not check tokens. */

import { Buffer } from 'node:buffer';

import { tokenCharsMax } from '../contract/limits.ts';

/** What a header says: nothing, a token, or something that v3 answers with 401 and this text. */
export type Authorization =
  | { readonly kind: 'none' }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'malformed'; readonly detail: string };

const none: Authorization = { kind: 'none' };
const malformed = (rest: string): Authorization => ({
  kind: 'malformed',
  detail: `invalid authorization header. ${rest}`,
});
const base64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/** What recent headers said: a caller sends the same one with every call, and the same token text is found quicker than an equal one. */
const remembered = new Map<string, Authorization>();
const rememberedMax = 1_024;
const rememberedCharsMax = 4_096;

/** `Bearer TOKEN`, or `Basic` whose password part is the token. An empty header or token counts as none. */
export const parseAuthorization = (header: string | undefined): Authorization => {
  if (header === undefined) return none;
  const known = remembered.get(header);
  if (known !== undefined) return known;
  const parsed = parse(header.trim());
  if (header.length > rememberedCharsMax) return parsed;
  if (remembered.size >= rememberedMax) remembered.clear();
  remembered.set(header, parsed);
  return parsed;
};

const parse = (text: string): Authorization => {
  if (text === '') return none;
  if (text.length > 2 * tokenCharsMax) return malformed('Longer than tokenCharsMax');
  const [scheme = '', ...rest] = text.split(' ');
  const value = rest.join(' ').trim();
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return value === '' ? none : { kind: 'token', token: value };
    case 'basic':
      return parseBasic(value);
    default:
      return malformed('Expected Bearer or Basic schema');
  }
};

const parseBasic = (value: string): Authorization => {
  const incorrect = malformed('Incorrect format');
  if (!base64.test(value)) return incorrect;
  const pair = Buffer.from(value, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon < 0) return incorrect;
  const token = pair.slice(colon + 1);
  return token === '' ? none : { kind: 'token', token };
};

/** The token alone; undefined when there is none or the header cannot be read. */
export const tokenOf = (header: string | undefined): string | undefined => {
  const authorization = parseAuthorization(header);
  return authorization.kind === 'token' ? authorization.token : undefined;
};
