/** `micro auth list accounts`: the accounts of a namespace (cli.md 2.11). */

import type { Account } from '../../../internal/contract/auth.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { namespaceOf } from './namespace-of.ts';
import type { config, namespaceFlags, needs } from './plugin.ts';
import { refusalAsJson } from './refusal.ts';
import { wideTable } from './wide-table.ts';

type Context = PluginContext<typeof config, typeof needs>;

export const run = async (call: Call<typeof namespaceFlags>, ctx: Context): Promise<void> => {
  const namespace = namespaceOf(call.flags, ctx.config);
  const accounts = await ctx.needs.auth.accounts({ namespace, signal: ctx.signal }).catch((e: unknown) => {
    throw refusalAsJson('Error listing accounts', e);
  });
  if (call.out.format === 'json') call.out.json(accounts);
  else call.out.write(wideTable(['ID', 'Name', 'Scopes', 'Metadata'], accounts.map(cells)));
};

const cells = ({ id, name, scopes, metadata }: Account): readonly string[] => [
  id,
  name,
  scopes.join(', ') || 'n/a',
  metadataText(metadata) || 'n/a',
];

/** Each with a blank behind it, as in v3. */
const metadataText = (metadata: Account['metadata']): string =>
  Object.entries(metadata)
    .map(([key, value]) => `${key}=${value} `)
    .sort()
    .join('');
