/** Whose token the commands of this user send, as the auth service knows it. Makes v3's plain errors of refusals (cli.md 0.3). */

import type { Account, Auth } from '../../../internal/contract/auth.ts';
import type { Client, TokenOrigin } from '../../../internal/contract/client.ts';
import { ExitError, isMicroError } from '../../../internal/contract/error.ts';

export interface Who {
  readonly account: Account;
  readonly origin: TokenOrigin | undefined;
}

interface Needs {
  readonly auth: Auth;
  readonly client: Client;
}

/** Throws ExitError 1 when nobody is logged in, or when the server does not take the token. */
export const who = async ({ auth, client }: Needs, signal: AbortSignal): Promise<Who> => {
  const token = await client.login?.token();
  if (token === undefined) throw new ExitError('You are not logged in', 1, { hint: client.login?.explain() });
  const account = await plainly(() => auth.inspect(token, { signal }), 'micro login');
  return { account, origin: client.login?.origin() };
};

/** A refusal becomes its detail with exit code 1; a server that could not be asked stays as it is. */
export const plainly = async <T>(ask: () => Promise<T>, hint?: string): Promise<T> => {
  try {
    return await ask();
  } catch (e) {
    if (!isMicroError(e) || e.code >= 500 || e.code === 408) throw e;
    throw new ExitError(e.detail.charAt(0).toUpperCase() + e.detail.slice(1), 1, { cause: e, hint: e.hint ?? hint });
  }
};
