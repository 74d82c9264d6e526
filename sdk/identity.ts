/** Who a service is: what the runtime says wins over what the code says. Pure. */

import { defaultNamespace, defaultVersion } from '../internal/contract/core.ts';
import type { Environment } from './launch.ts';

export interface Identity {
  readonly name: string;
  readonly version: string;
  readonly namespace: string;
}

/** Throws when nobody named the service. */
export const identityOf = (o: { readonly name?: string; readonly version?: string }, env: Environment): Identity => {
  const name = env.MICRO_SERVICE_NAME || o.name;
  if (!name) throw new Error('missing service name');
  return {
    name,
    version: env.MICRO_SERVICE_VERSION || o.version || defaultVersion,
    namespace: env.MICRO_NAMESPACE || defaultNamespace,
  };
};
