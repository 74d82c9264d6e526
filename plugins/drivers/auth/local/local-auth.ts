/** The auth driver that holds the key: accounts, passwords, tokens and rules over the store. Who may call what is services/auth's business. */

import { randomUUID } from 'node:crypto';

import { createAuthListeners } from '../../../../internal/auth/auth-listeners.ts';
import { knownAdmin } from '../../../../internal/auth/known-admin.ts';
import { parsePublicKey } from '../../../../internal/auth/keys.ts';
import { createPasswords, isBcrypt, type Passwords } from '../../../../internal/auth/passwords.ts';
import { invalidToken, invalidTokenDetail, isJwtShaped } from '../../../../internal/auth/token-shape.ts';
import { createVouching, type Vouching } from '../../../../internal/auth/vouched-caller.ts';
import type { AuthChange, EndedTokens } from '../../../../internal/contract/auth-change.ts';
import type {
  Account,
  Auth,
  LoginOptions,
  NewAccount,
  Token,
  TokenRequest,
} from '../../../../internal/contract/auth.ts';
import type { CallOptions } from '../../../../internal/contract/call-options.ts';
import { defaultNamespace } from '../../../../internal/contract/core.ts';
import type { Problem } from '../../../../internal/contract/denial.ts';
import { badRequest, conflict, isMicroError, microError } from '../../../../internal/contract/error.ts';
import { accountIdCharsMax, tokenExpirySeconds, tokenExpirySecondsMax } from '../../../../internal/contract/limits.ts';
import type { Logger } from '../../../../internal/contract/logger.ts';
import type { PluginContext, Running } from '../../../../internal/contract/plugin.ts';
import { formatDuration } from '../../../../internal/time/duration.ts';
import { type AccountTable, createAccountTable, type StoredAccount } from './account-table.ts';
import { openAuthTable } from './auth-table.ts';
import { networkOf } from './caller-network.ts';
import { createDefaultAdmin, type DefaultAdmin } from './default-admin.ts';
import { type ExposedAdmin, type ExposedAdminOptions, openExposedAdmin, refuseKnownSecret } from './exposed-admin.ts';
import { createInTurn, type InTurn } from './in-turn.ts';
import { type KeyRing, openKeyRing } from './key-ring.ts';
import { createLocalAdminFile, type LocalAdminFile, localAdminAccount } from './local-admin-file.ts';
import { createLoginLimits, type LoginLimits } from './login-limits.ts';
import { accountFrom, requireNamespace, requireRule, secretFrom } from './new-account.ts';
import type { config, needs } from './plugin.ts';
import { createRefreshSecret } from './refresh-secret.ts';
import { createRefreshTable, type RefreshTable } from './refresh-table.ts';
import { createRuleTable, type RuleTable } from './rule-table.ts';
import { createTokenOffice, type TokenOffice } from './token-office.ts';

/** What start() builds: nothing of it is there before the keys are. */
interface Parts {
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

type Context = PluginContext<typeof config, typeof needs>;

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
      parts = await build(ctx, { localGeneration, tell: listeners.tell });
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
    generate: async (wish, o) => generate(started(), wish, o),
    inspect: async (token, o) => {
      const { tokens } = started();
      return (await (o?.pastExpiry ? tokens.verifyPastExpiry(token) : tokens.verify(token))).account;
    },
    token: async (request, o) => grant(started(), request, o),
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

const build = async (
  ctx: Context,
  { localGeneration, tell }: Pick<Parts, 'tell'> & { readonly localGeneration: string },
): Promise<Parts> => {
  const { now, dataDir: folder } = ctx;
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
    vouching: createVouching(now),
    tell,
    log: ctx.log,
    now,
  };
};

const rotateKeys = ({ keys, tokens, inTurn, tell }: Parts, endOldTokens: boolean): Promise<void> =>
  inTurn(async () => {
    await keys.rotate({ endOldTokens });
    if (!endOldTokens) return;
    tokens.endAll();
    tell({ kind: 'missed' });
  });

const adminWith = (secret: string, passwords: Passwords, now: () => number): Promise<StoredAccount> =>
  storedFrom(
    passwords,
    accountFrom({ id: knownAdmin.id, scopes: ['admin'], secret }, defaultNamespace, seconds(now())),
  );

const exposedOptions = ({ config }: Context, { accounts, passwords, now }: Parts): ExposedAdminOptions => ({
  accounts,
  passwords,
  disabled: config.disable_admin,
  secret: config.admin_secret,
  make: (secret) => adminWith(secret, passwords, now),
});

const seconds = (ms: number): number => Math.floor(ms / 1_000);

const namespaceOf = (o: CallOptions | undefined, at: string): string =>
  requireNamespace(at, o?.namespace || defaultNamespace);

const storedFrom = async (
  passwords: Passwords,
  made: Account & { readonly secret: string },
): Promise<StoredAccount> => {
  return withoutSecret(made, await passwords.hash(made.secret));
};

const withoutSecret = (made: Account & { readonly secret: string }, hash: string): StoredAccount => {
  const { secret: _, ...account } = made;
  return { account, hash, generation: randomUUID() };
};

/** Whoever gives a public key wants tokens that it verifies. */
const requireOwnHalf = (text: string | undefined, keys: KeyRing): void => {
  if (!text || parsePublicKey(text, 'MICRO_AUTH_PUBLIC_KEY').id === keys.present.id) return;
  throw new Error(
    'MICRO_AUTH_PUBLIC_KEY does not belong to MICRO_AUTH_PRIVATE_KEY: give both of one pair, or only the private one',
  );
};

/** The default admin comes first, also when the first account that somebody makes is a user: later it would not be made any more. */
const generate = async (p: Parts, wish: NewAccount, o: CallOptions | undefined): ReturnType<Auth['generate']> => {
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

/** The algorithm of wire.md 5.3. */
const grant = async (p: Parts, request: TokenRequest, o: LoginOptions | undefined): Promise<Token> => {
  const at = 'auth.Auth.Token';
  const namespace = namespaceOf(o, at);
  const { id, secret, refreshToken } = request;
  const seconds = requireExpiry(request.expirySeconds);
  if (!refreshToken && !(id && secret)) throw badRequest(at, 'Credentials or a refresh token required');
  const exchanged = await exchange(p, refreshToken || secret || '', seconds);
  if (exchanged !== undefined) return exchanged;
  const network = networkFrom(p, o);
  if (refreshToken) return refresh(p, { namespace, refreshToken, seconds, network });
  return logIn(p, { namespace, id: id ?? '', secret: secretFrom(at, secret ?? ''), seconds, network });
};

const networkFrom = ({ vouching }: Parts, o: LoginOptions | undefined): string =>
  networkOf(vouching.open(o?.vouched) ?? o?.remote ?? '');

const requireExpiry = (wish: number | undefined): number => {
  if (!wish) return tokenExpirySeconds;
  if (wish < 0 || wish > tokenExpirySecondsMax || !Number.isInteger(wish))
    throw badRequest(
      'auth.Auth.Token',
      `token expiry is not within 1 and tokenExpirySecondsMax (${tokenExpirySecondsMax})`,
      { hint: `a token lives for ${formatDuration(tokenExpirySecondsMax * 1_000)} at the most` },
    );
  return wish;
};

/** A valid access token stands for a secret or a refresh token; the new one is its own refresh token. */
const exchange = async (p: Parts, candidate: string, seconds: number): Promise<Token | undefined> => {
  if (!isJwtShaped(candidate)) return undefined;
  try {
    const { account, generation } = await p.tokens.verify(candidate);
    return await issue(p, { account, generation, seconds });
  } catch (e) {
    if (isMicroError(e) && e.detail === invalidTokenDetail) return undefined;
    throw e;
  }
};

interface Issue {
  readonly account: Account;
  readonly generation: string | undefined;
  readonly seconds: number;
  /** Default: the access token itself. */
  readonly refreshToken?: string;
}

const issue = async (p: Parts, o: Issue): Promise<Token> => {
  const created = seconds(p.now());
  const expiry = created + o.seconds;
  const accessToken = await p.tokens.issue({ account: o.account, generation: o.generation, expiry });
  return { accessToken, refreshToken: o.refreshToken ?? accessToken, created, expiry };
};

const endedLogin: Problem = {
  reason: 'invalid_token',
  hint: 'the refresh token is unknown or has ended: log in again',
};

interface Place {
  readonly namespace: string;
  readonly network: string;
  readonly seconds: number;
}

const refresh = async (p: Parts, o: Place & { readonly refreshToken: string }): Promise<Token> => {
  const holder = await p.refreshes.read(o.namespace, o.refreshToken);
  const stored = holder === undefined ? undefined : await p.accounts.byId(o.namespace, holder.id);
  if (stored === undefined || stored.generation !== holder?.generation)
    throw invalidToken(endedLogin, { id: 'auth.Auth.Token' });
  p.limits.known({ ...o, id: stored.account.id });
  const refreshToken = await unlessFull(p.refreshes.rotate(o.namespace, o.refreshToken), o.refreshToken);
  return issue(p, { account: stored.account, generation: stored.generation, seconds: o.seconds, refreshToken });
};

const logIn = async (p: Parts, o: Place & { readonly id: string; readonly secret: string }): Promise<Token> => {
  await p.inTurn(() => p.admin.ensure(o.namespace));
  const stored = await requireSecret(p, { ...o, at: 'auth.Auth.Token' });
  if (p.passwords.isWeak(stored.hash)) await strengthen(p, stored, o.secret);
  const { account, generation } = stored;
  const refreshToken = await unlessFull(p.refreshes.issue(o.namespace, { id: account.id, generation }), undefined);
  return issue(p, { account, generation, seconds: o.seconds, refreshToken });
};

interface Tried extends Pick<Place, 'namespace' | 'network'> {
  readonly at: string;
  readonly id: string;
  readonly secret: string;
}

/** The account, if the secret is its own. An unknown account costs as much as a wrong secret, so that the time says nothing. */
const requireSecret = async (p: Parts, { secret, ...asked }: Tried): Promise<StoredAccount> => {
  const { at, namespace } = asked;
  const id = asked.id.slice(0, accountIdCharsMax);
  const stored = id === asked.id ? await p.accounts.find(namespace, id) : undefined;
  const login = { ...asked, id: stored?.account.id ?? id };
  // Who may not try does not wait in the line of those who may.
  p.limits.check(login);
  if (stored !== undefined && isBcrypt(stored.hash)) throw cannotCheck(at, stored.account.id);
  let tried: ReturnType<LoginLimits['begin']> | undefined;
  const right = await p.passwords.verify(secret, stored?.hash, () => {
    tried = p.limits.begin(login);
  });
  if (stored === undefined) throw badRequest(at, 'Account not found with this ID');
  if (!right) throw badRequest(at, 'Secret not correct');
  tried?.succeeded();
  return stored;
};

const cannotCheck = (at: string, id: string): Error =>
  microError(412, at, `the secret of ${id} is kept in v3's form (bcrypt), which this server cannot check`, {
    hint: 'an admin can give the account a new secret',
  });

/** Keeps the secret as a hash that takes more work to guess at; tokens stay. Not worth refusing a login for. */
const strengthen = async (p: Parts, { account, hash: old }: StoredAccount, secret: string): Promise<void> => {
  try {
    const hash = await p.passwords.hash(secret);
    await p.inTurn(async () => {
      const stored = await p.accounts.byId(account.issuer, account.id);
      if (stored?.hash === old) await p.accounts.put({ ...stored, hash });
    });
  } catch (e) {
    p.log.warn('a weak password hash stays', { namespace: account.issuer, id: account.id, error: String(e) });
  }
};

/** A full disk must not lock out who could free it, nor services, whose tokens end every few minutes. */
const unlessFull = async <T>(work: Promise<string>, otherwise: T): Promise<string | T> => {
  try {
    return await work;
  } catch (e) {
    if (isMicroError(e) && e.code === 507) return otherwise;
    throw e;
  }
};

const listAccounts = async (p: Parts, o: CallOptions | undefined): Promise<readonly Account[]> => {
  const namespace = namespaceOf(o, 'auth.Accounts.List');
  await p.inTurn(() => p.admin.ensure(namespace));
  return (await p.accounts.list(namespace)).map((stored) => stored.account);
};

const deleteAccount = async (p: Parts, id: string, o: CallOptions | undefined): Promise<void> => {
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

const changeSecret = async (
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
