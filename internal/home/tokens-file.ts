/** ~/.micro/tokens: one login per line, `micro://ADDRESS/NAMESPACE/ID:BASE64(JSON)` (cli.md 1.4). Owns the format; decides nothing about logins. */

import { Buffer } from 'node:buffer';
import { readFileSync, statSync } from 'node:fs';

import type { Token } from '../contract/auth.ts';
import { ExitError } from '../contract/error.ts';
import { homeFileBytesMax } from '../contract/limits.ts';
import { updateFile } from './update-file.ts';

/** A login is kept per address (as the environment stores it), namespace and account. */
export interface LoginKey {
  readonly address: string;
  readonly namespace: string;
  readonly id: string;
}

export interface TokensFile {
  readonly file: string;
  /** Undefined when there is none, or when its line is damaged. */
  get(key: LoginKey): Token | undefined;
  /** Accounts that have a line at this address and namespace. */
  ids(at: Omit<LoginKey, 'id'>): readonly string[];
  /** Whether a line that cannot be read is its own, or may have been: one of no known form is anybody's. */
  damaged(key: LoginKey): boolean;
  /** `instead` loses its line in the same rewrite. */
  set(key: LoginKey, token: Token, o?: { readonly instead?: LoginKey }): Promise<void>;
  /**
   * Writes `next` where `used` still stands, and tells what stands there afterwards: what another process wrote meanwhile is newer
   * and stays, and a login that was ended meanwhile (undefined) is not brought back.
   */
  renew(key: LoginKey, tokens: { readonly used: Token; readonly next: Token }): Promise<Token | undefined>;
  delete(key: LoginKey): Promise<void>;
}

export const openTokensFile = (fileOf: () => string): TokensFile => ({
  get file() {
    return fileOf();
  },
  get: (key) => tokenOf(readIfThere(fileOf()), key),
  ids: (at) => {
    const start = keyText({ ...at, id: '' });
    const own = linesOf(readIfThere(fileOf())).filter(({ key }) => key.startsWith(start) && key !== start);
    return [...new Set(own.map(({ key }) => key.slice(start.length)))];
  },
  damaged: (key) => {
    const text = readIfThere(fileOf());
    const own = linesOf(text).find((line) => line.key === keyText(key));
    if (own !== undefined) return parsePayload(own.payload) === undefined;
    return text.split('\n').some((line) => line.trim() !== '' && !line.startsWith('micro://'));
  },
  set: (key, token, { instead } = {}) =>
    updateFile(fileOf(), (text = '') =>
      withLine(instead === undefined ? text : withoutLine(text, instead), key, token),
    ),
  renew: async (key, { used, next }) => {
    let present: Token | undefined;
    await updateFile(fileOf(), (text = '') => {
      present = tokenOf(text, key);
      if (present === undefined || !isSame(present, used)) return text;
      present = next;
      return withLine(text, key, next);
    });
    return present;
  },
  delete: (key) => updateFile(fileOf(), (text = '') => withoutLine(text, key)),
});

const tokenOf = (text: string, key: LoginKey): Token | undefined => {
  const payload = linesOf(text).find((line) => line.key === keyText(key))?.payload;
  return payload === undefined ? undefined : parsePayload(payload);
};

const isSame = (a: Token, b: Token): boolean => a.accessToken === b.accessToken && a.refreshToken === b.refreshToken;

const withLine = (text: string, key: LoginKey, token: Token): string =>
  [...without(text, key), `${keyText(key)}:${payloadOf(token)}`, ''].join('\n');

const withoutLine = (text: string, key: LoginKey): string => [...without(text, key), ''].join('\n').replace(/^\n$/, '');

const keyText = (key: LoginKey): string => `micro://${key.address}/${key.namespace}/${key.id}`;

interface Line {
  readonly key: string;
  readonly payload: string;
}

/** Addresses hold `:` too, so the payload is what follows the last one. Lines of another form are left out. */
const linesOf = (text: string): readonly Line[] =>
  text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line.split(':').length >= 3)
    .map((line) => ({ key: lineKey(line), payload: line.slice(line.lastIndexOf(':') + 1) }));

const lineKey = (line: string): string => line.slice(0, line.lastIndexOf(':'));

/** Every other line as it stands: what this version cannot read, another may. */
const without = (text: string, key: LoginKey): readonly string[] =>
  text.split('\n').filter((line) => line.trim() !== '' && lineKey(line) !== keyText(key));

const readIfThere = (file: string): string => {
  try {
    if (statSync(file).size > homeFileBytesMax)
      throw new ExitError(`${file} is larger than homeFileBytesMax (${homeFileBytesMax})`, 1, { hint: wayOut(file) });
    return readFileSync(file, 'utf8');
  } catch (e) {
    if (e instanceof ExitError) throw e;
    if (e instanceof Error && 'code' in e && e.code === 'ENOENT') return '';
    const reason = e instanceof Error ? e.message : String(e);
    throw new ExitError(`cannot read ${file}: ${reason}`, 1, { cause: e, hint: wayOut(file) });
  }
};

const wayOut = (file: string): string => `move it away and log in again: mv ${file} ${file}.bad`;

const payloadOf = (token: Token): string =>
  Buffer.from(
    JSON.stringify({
      access_token: token.accessToken,
      refresh_token: token.refreshToken,
      created: token.created,
      expiry: token.expiry,
    }),
  ).toString('base64');

/** A damaged line is as good as no login: the next one replaces it. */
const parsePayload = (payload: string): Token | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(payload, 'base64').toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { access_token, refresh_token, created, expiry } = value as Record<string, unknown>;
  if (typeof access_token !== 'string' || typeof refresh_token !== 'string' || typeof expiry !== 'number')
    return undefined;
  return {
    accessToken: access_token,
    refreshToken: refresh_token,
    created: typeof created === 'number' ? created : 0,
    expiry,
  };
};
