/** `micro auth create rule ID`: allows or denies calls in a namespace (cli.md 2.11). */

import type { Rule } from '../../../internal/contract/auth.ts';
import { ExitError } from '../../../internal/contract/error.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { namespaceOf } from './namespace-of.ts';
import type { config, needs, ruleFlags } from './plugin.ts';
import { refusalAsDetail } from './refusal.ts';
import { parseResource } from './resource.ts';

type Context = PluginContext<typeof config, typeof needs>;

export const run = async (call: Call<typeof ruleFlags>, ctx: Context): Promise<void> => {
  const rule = ruleOf(call);
  const namespace = namespaceOf(call.flags, ctx.config);
  await ctx.needs.auth.createRule(rule, { namespace, signal: ctx.signal }).catch((e: unknown) => {
    throw refusalAsDetail(e);
  });
  if (call.out.format === 'json') call.out.json({ ...rule, namespace });
  else call.out.line('Rule created');
};

const ruleOf = ({ args, flags }: Call<typeof ruleFlags>): Rule => {
  const [id = '', ...more] = args;
  if (more.length > 0)
    throw new ExitError('Too many arguments, expected one argument: ID', 1, { hint: `${more.join(' ')} is too much` });
  const { scope, access: given, priority } = flags;
  const access = given.toLowerCase();
  if (access !== 'granted' && access !== 'denied')
    throw new ExitError(`Invalid access: ${given}, must be granted or denied`, 1);
  const resource = parseResource(flags.resource);
  if (resource === undefined)
    throw new ExitError('Invalid resource, must be in the format type:name:endpoint', 1, {
      hint: 'for example --resource=service:helloworld:Helloworld.Call, or service:helloworld:* for all its endpoints',
    });
  return { id, scope, resource, access, priority };
};
