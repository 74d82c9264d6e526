/** The secret that refresh tokens are sealed with: kept beside the logins it serves, apart from the keys that sign access tokens. Owns its record. */

import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';

import { type AuthTable, textOf } from './auth-table.ts';

const key = 'refreshSecret';
const secretBytes = 32;

/** Reads the secret when it is first asked for, and makes it when there is none. One that is damaged is an error, and is never replaced. */
export const createRefreshSecret = (table: AuthTable): (() => Promise<Buffer>) => {
  let asked: Promise<Buffer> | undefined;
  return () => {
    asked ??= readOrMake(table).catch((e: unknown) => {
      asked = undefined;
      throw e;
    });
    return asked;
  };
};

const readOrMake = async (table: AuthTable): Promise<Buffer> => {
  const record = await table.read(key);
  if (record === undefined) {
    const made = randomBytes(secretBytes);
    await table.write(key, { secret: made.toString('base64') });
    return made;
  }
  const secret = Buffer.from(textOf(record.secret), 'base64');
  if (secret.length === secretBytes) return secret;
  throw new Error(`store record micro/auth ${key} holds no ${secretBytes} bytes as base64; without it all logins end`);
};
