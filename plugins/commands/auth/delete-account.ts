/** `micro auth delete account ID`: silent, as in v3 (cli.md 2.11). */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { namespaceOf } from './namespace-of.ts';
import type { config, deleteAccountFlags, needs } from './plugin.ts';
import { refusalAsJson } from './refusal.ts';

type Context = PluginContext<typeof config, typeof needs>;

export const run = async (call: Call<typeof deleteAccountFlags>, ctx: Context): Promise<void> => {
  const [id = ''] = call.args;
  const namespace = namespaceOf(call.flags, ctx.config);
  await ctx.needs.auth.deleteAccount(id, { namespace, signal: ctx.signal }).catch((e: unknown) => {
    throw refusalAsJson('Error deleting account', e);
  });
  if (call.out.format === 'json') call.out.json({ id, namespace, deleted: true });
};
