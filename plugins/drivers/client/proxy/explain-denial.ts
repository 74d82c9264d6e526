/** What only the caller knows about a 401: that it has no login, or that its clock and the server's differ. Pure; asks nobody. */

import { claimedExpiryMs } from '../../../../internal/auth/token-shape.ts';
import { errorFields, isMicroError, microError } from '../../../../internal/contract/error.ts';
import type { Session } from '../../../../internal/home/session.ts';
import { formatDuration } from '../../../../internal/time/duration.ts';

export interface Caller {
  /** What the call was sent with; undefined: as nobody. */
  readonly token: string | undefined;
  readonly session: Pick<Session, 'environment' | 'explain'>;
  readonly now: () => number;
}

/** The same error, with reason and hint where the caller knows better; anything that is no denial as it is. */
export const explainDenial = (error: unknown, { token, session, now }: Caller): unknown => {
  if (!isMicroError(error) || error.code !== 401) return error;
  const { code, id, detail } = error;
  if (token === undefined) {
    if (error.hint !== undefined && error.reason !== 'no_token') return error;
    return microError(code, id, detail, { reason: 'no_token', hint: session.explain() ?? error.hint, cause: error });
  }
  if (error.reason !== 'expired_token' || error.server_time === undefined || claimedExpiryMs(token) <= now())
    return error;
  const seconds = error.server_time - Math.floor(now() / 1_000);
  const hint = `the clock here is ${formatDuration(Math.abs(seconds) * 1_000)} ${seconds > 0 ? 'behind' : 'ahead of'} that of the server of ${session.environment}, so its tokens seem to last: set the clock, then micro login`;
  return microError(code, id, detail, { ...errorFields(error), reason: 'clock_skew', hint, cause: error });
};
