/** The environment of a service process (runtime-and-sdk 1.8): what may be inherited, then ours, then the user's, which may not change the namespace. */

import { childEnvironment } from '../../../../internal/process/child-environment.ts';
import type { ServiceRecord } from './service-record.ts';

export interface ServiceAccount {
  readonly id: string;
  readonly secret: string;
}

export const serviceEnvironment = (
  record: ServiceRecord,
  o: {
    readonly proxyAddress: string;
    readonly account: ServiceAccount;
    readonly secrets: Readonly<Record<string, string>>;
  },
): Record<string, string> => ({
  ...childEnvironment(),
  MICRO_PROFILE: 'service',
  MICRO_SERVICE_NAME: record.name,
  MICRO_SERVICE_VERSION: record.version,
  MICRO_PROXY: o.proxyAddress,
  ...userEnvironment(record.env),
  ...o.secrets,
  MICRO_NAMESPACE: record.namespace,
  MICRO_AUTH_ID: o.account.id,
  MICRO_AUTH_SECRET: o.account.secret,
});

/** `K=V` items; the value may hold `=`. */
const userEnvironment = (items: readonly string[]): Record<string, string> =>
  Object.fromEntries(items.map((item) => [item.slice(0, item.indexOf('=')), item.slice(item.indexOf('=') + 1)]));
