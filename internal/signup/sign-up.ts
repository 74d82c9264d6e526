/** Signing up, for `micro signup` and `micro login --otp`: the conversation that ends with an account and a login (cli.md 5.3). What the environment's signup service decides is its own business. */

import { askNewPassword } from '../cli/ask-password.ts';
import { plainly } from '../cli/plainly.ts';
import type { Auth } from '../contract/auth.ts';
import type { Client } from '../contract/client.ts';
import { ExitError } from '../contract/error.ts';
import { passwordTriesMax } from '../contract/limits.ts';
import type { Output } from '../contract/output.ts';
import type { Values } from '../contract/field.ts';
import type { placeSettings } from '../contract/place-settings.ts';
import { openHome } from '../home/home.ts';
import { saveLogin } from '../home/login.ts';
import { chooseNamespace } from '../home/namespaces.ts';
import { placeOf } from '../home/place.ts';
import { placeOfSettings } from '../home/place-of-settings.ts';

import { awaitPayment } from './await-payment.ts';
import { type NewLogin, type SignupCalls, signupCalls, type Verified } from './signup-calls.ts';

export interface SignUpOptions {
  /** Asked for when left out. */
  readonly email: string | undefined;
  /** Asked for, twice, when left out. */
  readonly password: string | undefined;
  /** Only sends a reminder. */
  readonly recover: boolean;
}

/** What it works with; commands hand over their own. */
export interface SignUpContext {
  readonly config: Values<typeof placeSettings>;
  readonly needs: { readonly auth: Auth; readonly client: Client };
  readonly signal: AbortSignal;
  readonly out: Output;
}

/** Ends with the account's namespace chosen and the account logged in. Throws ExitError 4 where nobody can sign up. */
export const signUp = async (given: SignUpOptions, ctx: SignUpContext): Promise<void> => {
  const { out } = ctx;
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
  const namespace = await logIn(ctx, { ...done, namespace: done.namespace || joined || '' });
  out.line("\nSignup complete! You're now logged in.");
  tellNamespace(ctx, { environment, namespace });
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
  if (!verified.paymentRequired) return;
  out.note('waiting for the payment');
  await plainly(() => awaitPayment({ hasPaid: () => calls.hasPaid(code), signal }));
};

/** The namespace becomes known and current, and its login is this one. Gives the namespace. */
const logIn = async (ctx: SignUpContext, { token, namespace }: NewLogin): Promise<string> => {
  const home = openHome({ configFile: ctx.config.config_file });
  const { env, proxy_address: address } = ctx.config;
  const account = await plainly(() => ctx.needs.auth.inspect(token.accessToken, { signal: ctx.signal }));
  const place = placeOf(home, { env, address, namespace: namespace || account.issuer });
  await saveLogin(home, place, { id: account.id, token });
  await chooseNamespace(home.config, { environment: place.environment, namespace: place.namespace, add: true });
  return place.namespace;
};

const tellNamespace = ({ config, out }: SignUpContext, at: { environment: string; namespace: string }): void => {
  const forced = config.namespace;
  if (forced && forced !== at.namespace)
    out.note(`MICRO_NAMESPACE is ${forced} and wins over ${at.namespace} as long as it is set`);
  else out.note(`you are in namespace ${at.namespace} of ${at.environment} now: micro namespace`);
};
