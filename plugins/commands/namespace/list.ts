/** `micro namespace` and `micro namespace list`: one line each, the current one marked (cli.md 4.5). */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { openHome } from '../../../internal/home/home.ts';
import { listNamespaces } from '../../../internal/home/namespaces.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';

import type { config } from './plugin.ts';

export const run = async ({ out }: Call, ctx: PluginContext<typeof config>): Promise<void> => {
  const { config } = openHome({ configFile: ctx.config.config_file });
  const { environment, namespace: current } = placeOfSettings(ctx.config);
  // The current one may be on no list: `micro user namespace set` and MICRO_NAMESPACE ask nobody.
  const names = [...new Set([...listNamespaces(config, environment), current])];
  if (out.format === 'json') out.json(names.map((name) => ({ name, current: name === current })));
  else for (const name of names) out.line(`${name === current ? '*' : ' '} ${name}`);
};
