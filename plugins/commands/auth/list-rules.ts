/** `micro auth list rules`: the rules of a namespace, grouped by what they are about (cli.md 2.11). */

import type { Rule } from '../../../internal/contract/auth.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { namespaceOf } from './namespace-of.ts';
import type { config, namespaceFlags, needs } from './plugin.ts';
import { refusalAsJson } from './refusal.ts';
import { resourceText } from './resource.ts';
import { wideTable } from './wide-table.ts';

type Context = PluginContext<typeof config, typeof needs>;

export const run = async (call: Call<typeof namespaceFlags>, ctx: Context): Promise<void> => {
  const namespace = namespaceOf(call.flags, ctx.config);
  const rules = await ctx.needs.auth.rules({ namespace, signal: ctx.signal }).catch((e: unknown) => {
    throw refusalAsJson('Error listing rules', e);
  });
  const sorted = [...rules].sort(byResource);
  if (call.out.format === 'json') call.out.json(sorted);
  else call.out.write(wideTable(['ID', 'Scope', 'Access', 'Resource', 'Priority'], sorted.map(cells)));
};

/** Of one resource those come first that decide first. */
const byResource = (a: Rule, b: Rule): number =>
  compare(resourceText(b.resource), resourceText(a.resource)) || b.priority - a.priority || compare(a.id, b.id);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const cells = (rule: Rule): readonly string[] => [
  rule.id,
  rule.scope === '' ? '<public>' : rule.scope,
  rule.access.toUpperCase(),
  resourceText(rule.resource),
  String(rule.priority),
];
