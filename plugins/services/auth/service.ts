/** The auth slot as a gRPC service (wire.md 5.3 to 5.5): who may do what, and v3's texts for what is missing. Keeps nothing itself. */

import type { Account, LoginOptions, SigningKeys } from '../../../internal/contract/auth.ts';
import { admitTo } from '../../../internal/auth/admit.ts';
import { mayResetSecrets } from '../../../internal/auth/authorize.ts';
import { vouchedHeader } from '../../../internal/auth/vouched-caller.ts';
import { defaultNamespace } from '../../../internal/contract/core.ts';
import { badRequest, notImplemented, tooMany } from '../../../internal/contract/error.ts';
import { changesWatchersMax } from '../../../internal/contract/limits.ts';
import type { CallContext } from '../../../internal/contract/handler.ts';
import type { PluginContext, ServiceInstance } from '../../../internal/contract/plugin.ts';
import { keyMessage, ruleMessage, ruleOf, tokenMessage } from '../../../internal/schema/core/auth-record.ts';
import { authApi } from '../../../internal/schema/core/auth.ts';
import { type Impl, implement } from '../../../internal/schema/implement.ts';
import type * as authProto from '../../../proto/gen/auth.gen.ts';

import type { needs } from './plugin.ts';
import { watchChanges } from './watch-changes.ts';

type Auth = PluginContext<{}, typeof needs>['needs']['auth'];

export const create = (ctx: PluginContext<{}, typeof needs>): ServiceInstance => ({
  handlers: implement(authApi, {
    ...tokenMethods(ctx.needs.auth),
    ...accountMethods(ctx.needs.auth),
    ...ruleMethods(ctx.needs.auth),
    ...keyMethods(ctx.needs.auth),
    ...changeMethods(ctx.needs.auth),
  }),
});

type Methods<K extends keyof authProto.Methods> = Pick<Impl<authProto.Methods>, K>;

const admit = admitTo('auth');

/** Token and Inspect need no account: they are how one comes by it. */
const tokenMethods = (auth: Auth): Methods<'Auth.Generate' | 'Auth.Inspect' | 'Auth.Token'> => ({
  'Auth.Generate': async (request, call) => {
    const at = 'auth.Auth.Generate';
    if (request.id === '') throw badRequest(at, 'ID required');
    const { namespace } = admit('Auth.Generate', request, call);
    const { id, name, type, scopes, metadata, secret } = request;
    return {
      account: await auth.generate({ id, name, type, scopes, metadata, secret }, { namespace, signal: call.signal }),
    };
  },
  'Auth.Inspect': async ({ token, past_expiry: pastExpiry }, call) => ({
    account: await auth.inspect(token, { pastExpiry, signal: call.signal }),
  }),
  'Auth.Token': async (request, call) => {
    const { id, secret, refresh_token: refreshToken, token_expiry: expiry } = request;
    const wish = { id, secret, refreshToken, expirySeconds: Number(expiry) };
    const namespace = request.options?.namespace || defaultNamespace;
    return { token: tokenMessage(await auth.token(wish, { namespace, signal: call.signal, ...callerOf(call) })) };
  },
});

/** From where a secret is tried: failures are counted per address. */
const callerOf = ({ remote, metadata }: CallContext): Pick<LoginOptions, 'remote' | 'vouched'> => ({
  remote,
  vouched: metadata[vouchedHeader],
});

const accountMethods = (auth: Auth): Methods<'Accounts.List' | 'Accounts.Delete' | 'Accounts.ChangeSecret'> => ({
  'Accounts.List': async (request, call) => {
    const { namespace } = admit('Accounts.List', request, call);
    return { accounts: await auth.accounts({ namespace, signal: call.signal }) };
  },
  'Accounts.Delete': async (request, call) => {
    const at = 'auth.Accounts.Delete';
    if (request.id === '') throw badRequest(at, 'Missing ID');
    const { namespace, account: caller } = admit('Accounts.Delete', request, call);
    if (isOwn(caller, request.id, namespace)) throw badRequest(at, "Can't delete your own account");
    await auth.deleteAccount(request.id, { namespace, signal: call.signal });
    return {};
  },
  'Accounts.ChangeSecret': async (request, call) => {
    const at = 'auth.Accounts.ChangeSecret';
    if (request.new_secret === '') throw badRequest(at, 'New secret should not be blank');
    const { namespace, account: caller } = admit('Accounts.ChangeSecret', request, call);
    const oldSecret = mayResetSecrets(caller, namespace) ? undefined : request.old_secret;
    const secrets = { oldSecret, newSecret: request.new_secret };
    await auth.changeSecret(request.id, secrets, { namespace, signal: call.signal, ...callerOf(call) });
    return {};
  },
});

const isOwn = (caller: Account, idOrName: string, namespace: string): boolean =>
  caller.issuer === namespace && (caller.id === idOrName || caller.name === idOrName);

const ruleMethods = (auth: Auth): Methods<'Rules.Create' | 'Rules.Delete' | 'Rules.List'> => ({
  'Rules.Create': async (request, call) => {
    const at = 'auth.Rules.Create';
    const { rule } = request;
    if (rule === null) throw badRequest(at, 'Rule missing');
    if (rule.id === '') throw badRequest(at, 'ID missing');
    if (rule.resource === null) throw badRequest(at, 'Resource missing');
    if (rule.access !== 'GRANTED' && rule.access !== 'DENIED') throw badRequest(at, 'Access missing');
    const { namespace } = admit('Rules.Create', request, call);
    await auth.createRule(ruleOf(rule), { namespace, signal: call.signal });
    return {};
  },
  'Rules.Delete': async (request, call) => {
    const at = 'auth.Rules.Delete';
    if (request.id === '') throw badRequest(at, 'ID missing');
    const { namespace } = admit('Rules.Delete', request, call);
    await auth.deleteRule(request.id, { namespace, signal: call.signal });
    return {};
  },
  'Rules.List': async (request, call) => {
    const { namespace } = admit('Rules.List', request, call);
    const rules = await auth.rules({ namespace, signal: call.signal });
    return { rules: rules.map(ruleMessage) };
  },
});

/** The keys are those of all namespaces, so they are the platform's affair. */
const keyMethods = (auth: Auth): Methods<'Keys.List' | 'Keys.Rotate'> => ({
  'Keys.List': async (request, call) => {
    admit('Keys.List', request, call);
    return { keys: (await keysOf(auth, 'auth.Keys.List').list({ signal: call.signal })).map(keyMessage) };
  },
  'Keys.Rotate': async (request, call) => {
    admit('Keys.Rotate', request, call);
    const wish = { endOldTokens: request.end_old_tokens, signal: call.signal };
    return { keys: (await keysOf(auth, 'auth.Keys.Rotate').rotate(wish)).map(keyMessage) };
  },
});

const keysOf = (auth: Auth, at: string): SigningKeys => {
  if (auth.keys === undefined) throw notImplemented(at, 'the auth driver of this server keeps no keys');
  return auth.keys;
};

/** Whoever is turned away, or cut off, trusts what it knows for a second only and tries again. */
const changeMethods = (auth: Auth): Methods<'Changes.Watch'> => {
  let watchers = 0;
  return {
    'Changes.Watch': async function* (request, call) {
      const { account: watcher } = admit('Changes.Watch', request, call);
      if (watchers >= changesWatchersMax)
        throw tooMany('auth.Changes.Watch', `there are ${changesWatchersMax} watchers (changesWatchersMax)`);
      watchers += 1;
      try {
        yield* watchChanges({ auth, watcher, signal: call.signal });
      } finally {
        watchers -= 1;
      }
    },
  };
};
