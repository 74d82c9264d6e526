/** `micro env add NAME [ADDRESS]`: stores an environment of the user's own. Silent; dials nothing. */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { addEnvironment } from '../../../internal/home/environments.ts';
import { openHome } from '../../../internal/home/home.ts';

import type { config } from './plugin.ts';

export const run = ({ args: [name = '', address = ''] }: Call, ctx: PluginContext<typeof config>): Promise<void> =>
  addEnvironment(openHome({ configFile: ctx.config.config_file }).config, name, address);
