/** Accounts that come, are listed, change and go, and the tokens that end with them. Who may do so is services/auth's business. */

import { randomUUID } from 'node:crypto';

import type { EndedTokens } from '../../../../internal/contract/auth-change.ts';
import type { Account, Auth, LoginOptions, NewAccount } from '../../../../internal/contract/auth.ts';
import type { CallOptions } from '../../../../internal/contract/call-options.ts';
import { badRequest, conflict } from '../../../../internal/contract/error.ts';
import type { AccountTable, StoredAccount } from './account-table.ts';
import { refuseKnownSecret } from './exposed-admin.ts';
import { accountFrom, secretFrom, storedFrom, withoutSecret } from './new-account.ts';
import { namespaceOf, type Parts, seconds } from './parts.ts';
import { networkFrom, requireSecret } from './require-secret.ts';

/** The default admin comes first, also when the first account that somebody makes is a user: later it would not be made any more. */
export const generateAccount = async (
  p: Parts,
  wish: NewAccount,
  o: CallOptions | undefined,
): ReturnType<Auth['generate']> => {
  const namespace = namespaceOf(o, 'auth.Auth.Generate');
  const made = accountFrom(wish, namespace, seconds(p.now()));
  refuseKnownSecret({ ...p, at: 'auth.Auth.Generate', namespace, ids: [made.id, made.name], secret: wish.secret });
  await refuseTaken(p.accounts, made);
  const stored = wish.secret
    ? await storedFrom(p.passwords, made)
    : withoutSecret(made, p.passwords.hashRandom(made.secret));
  await p.inTurn(async () => {
    if (made.type === 'user') await p.admin.ensure(namespace);
    await refuseTaken(p.accounts, made);
    await p.accounts.put(stored);
  });
  return made;
};

/** Neither id nor name may be another account's id or name, else `id or name` would not name one account. */
const refuseTaken = async (accounts: AccountTable, { issuer, id, name }: Account): Promise<void> => {
  const holder = await accounts.find(issuer, id);
  if (holder !== undefined) throw badRequest('auth', 'Account with this ID already exists');
  if (name !== id && (await accounts.find(issuer, name)) !== undefined)
    throw badRequest('auth', 'Account with this Name already exists');
};

export const listAccounts = async (p: Parts, o: CallOptions | undefined): Promise<readonly Account[]> => {
  const namespace = namespaceOf(o, 'auth.Accounts.List');
  await p.inTurn(() => p.admin.ensure(namespace));
  return (await p.accounts.list(namespace)).map((stored) => stored.account);
};

export const deleteAccount = async (p: Parts, id: string, o: CallOptions | undefined): Promise<void> => {
  const at = 'auth.Accounts.Delete';
  if (id === '') throw badRequest(at, 'Missing ID');
  const namespace = namespaceOf(o, at);
  await p.inTurn(async () => {
    const stored = await p.accounts.find(namespace, id);
    if (stored === undefined) throw badRequest(at, 'Account not found with this ID');
    try {
      await p.accounts.remove(stored);
    } finally {
      p.admin.recheck();
      // Where the disk fails half-way the account may be gone all the same.
      if ((await p.accounts.byId(namespace, stored.account.id)) === undefined) endTokens(p, stored, 'ended_account');
    }
  });
};

export const changeSecret = async (
  p: Parts,
  id: string,
  secrets: { readonly oldSecret?: string; readonly newSecret: string },
  o: LoginOptions | undefined,
): Promise<void> => {
  const at = 'auth.Accounts.ChangeSecret';
  if (secrets.newSecret === '') throw badRequest(at, 'New secret should not be blank');
  const namespace = namespaceOf(o, at);
  await p.inTurn(() => p.admin.ensure(namespace));
  const { oldSecret } = secrets;
  const stored =
    oldSecret === undefined
      ? await p.accounts.find(namespace, id)
      : await requireSecret(p, { at, namespace, id, secret: oldSecret, network: networkFrom(p, o) });
  if (stored === undefined) throw badRequest(at, 'Account not found with this ID');
  const ids = [stored.account.id, stored.account.name];
  refuseKnownSecret({ ...p, at, namespace, ids, secret: secrets.newSecret });
  const hash = await p.passwords.hash(secretFrom(at, secrets.newSecret));
  await p.inTurn(async () => {
    const { account } = stored;
    const now = await p.accounts.byId(namespace, account.id);
    if (now?.generation !== stored.generation) throw conflict(at, `${account.id} was changed or deleted meanwhile`);
    await p.accounts.put({ account, hash, generation: randomUUID() });
    endTokens(p, stored, 'changed_secret');
  });
};

/** To be called once the account as stored has no such tokens any more. */
const endTokens = (p: Parts, { account, generation }: StoredAccount, reason: EndedTokens['reason']): void => {
  p.tokens.end(account);
  const { issuer: namespace, id } = account;
  p.tell({ kind: 'tokens', generation, reason, account: { namespace, id } });
};
