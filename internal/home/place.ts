/** Which server a run of the command line speaks to, in which namespace, and whose login it uses there. Pure reading of the home; no tokens. */

import { ExitError } from '../contract/error.ts';
import type { TlsTrust } from '../contract/tls.ts';
import { readTrust } from './environment-trust.ts';
import { findEnvironment, selectedName } from './environments.ts';
import type { Home } from './home.ts';
import { currentNamespace } from './namespaces.ts';
import { parseAddress, type Target } from './target.ts';

export interface PlaceOptions {
  /** `--env`, MICRO_ENV. */
  readonly env?: string;
  /** `--proxy_address`, MICRO_PROXY: instead of the environment's address. */
  readonly address?: string;
  /** Instead of the environment's current namespace. */
  readonly namespace?: string;
}

export interface Place extends Target {
  readonly environment: string;
  readonly namespace: string;
  /** The address as it was stored or given; logins are kept under it. */
  readonly stored: string;
  /** The address is not the environment's own. */
  readonly overruled?: boolean;
  /** Whom to believe there, when that is not the authorities this machine knows. */
  readonly trust?: TlsTrust;
}

/** What logs in there: with `-e` unless that environment is the one that is selected. */
export const loginCommand = (home: Home, { environment }: Pick<Place, 'environment'>): string =>
  environment === selectedName(home.config) ? 'micro login' : `micro -e ${environment} login`;

/** Throws ExitError for an unknown environment, one without an address, or what is no address. */
export const placeOf = (home: Home, o: PlaceOptions = {}): Place => {
  const environment = selectedName(home.config, o.env);
  const stored = o.address || findEnvironment(home.config, environment).address;
  if (stored === '')
    throw new ExitError(`environment ${environment} has no address`, 1, {
      hint: `micro env add ${environment} ADDRESS`,
    });
  const namespace = o.namespace || currentNamespace(home.config, environment);
  const target = parseAddress(stored);
  const trust = target.tls ? readTrust(home.config, environment, stored) : undefined;
  return { environment, namespace, stored, overruled: Boolean(o.address), ...target, trust };
};
