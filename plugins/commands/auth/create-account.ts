/** `micro auth create account ID`: makes an account and shows it with its secret, which nobody can read again (cli.md 2.11). */

import { askNewPassword } from '../../../internal/cli/ask-password.ts';
import type { Account } from '../../../internal/contract/auth.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { goJson } from './go-json.ts';
import { namespaceOf } from './namespace-of.ts';
import type { accountFlags, config, needs } from './plugin.ts';
import { refusalAsJson } from './refusal.ts';

type Context = PluginContext<typeof config, typeof needs>;

/** In place of a secret on the command line, where others may read it. */
const asksForIt = '-';

export const run = async (call: Call<typeof accountFlags>, ctx: Context): Promise<void> => {
  const [id = ''] = call.args;
  const { scopes, type } = call.flags;
  const secret =
    call.flags.secret === asksForIt
      ? await askNewPassword(call.out, { word: 'secret', aside: true })
      : call.flags.secret;
  const options = { namespace: namespaceOf(call.flags, ctx.config), signal: ctx.signal };
  const account = await ctx.needs.auth.generate({ id, scopes, type, secret }, options).catch((e: unknown) => {
    throw refusalAsJson('Error creating account', e);
  });
  if (call.out.format === 'json') call.out.json(account);
  else call.out.line(`Account created: ${goJson(accountOf(account))}`);
};

/** In v3's order of keys; its empty lists are null and its metadata is sorted. */
const accountOf = ({ id, type, issuer, metadata, scopes, secret, name }: Account & { readonly secret: string }) => ({
  id,
  type,
  issuer,
  metadata: Object.fromEntries(Object.entries(metadata).sort()),
  scopes: scopes.length === 0 ? null : scopes,
  secret,
  name,
});
