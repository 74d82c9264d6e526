/** `micro kill NAME[@VERSION] …`: stops and forgets services, one after the other; the first failure ends it (cli.md 2.3.4). Prints nothing. */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';
import { parseReference } from '../../../internal/source/locate.ts';

import type { config, needs } from './plugin.ts';

export const run = async (call: Call, ctx: PluginContext<typeof config, typeof needs>): Promise<void> => {
  const { namespace } = placeOfSettings(ctx.config);
  for (const argument of call.args)
    await ctx.needs.runtime.delete(parseReference(argument, process.cwd()), { namespace, signal: ctx.signal });
};
