/** `micro namespace remove NAME`: takes a namespace off the list of the environment. Silent. */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { openHome } from '../../../internal/home/home.ts';
import { removeNamespace } from '../../../internal/home/namespaces.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';

import type { config } from './plugin.ts';

export const run = ({ args: [namespace = ''] }: Call, ctx: PluginContext<typeof config>): Promise<void> => {
  const { config } = openHome({ configFile: ctx.config.config_file });
  return removeNamespace(config, { environment: placeOfSettings(ctx.config).environment, namespace });
};
