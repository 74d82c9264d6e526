/** What the driver is made of, once it has started. Builds the parts and joins them; each one's work is its own business. */

import type { Buffer } from 'node:buffer';

import { knownAdmin } from '../../../../internal/auth/known-admin.ts';
import { parsePublicKey } from '../../../../internal/auth/keys.ts';
import { createPasswords, type Passwords } from '../../../../internal/auth/passwords.ts';
import { createVouching, openVouchingSecret, type Vouching } from '../../../../internal/auth/vouched-caller.ts';
import { sweepSecrets } from '../../../../internal/auth/write-secret.ts';
import type { AuthChange } from '../../../../internal/contract/auth-change.ts';
import type { CallOptions } from '../../../../internal/contract/call-options.ts';
import { defaultNamespace } from '../../../../internal/contract/core.ts';
import type { Logger } from '../../../../internal/contract/logger.ts';
import type { PluginContext } from '../../../../internal/contract/plugin.ts';
import { type AccountTable, createAccountTable, type StoredAccount } from './account-table.ts';
import { openAuthTable } from './auth-table.ts';
import { createDefaultAdmin, type DefaultAdmin } from './default-admin.ts';
import { createInTurn, type InTurn } from './in-turn.ts';
import { type KeyRing, openKeyRing } from './key-ring.ts';
import { createLoginLimits, type LoginLimits } from './login-limits.ts';
import { accountFrom, requireNamespace, storedFrom } from './new-account.ts';
import type { config, needs } from './plugin.ts';
import { createRefreshSecret } from './refresh-secret.ts';
import { createRefreshTable, type RefreshTable } from './refresh-table.ts';
import { createRuleTable, type RuleTable } from './rule-table.ts';
import { createTokenOffice, type TokenOffice } from './token-office.ts';

export type Context = PluginContext<typeof config, typeof needs>;

/** Nothing of it is there before the keys are. */
export interface Parts {
  readonly keys: KeyRing;
  readonly accounts: AccountTable;
  readonly rules: RuleTable;
  readonly refreshes: RefreshTable;
  readonly tokens: TokenOffice;
  readonly passwords: Passwords;
  readonly limits: LoginLimits;
  readonly vouching: Vouching;
  readonly admin: DefaultAdmin;
  /** Changes run one after the other, so that a check and the write after it belong together. */
  readonly inTurn: InTurn;
  /** A listener is off loopback. */
  readonly exposed: boolean;
  /** Tells whoever listens; what is told has happened. */
  tell(change: AuthChange): void;
  readonly log: Logger;
  readonly now: () => number;
}

export const buildParts = async (
  ctx: Context,
  { localGeneration, tell }: Pick<Parts, 'tell'> & { readonly localGeneration: string },
): Promise<Parts> => {
  requireSettings(ctx.config);
  const { now, dataDir: folder } = ctx;
  await sweepSecrets(folder);
  const text = ctx.config.private_key;
  const given = text ? { text, origin: 'MICRO_AUTH_PRIVATE_KEY' } : undefined;
  const keys = await openKeyRing({ folder, now, ...(given && { given }) });
  if (given) requireOwnHalf(ctx.config.public_key, keys);
  const table = openAuthTable(ctx.needs.store);
  const accounts = createAccountTable(table);
  const passwords = createPasswords({ work: ctx.config.password_work });
  const inTurn = createInTurn();
  return {
    keys,
    accounts,
    rules: createRuleTable(table, (namespace) => tell({ kind: 'rules', namespace })),
    refreshes: createRefreshTable({
      table,
      secret: createRefreshSecret(table),
      now,
      reused: (login) => ctx.log.warn('a used-up refresh token has ended its login', { ...login }),
    }),
    tokens: createTokenOffice({ keys, accounts, localGeneration, now }),
    passwords,
    admin: createDefaultAdmin({
      accounts,
      // Off loopback there is none unless its secret was given: after the first start nobody would see a new one.
      disabled: ctx.config.disable_admin || (ctx.config.exposed && ctx.config.admin_secret === undefined),
      make: () => adminWith(ctx.config.admin_secret ?? knownAdmin.secret, passwords, now),
    }),
    inTurn,
    exposed: ctx.config.exposed,
    limits: createLoginLimits({
      perAccount: { size: ctx.config.login_failures, refillMs: ctx.config.login_failure_pause },
      perAddress: { size: ctx.config.address_failures, refillMs: ctx.config.address_failure_pause },
      now,
      log: ctx.log,
    }),
    vouching: createVouching(now, await vouchingSecret(ctx)),
    tell,
    log: ctx.log,
    now,
  };
};

/** A limit that lets nobody in, or a hash that nothing checks, would lock the house. */
const requireSettings = (config: Context['config']): void => {
  const ranges = {
    login_failures: [0, 1_000_000],
    address_failures: [0, 1_000_000],
    login_failure_pause: [1, 86_400_000],
    address_failure_pause: [1, 86_400_000],
    password_work: [1, 16],
  } as const;
  for (const [name, [least, most]] of Object.entries(ranges)) {
    const value = config[name as keyof typeof ranges];
    if (!(value >= least && value <= most))
      throw new Error(`setting ${name} of drivers/auth/local is ${value}; it must be within ${least} and ${most}`);
  }
};

/** Without the file only this process can vouch for its callers. */
const vouchingSecret = async ({ dataDir, log }: Context): Promise<Buffer | undefined> => {
  try {
    return await openVouchingSecret(dataDir);
  } catch (e) {
    log.warn('gateways of other processes cannot say from where their callers come', { error: String(e) });
    return undefined;
  }
};

/** Whoever gives a public key wants tokens that it verifies. */
const requireOwnHalf = (text: string | undefined, keys: KeyRing): void => {
  if (!text || parsePublicKey(text, 'MICRO_AUTH_PUBLIC_KEY').id === keys.present.id) return;
  throw new Error(
    'MICRO_AUTH_PUBLIC_KEY does not belong to MICRO_AUTH_PRIVATE_KEY: give both of one pair, or only the private one',
  );
};

export const adminWith = (secret: string, passwords: Passwords, now: () => number): Promise<StoredAccount> =>
  storedFrom(
    passwords,
    accountFrom({ id: knownAdmin.id, scopes: ['admin'], secret }, defaultNamespace, seconds(now())),
  );

/** Unix seconds of milliseconds. */
export const seconds = (ms: number): number => Math.floor(ms / 1_000);

/** The namespace that a call is about. */
export const namespaceOf = (o: CallOptions | undefined, at: string): string =>
  requireNamespace(at, o?.namespace || defaultNamespace);
