/** What the user can do about a connection that failed for TLS, which needs the environment to say. Loaded for such failures alone. */

import { errorFields, isMicroError, microError } from '../../../../internal/contract/error.ts';
import { tlsFaultOf } from '../../../../internal/contract/tls.ts';
import { explainTls } from '../../../../internal/home/explain-tls.ts';
import type { Place } from '../../../../internal/home/place.ts';
import { findTlsFault } from '../../../../internal/rpc/find-tls-fault.ts';

/** The same error with a hint, or the one that says what was wrong; any other as it is. */
export const explainConnection = async (
  error: unknown,
  { session, now }: { readonly session: Place; readonly now: () => number },
): Promise<unknown> => {
  const found = await findTlsFault(error, session);
  const fault = tlsFaultOf(found);
  if (fault === undefined || !isMicroError(found)) return error;
  const { code, id, detail } = found;
  return microError(code, id, detail, { ...errorFields(found), hint: explainTls(fault, session, now()), cause: found });
};
