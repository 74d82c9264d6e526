/** Who the user of the command line is: the token that calls carry and its account. Keeps nothing. */

import type { Account, Auth } from '../../../internal/contract/auth.ts';
import type { Client } from '../../../internal/contract/client.ts';
import { ExitError, isMicroError } from '../../../internal/contract/error.ts';

export interface Own {
  readonly auth: Pick<Auth, 'inspect'>;
  readonly client: Pick<Client, 'login'>;
}

/** Throws ExitError 1 `You are not logged in`, with the reason. */
export const ownToken = async ({ client }: Own): Promise<string> => {
  const token = await client.login?.token();
  if (token === undefined) throw new ExitError('You are not logged in', 1, { hint: client.login?.explain() });
  return token;
};

/** As ownToken; a token that is of no use is told as the server says it. */
export const ownAccount = async (own: Own, signal: AbortSignal): Promise<Account> => {
  const token = await ownToken(own);
  try {
    return await own.auth.inspect(token, { signal });
  } catch (e) {
    throw isMicroError(e) && e.code === 400 ? new ExitError(e.detail, 1, { cause: e, hint: e.hint }) : e;
  }
};
