/** `micro registry deregister NAME`: takes servers that were registered by hand out of the registry. Services that register themselves are left alone: they would be back at once. */

import { ExitError } from '../../../internal/contract/error.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';
import { isForeign } from '../../../internal/rpc/foreign-node.ts';
import type { config, deregisterFlags, deregisterNeeds } from './plugin.ts';

type Context = PluginContext<typeof config, typeof deregisterNeeds>;

export const run = async (call: Call<typeof deregisterFlags>, ctx: Context): Promise<void> => {
  const [name = ''] = call.args;
  const { address, version } = call.flags;
  const { namespace: domain } = placeOfSettings(ctx.config);
  const { signal } = ctx;
  const found = (await ctx.needs.registry.get(name, { domain, signal }))
    .filter((service) => version === undefined || service.version === version)
    .map((service) => ({
      ...service,
      nodes: service.nodes.filter((node) => isForeign(node) && (address === undefined || node.address === address)),
    }))
    .filter((service) => service.nodes.length > 0);
  if (found.length === 0)
    throw new ExitError(`no server of ${name} was registered by hand${address ? ` at ${address}` : ''}`, 1, {
      hint: `micro get service ${name} shows its nodes`,
    });
  for (const service of found) {
    await ctx.needs.registry.deregister(service, { domain, signal });
    for (const node of service.nodes) call.out.line(`deregistered ${name} at ${node.address}`);
  }
};
