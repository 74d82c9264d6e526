/** `micro auth update secret ID` (cli.md 2.11): with the old secret, or without it for admins of namespace micro. Asks for what no flag gave. */

import { mayResetSecrets } from '../../../internal/auth/authorize.ts';
import { askNewPassword } from '../../../internal/cli/ask-password.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { namespaceOf } from './namespace-of.ts';
import { ownAccount } from './own-account.ts';
import type { config, secretFlags, tokenNeeds } from './plugin.ts';
import { refusalAsJson } from './refusal.ts';

type Context = PluginContext<typeof config, typeof tokenNeeds>;

export const run = async (call: Call<typeof secretFlags>, ctx: Context): Promise<void> => {
  const [id = ''] = call.args;
  const { out } = call;
  const namespace = namespaceOf(call.flags, ctx.config);
  const secrets = await secretsOf(call, ctx, namespace);
  await ctx.needs.auth.changeSecret(id, secrets, { namespace, signal: ctx.signal }).catch((e: unknown) => {
    throw refusalAsJson('Error updating accounts', e);
  });
  if (out.format === 'json') out.json({ id, namespace, updated: true });
  else out.line('Account updated');
};

const secretsOf = async (
  { flags, out }: Call<typeof secretFlags>,
  ctx: Context,
  namespace: string,
): Promise<{ readonly oldSecret: string; readonly newSecret: string }> => {
  const { old_secret: oldSecret, new_secret: newSecret } = flags;
  // With a new secret given, the server says whether the old one is missing: a script is not asked.
  if (newSecret !== undefined) return { oldSecret: oldSecret ?? '', newSecret };
  const own = await ownAccount(ctx.needs, ctx.signal);
  const asksOld = oldSecret === undefined && !mayResetSecrets(own, namespace);
  const known = asksOld ? await out.prompt('Enter the current secret: ', { hidden: true, aside: true }) : oldSecret;
  return { oldSecret: known?.trim() ?? '', newSecret: await askNewPassword(out, { word: 'secret', aside: true }) };
};
