/** `micro user namespace`: the namespace chosen for the config file's environment, an empty line when none was. */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { openHome } from '../../../internal/home/home.ts';
import { chosenNamespace } from '../../../internal/home/namespaces.ts';

import { ownEnvironment } from './own-environment.ts';
import type { config } from './plugin.ts';

export const run = async ({ out }: Call, ctx: PluginContext<typeof config>): Promise<void> => {
  const home = openHome({ configFile: ctx.config.config_file });
  out.line(chosenNamespace(home.config, ownEnvironment(home, { env: ctx.config.env, out })));
};
