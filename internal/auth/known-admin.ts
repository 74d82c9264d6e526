/** Whether everybody knows the admin's secret: `admin` and `micro` log in only while every listener is on loopback. Asks the auth that is in use; changes nothing. */

import type { Auth } from '../contract/auth.ts';
import { defaultNamespace } from '../contract/core.ts';
import { ExitError, isMicroError } from '../contract/error.ts';
import type { Host } from '../contract/host.ts';

/** The login of a fresh server on one machine (wire.md 5.1). */
export const knownAdmin = { id: 'admin', secret: 'micro' } as const;

/** The words of the refusal, for whoever finds that secret in use. */
export const knownAdminError = (listener: string): ExitError =>
  new ExitError(
    `${listener} is off loopback, and the account ${knownAdmin.id} still has the secret ${knownAdmin.secret}`,
    1,
    {
      hint: 'start without that address, type micro login and micro user set password, then start like this again',
    },
  );

/** Throws ExitError when that login works, or when nobody can say; `address` is the listener that would be open to others. An auth of this process that was told of it has seen to it. */
export const refuseKnownAdmin = async (o: {
  readonly auth: Pick<Auth, 'token'>;
  readonly host: Pick<Host, 'manifests' | 'states'>;
  readonly address: string;
}): Promise<void> => {
  if (hasToldAuth(o.host)) return;
  try {
    await o.auth.token(knownAdmin, { namespace: defaultNamespace });
  } catch (e) {
    if (isMicroError(e) && e.code < 500 && e.code !== 429 && e.code !== 408) return;
    const reason = isMicroError(e) ? e.detail : String(e);
    throw new ExitError(`cannot see whether ${o.address} may be open to others: ${reason}`, 1, { cause: e });
  }
  throw knownAdminError(o.address);
};

/** Drivers with a setting `exposed` are told by the host (internal/host/exposure.ts). */
const hasToldAuth = (host: Pick<Host, 'manifests' | 'states'>): boolean => {
  const started = new Set(host.states().flatMap(({ id, state }) => (state === 'started' ? [id] : [])));
  return host
    .manifests()
    .some(
      (p) => p.kind === 'driver' && p.provides.name === 'auth' && started.has(p.id) && 'exposed' in (p.config ?? {}),
    );
};
