/** `micro env add NAME [ADDRESS]`: stores an environment of the user's own, and how its server is believed. Silent; dials nothing, so that nothing is trusted on first sight. */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { addEnvironment } from '../../../internal/home/environments.ts';
import { openHome } from '../../../internal/home/home.ts';
import type { addFlags, config } from './plugin.ts';
import { readTrustFlags } from './read-trust-flags.ts';

export const run = async (
  { args: [name = '', address = ''], flags }: Call<typeof addFlags>,
  ctx: PluginContext<typeof config>,
): Promise<void> => {
  const trust = await readTrustFlags(flags, { name, address });
  const { config } = openHome({ configFile: ctx.config.config_file });
  await addEnvironment(config, name, address, { description: flags.description, trust });
};
