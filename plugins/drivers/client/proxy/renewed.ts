/** A token of our own that the server refuses though it is good by the clock here: its keys were replaced, or the clocks differ. Asks for another one. */

import type { DenialReason } from '../../../../internal/contract/denial.ts';
import { errorFields, isMicroError, microError } from '../../../../internal/contract/error.ts';
import type { Session } from '../../../../internal/home/session.ts';

const refusals: ReadonlySet<unknown> = new Set<DenialReason>(['wrong_environment', 'invalid_token', 'expired_token']);

export interface Refused {
  /** What the call was sent with; undefined: as nobody. */
  readonly token: string | undefined;
  readonly session: Pick<Session, 'renew'>;
}

/**
 * The same error, told to try again, when the next call will find another token; else undefined. The call itself is not sent again: it
 * may have been under way when its token ended.
 */
export const renewed = async (error: unknown, { token, session }: Refused): Promise<unknown> => {
  if (token === undefined || !isMicroError(error) || error.code !== 401 || !refusals.has(error.reason))
    return undefined;
  const other = await session.renew(token).catch(() => undefined);
  // How far the clocks are apart is what there is to say then.
  if (other === undefined || error.reason === 'expired_token') return undefined;
  const { code, id, detail } = error;
  const hint = 'the token in use had ended before its time; there is a new one now: try again';
  return microError(code, id, detail, { ...errorFields(error), hint, cause: error });
};
