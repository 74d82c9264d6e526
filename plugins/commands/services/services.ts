/** `micro services`: names of the registered services, one per line and per version (cli.md 2.4). */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import type { Service } from '../../../internal/contract/registry.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';

import type { config, needs } from './plugin.ts';

export const run = async (call: Call, ctx: PluginContext<typeof config, typeof needs>): Promise<void> => {
  const { namespace } = placeOfSettings(ctx.config);
  const services = await ctx.needs.registry.list({ domain: namespace, signal: ctx.signal });
  if (call.out.format === 'json') call.out.json(byName(services));
  else for (const name of services.map((s) => s.name).sort()) call.out.line(name);
};

/** One entry per name, with its versions and their nodes. */
const byName = (services: readonly Service[]): readonly unknown[] =>
  [...Map.groupBy(services, (s) => s.name)].map(([name, versions]) => ({
    name,
    versions: versions.map(({ version, metadata, nodes, endpoints }) => ({
      version,
      metadata,
      nodes,
      endpoints: endpoints.map((e) => e.name),
    })),
  }));
