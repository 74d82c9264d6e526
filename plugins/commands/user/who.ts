/** Whose token the commands of this user send, as the auth service knows it. */

import { plainly } from '../../../internal/cli/plainly.ts';
import type { Account, Auth } from '../../../internal/contract/auth.ts';
import type { Client, TokenOrigin } from '../../../internal/contract/client.ts';
import { ExitError } from '../../../internal/contract/error.ts';

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
  if (token === undefined) throw new ExitError('You are not logged in', 1, { hint: placeOf(client.login?.explain()) });
  const account = await plainly(() => auth.inspect(token, { signal }), 'micro login');
  return { account, origin: client.login?.origin() };
};

/** Without saying once more what the first line says. */
const placeOf = (problem: string | undefined): string | undefined =>
  problem?.replace(/^you are not logged in to /, 'environment ');
