/** `micro user config set KEY VALUE`: stores one value in the user's config file, as text. Silent. */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { openHome } from '../../../internal/home/home.ts';

import type { config } from './plugin.ts';

export const run = ({ args: [key = '', value = ''] }: Call, ctx: PluginContext<typeof config>): Promise<void> =>
  openHome({ configFile: ctx.config.config_file }).config.set({ [key]: value }, { signal: ctx.signal });
