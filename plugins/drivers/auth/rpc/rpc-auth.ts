/** The auth slot over calls to the auth service. Trusts an inspected token and a rule list while it is told what ends them, for a moment otherwise; holds no key and no accounts. */

import { join } from 'node:path';

import { createAuthListeners } from '../../../../internal/auth/auth-listeners.ts';
import { generationOf } from '../../../../internal/auth/generation.ts';
import { claimedExpiryMs, expired, invalidToken, isJwtShaped, notJwt } from '../../../../internal/auth/token-shape.ts';
import { createVouching, readVouchingSecret } from '../../../../internal/auth/vouched-caller.ts';
import type { AuthChange } from '../../../../internal/contract/auth-change.ts';
import type { Account, Auth, Rule, SigningKeys } from '../../../../internal/contract/auth.ts';
import type { CallOptions } from '../../../../internal/contract/call-options.ts';
import type { ClientOptions } from '../../../../internal/contract/client.ts';
import { defaultNamespace } from '../../../../internal/contract/core.ts';
import { internal, isMicroError } from '../../../../internal/contract/error.ts';
import {
  ruleCacheMax,
  ruleTrustMs,
  tokenCacheMax,
  tokenTrustMs,
  unwatchedTrustMs,
} from '../../../../internal/contract/limits.ts';
import type { PluginContext, Running } from '../../../../internal/contract/plugin.ts';
import {
  accountOf,
  changeOf,
  keyOf,
  ruleMessage,
  ruleOf,
  tokenOf,
} from '../../../../internal/schema/core/auth-record.ts';
import { authApi } from '../../../../internal/schema/core/auth.ts';
import { type Stub, stub } from '../../../../internal/schema/stub.ts';
import type { Methods } from '../../../../proto/gen/auth.gen.ts';

import { followChanges } from './follow-changes.ts';
import type { config, needs } from './plugin.ts';
import { createTrustCache, type TrustCache } from './trust-cache.ts';

interface Parts {
  readonly api: Stub<Methods>;
  readonly tokens: TrustCache<Account>;
  readonly rules: TrustCache<readonly Rule[]>;
  /** To be called before something is asked that will be remembered. */
  asking(): void;
  /** The plugin's life: shared questions must not end with one of their askers. */
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** Changes are followed from the first answer on, in a process that listens to them: a command that asks once has done with it in a moment. */
export const create = (ctx: PluginContext<typeof config, typeof needs>): Auth & Running => {
  const { now, signal } = ctx;
  const { address } = ctx.config;
  const api = stub(ctx.needs.client, authApi, address ? { address } : {});
  const listeners = createAuthListeners();
  const follow = followChanges({
    open: (open) => changesOf(api['Changes.Watch']({}, { signal: open })),
    tell: (change) => {
      forget(parts, change);
      listeners.tell(change);
    },
    signal,
    log: ctx.log,
    now,
  });
  const watched = { toldUntil: follow.toldUntil, unwatchedMs: unwatchedTrustMs };
  const parts: Parts = {
    api,
    tokens: createTrustCache({
      now,
      max: tokenCacheMax,
      tagOf: generationOf,
      until: (_, token) => Math.min(now() + tokenTrustMs, claimedExpiryMs(token)),
      ...watched,
    }),
    rules: createTrustCache({
      now,
      max: ruleCacheMax,
      tagOf: (namespace) => namespace,
      until: () => now() + ruleTrustMs,
      graceMs: tokenTrustMs,
      survives: isOutage,
      ...watched,
    }),
    asking: () => {
      if (listeners.size > 0) follow.start();
    },
    signal,
    now,
  };
  const known = { account: parts.tokens.known, rules: parts.rules.known };
  return {
    ...accountCalls(parts),
    ...tokenCalls(parts),
    ...ruleCalls(parts),
    keys: keyCalls(parts),
    vouch: (remote) => {
      // Read each time: the server may have come up after us. It is on this machine, or would not believe us.
      const secret = readVouchingSecret(join(ctx.dataDir, '..', 'local'));
      return secret && createVouching(now, secret).vouch(remote);
    },
    known,
    changes: listeners.add,
    stop: follow.stopped,
  };
};

async function* changesOf(
  messages: AsyncIterable<Parameters<typeof changeOf>[0]>,
): AsyncGenerator<AuthChange | undefined> {
  for await (const message of messages) yield changeOf(message);
}

const forget = ({ tokens, rules }: Parts, change: AuthChange): void => {
  switch (change.kind) {
    case 'tokens':
      tokens.drop(change.generation);
      break;
    case 'rules':
      rules.drop(change.namespace);
      break;
    case 'missed':
      tokens.clear();
      rules.clear();
      break;
    default:
      change satisfies never;
  }
};

/** Without a token of our own: these two are open, and the session that would give one asks them itself. */
const anonymous = (o: CallOptions | undefined): ClientOptions => ({ signal: o?.signal, token: null });
const signalOf = (o: CallOptions | undefined): ClientOptions => ({ signal: o?.signal });
const optionsOf = (o: CallOptions | undefined): { readonly namespace: string } => ({
  namespace: o?.namespace || defaultNamespace,
});

const tokenCalls = ({ api, tokens, asking, signal, now }: Parts): Pick<Auth, 'inspect' | 'token'> => ({
  async inspect(token, o) {
    if (!isJwtShaped(token)) throw invalidToken(notJwt);
    const ask = async (past_expiry: boolean): Promise<Account> => {
      const { account } = await api['Auth.Inspect']({ token, past_expiry }, anonymous({ signal }));
      return accountOf(required(account, 'auth.Auth.Inspect'));
    };
    if (o?.pastExpiry) return ask(true);
    const until = claimedExpiryMs(token);
    if (until <= now()) throw invalidToken(expired(until / 1_000, now()));
    return tokens.get(token, () => {
      asking();
      return ask(false);
    });
  },
  async token(wish, o) {
    const { id, secret, refreshToken, expirySeconds } = wish;
    const request = {
      id,
      secret,
      refresh_token: refreshToken,
      token_expiry: BigInt(Math.trunc(expirySeconds ?? 0)),
      options: optionsOf(o),
    };
    const { token } = await api['Auth.Token'](request, anonymous(o));
    return tokenOf(required(token, 'auth.Auth.Token'));
  },
});

const accountCalls = ({
  api,
  tokens,
}: Parts): Pick<Auth, 'generate' | 'accounts' | 'deleteAccount' | 'changeSecret'> => ({
  async generate(wish, o) {
    const { account } = await api['Auth.Generate']({ ...wish, options: optionsOf(o) }, signalOf(o));
    const message = required(account, 'auth.Auth.Generate');
    return { ...accountOf(message), secret: message.secret };
  },
  async accounts(o) {
    const { accounts } = await api['Accounts.List']({ options: optionsOf(o) }, signalOf(o));
    return accounts.map(accountOf);
  },
  async deleteAccount(id, o) {
    await api['Accounts.Delete']({ id, options: optionsOf(o) }, signalOf(o));
    tokens.clear();
  },
  async changeSecret(id, { oldSecret, newSecret }, o) {
    const request = { id, old_secret: oldSecret, new_secret: newSecret, options: optionsOf(o) };
    await api['Accounts.ChangeSecret'](request, signalOf(o));
    tokens.clear();
  },
});

const ruleCalls = ({ api, rules, asking, signal }: Parts): Pick<Auth, 'rules' | 'createRule' | 'deleteRule'> => ({
  rules: (o) =>
    rules.get(optionsOf(o).namespace, async () => {
      asking();
      const answer = await api['Rules.List']({ options: optionsOf(o) }, { signal });
      return answer.rules.map(ruleOf);
    }),
  async createRule(rule, o) {
    await api['Rules.Create']({ rule: ruleMessage(rule), options: optionsOf(o) }, signalOf(o));
    rules.clear();
  },
  async deleteRule(id, o) {
    await api['Rules.Delete']({ id, options: optionsOf(o) }, signalOf(o));
    rules.clear();
  },
});

const keyCalls = ({ api, tokens }: Parts): SigningKeys => ({
  list: async (o) => (await api['Keys.List']({}, signalOf(o))).keys.map(keyOf),
  async rotate(o) {
    const { keys } = await api['Keys.Rotate']({ end_old_tokens: o?.endOldTokens ?? false }, signalOf(o));
    tokens.clear();
    return keys.map(keyOf);
  },
});

/** An old rule list is better than refusing everybody while the server restarts; a refusal is not an outage. */
const isOutage = (e: unknown): boolean => !isMicroError(e) || e.code >= 500 || e.code === 408;

const required = <T>(value: T | null, id: string): T => {
  if (value === null) throw internal(id, 'the auth service gave an empty answer');
  return value;
};
