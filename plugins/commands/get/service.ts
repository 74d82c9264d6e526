/** `micro get service NAME`: versions, nodes and endpoints of one service (cli.md 2.5). */

import { nodeJson } from '../../../internal/cli/node-json.ts';
import { ExitError } from '../../../internal/contract/error.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';

import { describeService } from './describe-service.ts';
import type { config, needs } from './plugin.ts';

export const run = async (call: Call, ctx: PluginContext<typeof config, typeof needs>): Promise<void> => {
  const [name = ''] = call.args;
  const { namespace } = placeOfSettings(ctx.config);
  const versions = await ctx.needs.registry.get(name, { domain: namespace, signal: ctx.signal });
  const [first] = versions;
  if (first === undefined)
    throw new ExitError('service not found', 128, { hint: `micro services lists those of namespace ${namespace}` });
  if (call.out.format === 'json') call.out.json(versions.map((s) => ({ ...s, nodes: s.nodes.map(nodeJson) })));
  else call.out.line(describeService([first, ...versions.slice(1)]));
};
