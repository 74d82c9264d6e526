/** `micro env` and `micro env list`: the environments in a table of v3's layout (cli.md 2.8). Touches no network. */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { type Environment, listEnvironments, selectedName } from '../../../internal/home/environments.ts';
import { openHome } from '../../../internal/home/home.ts';

import type { config } from './plugin.ts';

export const run = async (call: Call, ctx: PluginContext<typeof config>): Promise<void> => {
  const home = openHome({ configFile: ctx.config.config_file });
  const current = selectedName(home.config, ctx.config.env);
  const environments = listEnvironments(home.config);
  if (call.out.format === 'json') call.out.json(environments.map((env) => toJson(env, current)));
  else for (const line of layOut(environments, current)) call.out.line(line);
};

const toJson = (env: Environment, current: string): unknown => ({
  name: env.name,
  address: env.address,
  description: env.description,
  current: env.name === current,
});

/** Cells `<mark> <name> `, ` <address> `, an empty one, ` <description>`; each but the last padded to its column and one blank more. */
const layOut = (environments: readonly Environment[], current: string): readonly string[] => {
  const rows = environments.map((env) => [
    `${env.name === current ? '*' : ' '} ${env.name} `,
    ` ${env.address || 'none'} `,
    '',
    ` ${env.description}`,
  ]);
  const last = 3;
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => lengthOf(row[column] ?? ''))) + 1);
  return rows.map((row) =>
    row.map((cell, column) => (column === last ? cell : padTo(cell, widths[column] ?? 0))).join(''),
  );
};

const lengthOf = (text: string): number => [...text].length;
const padTo = (text: string, width: number): string => text + ' '.repeat(width - lengthOf(text));
