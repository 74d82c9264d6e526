/** Checks what a caller wants as an account or a rule before it is stored. Pure; texts are v3's where it has one (wire.md 5.3, 5.5). */

import { randomUUID } from 'node:crypto';

import { isNamespaceName } from '../../../../internal/auth/namespace-name.ts';
import type { Passwords } from '../../../../internal/auth/passwords.ts';
import type { Account, NewAccount, Rule } from '../../../../internal/contract/auth.ts';
import { badRequest } from '../../../../internal/contract/error.ts';
import {
  accountBytesMax,
  accountIdCharsMax,
  namespaceCharsMax,
  secretCharsMax,
} from '../../../../internal/contract/limits.ts';
import type { StoredAccount } from './account-table.ts';

/** The account with its defaults filled in and its secret; `created` (unix seconds) goes into the metadata. */
export const accountFrom = (
  wish: NewAccount,
  issuer: string,
  created: number,
): Account & { readonly secret: string } => {
  const at = 'auth.Auth.Generate';
  if (wish.id === '') throw badRequest(at, 'ID required');
  const name = wish.name || wish.id;
  requireText(at, 'ID', wish.id, accountIdCharsMax, 'accountIdCharsMax');
  requireText(at, 'name', name, accountIdCharsMax, 'accountIdCharsMax');
  const account = {
    id: wish.id,
    type: wish.type || 'user',
    issuer,
    metadata: { ...wish.metadata, created: String(created) },
    scopes: wish.scopes ?? [],
    name,
  };
  if (JSON.stringify(account).length > accountBytesMax)
    throw badRequest(at, `the account is larger than accountBytesMax (${accountBytesMax})`);
  return { ...account, secret: secretFrom(at, wish.secret || randomUUID()) };
};

/** A secret that may be stored. */
export const secretFrom = (at: string, secret: string): string => {
  if (secret.length > secretCharsMax)
    throw badRequest(at, `the secret is longer than secretCharsMax (${secretCharsMax})`);
  return secret;
};

export const requireNamespace = (at: string, namespace: string): string => {
  requireText(at, 'namespace', namespace, namespaceCharsMax, 'namespaceCharsMax');
  if (!isNamespaceName(namespace)) throw badRequest(at, 'namespace is * or holds blanks');
  return namespace;
};

/** A rule that may be stored. */
export const requireRule = (rule: Rule): void => {
  const at = 'auth.Rules.Create';
  if (rule.id === '') throw badRequest(at, 'ID missing');
  const { type, name, endpoint } = rule.resource;
  for (const [what, text] of Object.entries({ ID: rule.id, type, name, endpoint }))
    requireText(at, what, text, accountIdCharsMax, 'accountIdCharsMax');
  if (rule.scope !== '') requireText(at, 'scope', rule.scope, accountIdCharsMax, 'accountIdCharsMax');
  if (!Number.isInteger(rule.priority) || Math.abs(rule.priority) > 2 ** 31 - 1)
    throw badRequest(at, `priority is no 32-bit integer: ${rule.priority}`);
};

/** Ids travel in headers, in store keys and in lines of the tokens file. */
const requireText = (at: string, what: string, text: string, max: number, limit: string): void => {
  if (text === '' || text.trim() !== text || /\p{Cc}/u.test(text))
    throw badRequest(at, `${what} is blank, or begins or ends with blanks, or holds control characters`);
  if (text.length > max) throw badRequest(at, `${what} is longer than ${limit} (${max})`);
};

/** As it is kept: the secret as a hash that is slow to guess at. */
export const storedFrom = async (
  passwords: Passwords,
  made: Account & { readonly secret: string },
): Promise<StoredAccount> => {
  return withoutSecret(made, await passwords.hash(made.secret));
};

/** The same with a hash that was made elsewhere. */
export const withoutSecret = (made: Account & { readonly secret: string }, hash: string): StoredAccount => {
  const { secret: _, ...account } = made;
  return { account, hash, generation: randomUUID() };
};
