/** ~/.micro/tokens: one login per line, `micro://ADDRESS/NAMESPACE/ID:BASE64(JSON)` (cli.md 1.4). Owns the format; decides nothing about logins. */

import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';

import type { Token } from '../contract/auth.ts';
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
  /** Whether a line that cannot be read is its own, or may have been: one of no known form is anybody's. */
  damaged(key: LoginKey): boolean;
  set(key: LoginKey, token: Token): Promise<void>;
  delete(key: LoginKey): Promise<void>;
}

export const openTokensFile = (fileOf: () => string): TokensFile => ({
  get file() {
    return fileOf();
  },
  get: (key) => {
    const payload = linesOf(readIfThere(fileOf())).find((line) => line.key === keyText(key))?.payload;
    return payload === undefined ? undefined : parsePayload(payload);
  },
  damaged: (key) => {
    const text = readIfThere(fileOf());
    const own = linesOf(text).find((line) => line.key === keyText(key));
    if (own !== undefined) return parsePayload(own.payload) === undefined;
    return text.split('\n').some((line) => line.trim() !== '' && !line.startsWith('micro://'));
  },
  set: (key, token) =>
    updateFile(fileOf(), (text = '') => [...without(text, key), `${keyText(key)}:${payloadOf(token)}`, ''].join('\n')),
  delete: (key) => updateFile(fileOf(), (text = '') => [...without(text, key), ''].join('\n').replace(/^\n$/, '')),
});

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
    return readFileSync(file, 'utf8');
  } catch (e) {
    if (e instanceof Error && 'code' in e && e.code === 'ENOENT') return '';
    throw e;
  }
};

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
