/** `micro namespace add NAME`: puts a namespace on the list of the environment; once more changes nothing. Silent. */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { openHome } from '../../../internal/home/home.ts';
import { addNamespace } from '../../../internal/home/namespaces.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';

import type { config } from './plugin.ts';

export const run = ({ args: [namespace = ''] }: Call, ctx: PluginContext<typeof config>): Promise<void> => {
  const { config } = openHome({ configFile: ctx.config.config_file });
  return addNamespace(config, { environment: placeOfSettings(ctx.config).environment, namespace });
};
