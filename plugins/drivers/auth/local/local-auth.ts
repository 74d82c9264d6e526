/** The auth driver that holds the key: accounts, passwords, tokens and rules over the store. Who may call what is services/auth's business. */

import { randomUUID } from 'node:crypto';

import { createAuthListeners } from '../../../../internal/auth/auth-listeners.ts';
import type { Auth } from '../../../../internal/contract/auth.ts';
import type { Running } from '../../../../internal/contract/plugin.ts';
import { changeSecret, deleteAccount, generateAccount, listAccounts } from './change-accounts.ts';
import { type ExposedAdmin, type ExposedAdminOptions, openExposedAdmin } from './exposed-admin.ts';
import { grantToken } from './grant-token.ts';
import { createLocalAdminFile, type LocalAdminFile, localAdminAccount } from './local-admin-file.ts';
import { requireRule } from './new-account.ts';
import { adminWith, buildParts, type Context, namespaceOf, type Parts } from './parts.ts';

export const create = (ctx: Context): Auth & Running => {
  let parts: Parts | undefined;
  let localAdmin: LocalAdminFile | undefined;
  let exposedAdmin: ExposedAdmin | undefined;
  const listeners = createAuthListeners();
  const started = (): Parts => {
    if (parts === undefined) throw new Error('drivers/auth/local has not been started');
    return parts;
  };
  return {
    async start() {
      const localGeneration = `local-${randomUUID()}`;
      parts = await buildParts(ctx, { localGeneration, tell: listeners.tell });
      if (ctx.config.exposed) exposedAdmin = await openExposedAdmin(exposedOptions(ctx, parts));
      if (!ctx.config.local_admin) return;
      const { tokens } = parts;
      const issue = (expiry: number): Promise<string> =>
        tokens.issue({ account: localAdminAccount, expiry, generation: localGeneration });
      localAdmin = createLocalAdminFile({ folder: ctx.dataDir, log: ctx.log, now: ctx.now, issue });
      await localAdmin.start();
    },
    async stop() {
      await localAdmin?.stop();
      await exposedAdmin?.stop();
    },
    notices: () => exposedAdmin?.notices() ?? [],
    changes: listeners.add,
    vouch: (remote) => started().vouching.vouch(remote),
    known: {
      account: (token) => parts?.tokens.known(token)?.account,
      rules: (namespace) => parts?.rules.known(namespace),
    },
    generate: async (wish, o) => generateAccount(started(), wish, o),
    inspect: async (token, o) => {
      const { tokens } = started();
      return (await (o?.pastExpiry ? tokens.verifyPastExpiry(token) : tokens.verify(token))).account;
    },
    token: async (request, o) => grantToken(started(), request, o),
    accounts: async (o) => listAccounts(started(), o),
    deleteAccount: async (id, o) => deleteAccount(started(), id, o),
    changeSecret: async (id, secrets, o) => changeSecret(started(), id, secrets, o),
    rules: async (o) => started().rules.list(namespaceOf(o, 'auth.Rules.List')),
    async createRule(rule, o) {
      requireRule(rule);
      const { inTurn, rules } = started();
      await inTurn(() => rules.create(namespaceOf(o, 'auth.Rules.Create'), rule));
    },
    keys: {
      list: async () => started().keys.list(),
      rotate: async (o) => {
        await rotateKeys(started(), o?.endOldTokens ?? false);
        await localAdmin?.renew();
        return started().keys.list();
      },
    },
    async deleteRule(id, o) {
      const { inTurn, rules } = started();
      await inTurn(() => rules.remove(namespaceOf(o, 'auth.Rules.Delete'), id));
    },
  };
};

const rotateKeys = ({ keys, tokens, inTurn, tell }: Parts, endOldTokens: boolean): Promise<void> =>
  inTurn(async () => {
    await keys.rotate({ endOldTokens });
    if (!endOldTokens) return;
    tokens.endAll();
    tell({ kind: 'missed' });
  });

const exposedOptions = ({ config }: Context, { accounts, passwords, now }: Parts): ExposedAdminOptions => ({
  accounts,
  passwords,
  disabled: config.disable_admin,
  secret: config.admin_secret,
  make: (secret) => adminWith(secret, passwords, now),
});
