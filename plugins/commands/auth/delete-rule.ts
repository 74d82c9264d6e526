/** `micro auth delete rule ID` (cli.md 2.11). A rule that is not there is as good as deleted: v3's scripts rely on that. */

import { ExitError, isMicroError } from '../../../internal/contract/error.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { namespaceOf } from './namespace-of.ts';
import type { config, deleteRuleFlags, needs } from './plugin.ts';
import { refusalAsDetail } from './refusal.ts';

type Context = PluginContext<typeof config, typeof needs>;

/** What the server says of a rule it does not have (wire.md 5.5). */
const isUnknown = (e: unknown): boolean => isMicroError(e) && e.code === 400 && e.detail === 'Rule not found';

export const run = async (call: Call<typeof deleteRuleFlags>, ctx: Context): Promise<void> => {
  const [id = '', ...more] = call.args;
  if (more.length > 0) throw new ExitError('Expected one argument: ID', 1, { hint: `${more.join(' ')} is too much` });
  const namespace = namespaceOf(call.flags, ctx.config);
  const deleted = await ctx.needs.auth.deleteRule(id, { namespace, signal: ctx.signal }).then(
    () => true,
    (e: unknown) => {
      if (isUnknown(e)) return false;
      throw refusalAsDetail(e);
    },
  );
  if (call.out.format === 'json') call.out.json({ id, namespace, deleted });
  else
    call.out.line(deleted ? 'Rule deleted' : `There is no rule ${id} in namespace ${namespace}; nothing was deleted`);
};
