/** `micro user set password`: changes a password, one's own unless another account is named (cli.md 5.5). Silent; keeps the login alive. */

import { askNewPassword } from '../../../internal/cli/ask-password.ts';
import { plainly } from '../../../internal/cli/plainly.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { openHome } from '../../../internal/home/home.ts';
import { readLogin, saveLogin } from '../../../internal/home/login.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';

import type { config, needs, passwordFlags } from './plugin.ts';
import { who, type Who } from './who.ts';

type Context = PluginContext<typeof config, typeof needs>;

/** As after `micro login`: the first command renews it. */
const loginExpirySeconds = 60;

export const run = async ({ flags, out }: Call<typeof passwordFlags>, ctx: Context): Promise<void> => {
  const me = await who(ctx.needs, ctx.signal);
  const id = flags.email?.trim() || me.account.id;
  const oldSecret = (flags.old_password ?? (await out.prompt('Enter current password: ', { hidden: true }))).trim();
  const newSecret = flags.new_password?.trim() ?? (await askNewPassword(out));
  const { namespace } = placeOfSettings(ctx.config);
  const o = { namespace, signal: ctx.signal };
  await plainly(() => ctx.needs.auth.changeSecret(id, { oldSecret, newSecret }, o));
  if (me.origin === 'login' && isOwn(me, id, namespace))
    await logInAgain(ctx, { id: me.account.id, secret: newSecret });
};

const isOwn = ({ account }: Who, id: string, namespace: string): boolean =>
  account.issuer === namespace && (account.id === id || account.name === id);

/** A new secret ends every login that the old one made, and this one must not be among them. */
const logInAgain = async (
  ctx: Context,
  credentials: { readonly id: string; readonly secret: string },
): Promise<void> => {
  const home = openHome({ configFile: ctx.config.config_file });
  const place = placeOfSettings(ctx.config);
  if (readLogin(home, place) === undefined) return;
  const { namespace } = place;
  const request = { ...credentials, expirySeconds: loginExpirySeconds };
  const token = await ctx.needs.auth.token(request, { namespace, signal: ctx.signal });
  await saveLogin(home, place, { id: credentials.id, token });
};
