/** `micro login`: trades id and secret for a token and keeps it (cli.md 5.1). Asks for what no flag gave. */

import type { Account, Auth, Token } from '../../../internal/contract/auth.ts';
import { defaultNamespace } from '../../../internal/contract/core.ts';
import { ExitError, isMicroError } from '../../../internal/contract/error.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { openHome } from '../../../internal/home/home.ts';
import { removeLogin, saveLogin } from '../../../internal/home/login.ts';
import type { Place } from '../../../internal/home/place.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';

import type { config, flags, needs } from './plugin.ts';

/** Short on purpose, as in v3: the first command after a login renews it, and so proves the refresh token. */
const loginExpirySeconds = 60;
/** For those who gave no name or no password, from an empty pipe for one. */
const usageHint = 'micro login --username NAME --password SECRET';

export const run = async (call: Call<typeof flags>, ctx: PluginContext<typeof config, typeof needs>): Promise<void> => {
  if (call.flags.otp) return signUpInstead(call, ctx);
  const home = openHome({ configFile: ctx.config.config_file });
  const place = placeOfSettings(ctx.config);
  const id = (call.flags.username ?? (await call.out.prompt('Enter username: '))).trim();
  const secret = (call.flags.password ?? (await call.out.prompt('Enter password: ', { hidden: true }))).trim();
  try {
    const credentials = { id, secret };
    const { account, token } = await logIn(ctx.needs.auth, credentials, {
      namespace: place.namespace,
      signal: ctx.signal,
    });
    await saveLogin(home, place, { id: account.id, token });
  } catch (e) {
    if (!isMicroError(e) || !isRefusal(e.code)) throw e;
    // As in v3, whoever fails to log in is not logged in; the login that was there before would be a surprise.
    if (e.code !== tooManyCode) await removeLogin(home, place);
    const hint = e.hint ?? otherNamespaceHint(place);
    throw new ExitError(e.detail, 1, { cause: e, hint: id && secret ? hint : usageHint });
  }
  call.out.line('Successfully logged in.');
};

/** v3.0 to v3.2 had both ways. */
const signUpInstead = async (
  { flags: { username: email, password }, out }: Call<typeof flags>,
  ctx: PluginContext<typeof config, typeof needs>,
): Promise<void> => {
  const { signUp } = await import('../../../internal/signup/sign-up.ts');
  await signUp({ email, password, recover: false }, { config: ctx.config, needs: ctx.needs, signal: ctx.signal, out });
};

const logIn = async (
  auth: Auth,
  credentials: { readonly id: string; readonly secret: string },
  o: { readonly namespace: string; readonly signal: AbortSignal },
): Promise<{ readonly account: Account; readonly token: Token }> => {
  const token = await auth.token({ ...credentials, expirySeconds: loginExpirySeconds }, o);
  return { token, account: await auth.inspect(token.accessToken, o) };
};

/** The server did not even look at the password. */
const tooManyCode = 429;

const isRefusal = (code: number): boolean => [400, 401, 403, tooManyCode].includes(code);

/** Accounts belong to a namespace, and after a sign-up or an export of MICRO_NAMESPACE one easily forgets in which one one is. */
const otherNamespaceHint = ({ environment, namespace }: Place): string | undefined =>
  namespace === defaultNamespace
    ? undefined
    : `this is namespace ${namespace} of ${environment}: for another one micro namespace set NAME, or micro --namespace NAME login`;
