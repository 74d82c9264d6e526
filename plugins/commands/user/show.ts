/** `micro user`: the name of the account that commands act as (cli.md 2.10). */

import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';

import type { config, needs } from './plugin.ts';
import { who } from './who.ts';

export const run = async ({ out }: Call, ctx: PluginContext<typeof config, typeof needs>): Promise<void> => {
  const { environment } = placeOfSettings(ctx.config);
  const { account, origin } = await who(ctx.needs, ctx.signal);
  const { id, type, issuer: namespace, scopes } = account;
  const name = account.name || id;
  if (out.format === 'json') return out.json({ id, name, type, namespace, scopes, environment, login: origin });
  out.line(name);
  if (origin === 'local-admin')
    out.note("this machine's own credential, without a login: micro login makes you somebody else");
  if (origin === 'service') out.note('the account of MICRO_AUTH_ID, which wins over a login');
};
