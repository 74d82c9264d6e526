/** `micro env get`: the name of the current environment, whether or not it exists. */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { selectedName } from '../../../internal/home/environments.ts';
import { openHome } from '../../../internal/home/home.ts';

import type { config } from './plugin.ts';

export const run = async (call: Call, ctx: PluginContext<typeof config>): Promise<void> =>
  call.out.line(selectedName(openHome({ configFile: ctx.config.config_file }).config, ctx.config.env));
