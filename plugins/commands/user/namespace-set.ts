/** `micro user namespace set NAMESPACE`: chooses it for the config file's environment, known or not. Silent. */

import { ExitError } from '../../../internal/contract/error.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { openHome } from '../../../internal/home/home.ts';
import { chooseNamespace } from '../../../internal/home/namespaces.ts';

import { ownEnvironment } from './own-environment.ts';
import type { config } from './plugin.ts';

export const run = async ({ args: [namespace = ''], out }: Call, ctx: PluginContext<typeof config>): Promise<void> => {
  if (namespace === '') throw new ExitError('No namespace specified', 1, { hint: 'micro user namespace set NAME' });
  const home = openHome({ configFile: ctx.config.config_file });
  const environment = ownEnvironment(home, { env: ctx.config.env, out });
  await chooseNamespace(home.config, { environment, namespace });
};
