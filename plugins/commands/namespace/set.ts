/** `micro namespace set NAME`: chooses a namespace of the list for later commands. Silent unless MICRO_NAMESPACE says otherwise. */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { openHome } from '../../../internal/home/home.ts';
import { setNamespace } from '../../../internal/home/namespaces.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';

import type { config } from './plugin.ts';

export const run = async ({ args: [namespace = ''], out }: Call, ctx: PluginContext<typeof config>): Promise<void> => {
  const { config } = openHome({ configFile: ctx.config.config_file });
  await setNamespace(config, { environment: placeOfSettings(ctx.config).environment, namespace });
  const forced = ctx.config.namespace;
  if (forced && forced !== namespace) out.note(`MICRO_NAMESPACE is ${forced} and wins as long as it is set`);
};
