/** `micro env del NAME`: removes an environment of the user's own. Silent; its logins stay in the tokens file. */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { deleteEnvironment } from '../../../internal/home/environments.ts';
import { openHome } from '../../../internal/home/home.ts';

import type { config } from './plugin.ts';

export const run = ({ args: [name = ''] }: Call, ctx: PluginContext<typeof config>): Promise<void> =>
  deleteEnvironment(openHome({ configFile: ctx.config.config_file }).config, name);
