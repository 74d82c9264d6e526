/** `micro user config delete KEY`: blanks one value in the user's config file, as v3 does. Silent. */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { openHome } from '../../../internal/home/home.ts';

import type { config } from './plugin.ts';

export const run = ({ args: [key = ''] }: Call, ctx: PluginContext<typeof config>): Promise<void> =>
  openHome({ configFile: ctx.config.config_file }).config.set({ [key]: '' }, { signal: ctx.signal });
