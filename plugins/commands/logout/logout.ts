/** `micro logout`: forgets the login of the current environment (cli.md 5.2). Silent, makes no call, works when nobody is logged in. */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { openHome } from '../../../internal/home/home.ts';
import { removeLogin } from '../../../internal/home/login.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';

import type { config } from './plugin.ts';

export const run = (_call: Call, ctx: PluginContext<typeof config>): Promise<void> =>
  removeLogin(openHome({ configFile: ctx.config.config_file }), placeOfSettings(ctx.config));
