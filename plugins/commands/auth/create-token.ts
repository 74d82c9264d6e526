/** `micro auth create token`: a token that lives for a given time, for yourself or for an account whose secret is given (cli.md 2.11). */

import type { Token, TokenRequest } from '../../../internal/contract/auth.ts';
import { ExitError } from '../../../internal/contract/error.ts';
import type { Output } from '../../../internal/contract/output.ts';
import type { Call, PluginContext } from '../../../internal/contract/plugin.ts';
import { goJson, timeText } from './go-json.ts';
import { lifeSeconds } from './life-seconds.ts';
import { namespaceOf } from './namespace-of.ts';
import { ownToken } from './own-account.ts';
import type { config, tokenFlags, tokenNeeds } from './plugin.ts';
import { refusalAsJson } from './refusal.ts';

type Context = PluginContext<typeof config, typeof tokenNeeds>;
type Flags = Call<typeof tokenFlags>['flags'];

export const run = async (call: Call<typeof tokenFlags>, ctx: Context): Promise<void> => {
  const { flags, out } = call;
  const form = formOf(flags, out.format);
  const id = accountOf(call);
  const expirySeconds = lifeSeconds(flags);
  const request = id === undefined ? await ownRequest(ctx) : await requestFor(id, call);
  const options = { namespace: namespaceOf(flags, ctx.config), signal: ctx.signal };
  const token = await ctx.needs.auth.token({ ...request, expirySeconds }, options).catch((e: unknown) => {
    throw refusalAsJson('Error creating token', e);
  });
  print(out, token, form);
  if (id === undefined && form !== 'json' && ctx.needs.client.login?.origin() === 'local-admin')
    out.note("it stands for this machine's own admin and ends with the server's run: micro login gives one that stays");
};

type Form = 'v3' | 'raw' | 'json';

/** v3's flag gets v3's line; all else gets the token alone, ready for a variable. */
const formOf = ({ output, id }: Flags, format: Output['format']): Form => {
  if (format === 'json') return 'json';
  if (output === 'raw') return 'raw';
  if (output !== undefined && output !== '' && output !== 'text')
    throw new ExitError(`unknown output format: ${output}`, 1, { hint: 'formats: text, raw, json' });
  return id === undefined ? 'raw' : 'v3';
};

/** Undefined: the user of the command line. */
const accountOf = ({ args: [word], flags }: Call<typeof tokenFlags>): string | undefined => {
  if (word !== undefined && flags.id !== undefined && word !== flags.id)
    throw new ExitError(`${word} and --id ${flags.id} are two accounts`, 1, { hint: 'name one of them' });
  const id = word ?? flags.id;
  const aboutOther = id !== undefined || flags.secret !== undefined || flags.namespace !== undefined;
  if (!aboutOther || id) return id;
  throw new ExitError('Missing account ID', 1, {
    hint: 'micro auth create token --for 30m ACCOUNT; without an account it stands for you',
  });
};

/** The server takes a valid token for credentials and answers with another one of the same account. */
const ownRequest = async (ctx: Context): Promise<TokenRequest> => ({
  refreshToken: await ownToken(ctx.needs),
});

const requestFor = async (id: string, { flags, out }: Call<typeof tokenFlags>): Promise<TokenRequest> => {
  const question = `Enter the secret of ${id}: `;
  const secret = flags.secret ?? (await out.prompt(question, { hidden: true, aside: true })).trim();
  if (secret !== '') return { id, secret };
  throw new ExitError('Missing account secret', 1, { hint: 'it is asked for, read from a pipe or given by --secret' });
};

const print = (out: Output, token: Token, form: Form): void => {
  if (form === 'json') out.json(tokenJson(token));
  else if (form === 'v3') out.line(`Token created: ${goJson(tokenJson(token))}`);
  else {
    out.line(token.accessToken);
    if (out.columns !== undefined) out.note(`it lives until ${timeText(token.expiry)}`);
  }
};

const tokenJson = ({ accessToken, refreshToken, created, expiry }: Token) => ({
  access_token: accessToken,
  refresh_token: refreshToken,
  created: timeText(created),
  expiry: timeText(expiry),
});
