/**
 * How an environment's server is believed: the keys `tls.NAME.*` of the config file. They stand beside the key `envs`, whose string a
 * Go command line writes anew without what it does not know; and they hold for the address they were given for, so that one it changes
 * or adds again under the same name is not trusted by them.
 */

import type { TlsTrust } from '../contract/tls.ts';
import type { ConfigFile, ConfigValues, JsonObject } from './config-file.ts';

/** Undefined when there is nothing of its own: the authorities this machine knows count. `address` is the environment's, as stored. */
export const readTrust = (config: ConfigFile, name: string, address: string): TlsTrust | undefined => {
  const stored = parse(config.get(keyOf(name)));
  if (stored === undefined || stored.address !== address) return undefined;
  return trustFrom(stored);
};

/** What to store; without `trust` what was there goes. */
export const trustValues = (name: string, address: string, trust: TlsTrust | undefined): ConfigValues => {
  const key = keyOf(name);
  const given = Object.entries(trust ?? {}).filter(([, value]) => value !== undefined && value !== false);
  if (given.length === 0) return { [key]: undefined };
  return {
    [key]: undefined,
    [`${key}.address`]: address,
    ...Object.fromEntries(given.map(([field, value]) => [`${key}.${field}`, String(value)])),
  };
};

/** Dots in a name must not make it a part of another's settings. */
const keyOf = (name: string): string => `tls.${name.replaceAll('%', '%25').replaceAll('.', '%2E')}`;

const parse = (text: string): JsonObject | undefined => {
  if (!text.startsWith('{')) return undefined;
  return JSON.parse(text) as JsonObject;
};

const trustFrom = (stored: JsonObject): TlsTrust => ({
  ...textOf(stored, 'ca'),
  ...textOf(stored, 'fingerprint'),
  ...textOf(stored, 'cert'),
  ...textOf(stored, 'key'),
  ...(stored.insecure === 'true' ? { insecure: true } : {}),
});

const textOf = <K extends string>(stored: JsonObject, key: K): { readonly [k in K]?: string } => {
  const value = stored[key];
  return typeof value === 'string' && value !== '' ? ({ [key]: value } as { readonly [k in K]: string }) : {};
};
