/** `micro user token`: the access token that commands send now, renewed if need be (cli.md 2.10). Empty line when there is none. */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';

import type { config, tokenNeeds } from './plugin.ts';

export const run = async ({ out }: Call, ctx: PluginContext<typeof config, typeof tokenNeeds>): Promise<void> => {
  const { login } = ctx.needs.client;
  const token = await login?.token();
  out.line(token ?? '');
  const problem = token === undefined ? login?.explain() : undefined;
  if (problem !== undefined) out.note(problem);
};
