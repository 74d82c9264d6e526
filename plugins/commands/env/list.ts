/** `micro env` and `micro env list`: the environments in a table of v3's layout (cli.md 2.8). Touches no network. */

import { envLayout, layOut } from '../../../internal/cli/table.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { type Environment, listEnvironments, selectedName } from '../../../internal/home/environments.ts';
import { openHome } from '../../../internal/home/home.ts';

import type { config } from './plugin.ts';

export const run = async (call: Call, ctx: PluginContext<typeof config>): Promise<void> => {
  const home = openHome({ configFile: ctx.config.config_file });
  const current = selectedName(home.config, ctx.config.env);
  const environments = listEnvironments(home.config);
  if (call.out.format === 'json') call.out.json(environments.map((env) => toJson(env, current)));
  else call.out.write(layOut(tableText(environments, current), envLayout));
};

const toJson = (env: Environment, current: string): unknown => ({
  name: env.name,
  address: env.address,
  description: env.description,
  current: env.name === current,
});

/** Cells `<mark> <name> `, ` <address> `, an empty one, ` <description>`; the blanks belong to them. */
const tableText = (environments: readonly Environment[], current: string): string =>
  environments
    .map((env) => {
      const mark = env.name === current ? '*' : ' ';
      return `${mark} ${env.name} \t ${env.address || 'none'} \t\t ${env.description}\n`;
    })
    .join('');
