/** `micro env set NAME`: chooses the environment of later commands. Silent. */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { selectEnvironment } from '../../../internal/home/environments.ts';
import { openHome } from '../../../internal/home/home.ts';

import type { config } from './plugin.ts';

export const run = ({ args: [name = ''] }: Call, ctx: PluginContext<typeof config>): Promise<void> =>
  selectEnvironment(openHome({ configFile: ctx.config.config_file }).config, name);
