/** `micro user config get KEY`: one value of the user's config file; an empty line when it is missing (cli.md 1.2, 2.10). */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { openHome } from '../../../internal/home/home.ts';

import type { config } from './plugin.ts';

export const run = async ({ args: [key = ''], out }: Call, ctx: PluginContext<typeof config>): Promise<void> =>
  out.line(openHome({ configFile: ctx.config.config_file }).config.get(key));
