/** `micro namespace get`: the name of the namespace that commands act in. */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';

import type { config } from './plugin.ts';

export const run = async ({ out }: Call, ctx: PluginContext<typeof config>): Promise<void> =>
  out.line(placeOfSettings(ctx.config).namespace);
