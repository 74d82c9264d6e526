/** `micro signup`: the conversation that ends with an account and a login (cli.md 5.3). What the environment's signup service decides is its own business. */

import { askNewPassword } from '../../../internal/cli/ask-password.ts';
import { plainly } from '../../../internal/cli/plainly.ts';
import { ExitError } from '../../../internal/contract/error.ts';
import { passwordTriesMax } from '../../../internal/contract/limits.ts';
import type { Output } from '../../../internal/contract/output.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { openHome } from '../../../internal/home/home.ts';
import { saveLogin } from '../../../internal/home/login.ts';
import { chooseNamespace } from '../../../internal/home/namespaces.ts';
import { placeOf } from '../../../internal/home/place.ts';
import { placeOfSettings } from '../../../internal/home/place-of-settings.ts';

import { awaitPayment } from './await-payment.ts';
import type { config, flags, needs } from './plugin.ts';
import { type NewLogin, type SignupCalls, signupCalls, type Verified } from './signup-calls.ts';

type Context = PluginContext<typeof config, typeof needs>;

export const run = async ({ args, flags: given, out }: Call<typeof flags>, ctx: Context): Promise<void> => {
  if (args.length > 0)
    throw new ExitError(`micro signup takes no words: ${args.join(' ')}`, 1, {
      hint: "the service itself is called with: micro call signup Signup.METHOD '{}'",
    });
  const { environment } = placeOfSettings(ctx.config);
  const calls = signupCalls(ctx.needs.client, ctx.signal);
  if (!(await calls.isThere()))
    throw new ExitError(`environment ${environment} has no signup service`, 4, {
      hint: 'an admin of it can make you an account: micro auth create account ID',
    });
  const email = (given.email ?? (await out.prompt('Enter email address: '))).trim();
  if (email === '') throw new ExitError('no email address given', 1, { hint: 'micro signup --email ADDRESS' });
  if (given.recover) return plainly(() => calls.recover(email));
  await plainly(() => calls.sendCode(email));
  const code = (await out.prompt('Enter the OTP sent to your email address: ')).trim();
  const verified = await plainly(() => calls.verify(email, code));
  const joined = await askNamespace(out, verified.namespaces);
  const secret = given.password?.trim() || (await askNewPassword(out));
  if (joined === undefined) await pay({ calls, code, verified, out, signal: ctx.signal });
  const done = await plainly(() => calls.complete({ email, code, secret, namespace: joined ?? '' }));
  await logIn(ctx, { ...done, namespace: done.namespace || joined || '' }, out);
  out.line("\nSignup complete! You're now logged in.");
};

/** The namespace to join; undefined: one of one's own, without a question where none is offered. */
const askNamespace = async (out: Output, [offered]: readonly string[]): Promise<string | undefined> => {
  if (offered === undefined) return undefined;
  let question = `You may join the namespace ${offered}, or have one of your own. Answer "own" or "join": `;
  for (let tries = 0; tries < passwordTriesMax; tries += 1) {
    const answer = (await out.prompt(question)).trim();
    if (answer === 'join') return offered;
    if (answer === 'own') return undefined;
    question = `Answer "${answer}" is invalid. Valid answers are: "own" or "join": `;
  }
  throw new ExitError(`no valid answer within passwordTriesMax (${passwordTriesMax}) tries`, 1);
};

interface Payment {
  readonly calls: SignupCalls;
  readonly code: string;
  readonly verified: Verified;
  readonly out: Output;
  readonly signal: AbortSignal;
}

/** The message is where a service says how to pay. */
const pay = async ({ calls, code, verified, out, signal }: Payment): Promise<void> => {
  if (verified.message !== '') out.line(`\n${verified.message}`);
  if (verified.paymentRequired) await plainly(() => awaitPayment({ hasPaid: () => calls.hasPaid(code), signal }));
};

/** The namespace becomes known and current, and its login is this one. */
const logIn = async (ctx: Context, { token, namespace }: NewLogin, out: Output): Promise<void> => {
  const home = openHome({ configFile: ctx.config.config_file });
  const { env, proxy_address: address, namespace: forced } = ctx.config;
  const account = await plainly(() => ctx.needs.auth.inspect(token.accessToken, { signal: ctx.signal }));
  const place = placeOf(home, { env, address, namespace: namespace || account.issuer });
  await saveLogin(home, place, { id: account.id, token });
  await chooseNamespace(home.config, { environment: place.environment, namespace: place.namespace, add: true });
  if (forced && forced !== place.namespace)
    out.note(`MICRO_NAMESPACE is ${forced} and wins over ${place.namespace} as long as it is set`);
};
