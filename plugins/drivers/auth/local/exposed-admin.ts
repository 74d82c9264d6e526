/**
 * The admin of a server that others can reach: never with the secret everybody knows, and on the first start with one of its own, shown once.
 * Owns the account until somebody was told its secret; the default admin of a server on loopback is default-admin.ts.
 */

import { randomInt } from 'node:crypto';

import { knownAdmin, knownAdminError } from '../../../../internal/auth/known-admin.ts';
import type { Passwords } from '../../../../internal/auth/passwords.ts';
import { defaultNamespace } from '../../../../internal/contract/core.ts';
import { badRequest, ExitError } from '../../../../internal/contract/error.ts';
import type { Notice } from '../../../../internal/contract/plugin.ts';
import type { AccountTable, StoredAccount } from './account-table.ts';

export interface ExposedAdmin {
  /** What is to be shown; once. */
  notices(): readonly Notice[];
  /** An account of which nobody was told goes again: the start failed. */
  stop(): Promise<void>;
}

export interface ExposedAdminOptions {
  readonly accounts: AccountTable;
  readonly passwords: Passwords;
  readonly disabled: boolean;
  /** MICRO_AUTH_ADMIN_SECRET. */
  readonly secret: string | undefined;
  /** The account admin with that secret, not stored. */
  make(secret: string): Promise<StoredAccount>;
}

/** Throws ExitError while the admin has the secret everybody knows. */
export const openExposedAdmin = async (o: ExposedAdminOptions): Promise<ExposedAdmin> => {
  const stored = await o.accounts.find(defaultNamespace, knownAdmin.id);
  if (stored !== undefined && (await o.passwords.verify(knownAdmin.secret, stored.hash)))
    throw knownAdminError('a listener');
  if (o.secret === knownAdmin.secret)
    throw new ExitError(
      `the secret in MICRO_AUTH_ADMIN_SECRET is ${knownAdmin.secret}, and a listener is off loopback`,
      1,
      {
        hint: 'choose a secret that nobody knows, or leave it out: then one is made and shown',
      },
    );
  const accounts = await o.accounts.list(defaultNamespace);
  if (o.disabled || accounts.some(({ account }) => account.type === 'user')) return nothingToSay;
  const secret = o.secret ?? readableSecret();
  const made = await o.make(secret);
  await o.accounts.put(made);
  if (o.secret !== undefined) return nothingToSay;
  let told = false;
  return {
    notices: () => {
      if (told) return [];
      told = true;
      const { id } = made.account;
      return [
        {
          name: 'admin',
          text: `account ${id}, secret ${secret} (shown only now: micro login, then micro user set password)`,
        },
      ];
    },
    stop: async () => {
      if (told) return;
      told = true;
      await o.accounts.remove(made);
    },
  };
};

const nothingToSay: ExposedAdmin = { notices: () => [], stop: async () => undefined };

/** No digit or letter that is taken for another. */
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
const groups = 5;
const groupChars = 4;

/** About 99 bits, to be typed from a screen: `k7mp-2qxd-h4wz-9rtb-c6nf`. */
const readableSecret = (): string =>
  Array.from({ length: groups }, () =>
    Array.from({ length: groupChars }, () => alphabet[randomInt(alphabet.length)]).join(''),
  ).join('-');

/** Throws badRequest when others can reach the server and the account would have the secret everybody knows. */
export const refuseKnownSecret = (o: {
  readonly exposed: boolean;
  readonly at: string;
  readonly namespace: string;
  readonly ids: readonly string[];
  readonly secret: string | undefined;
}): void => {
  if (!o.exposed || o.namespace !== defaultNamespace || !o.ids.includes(knownAdmin.id)) return;
  if (o.secret === knownAdmin.secret)
    throw badRequest(o.at, `not that secret: everybody knows it, and others can reach this server`);
};
