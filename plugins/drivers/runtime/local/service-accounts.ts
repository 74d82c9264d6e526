/** The account each service acts with: made before its first start in this server's life, removed when the service is deleted. Secrets stay in memory. */

import type { Auth } from '../../../../internal/contract/auth.ts';
import { isMicroError } from '../../../../internal/contract/error.ts';
import type { ServiceAccount } from './service-environment.ts';
import { keyOf, type ServiceRecord } from './service-record.ts';

export interface ServiceAccounts {
  /** The same account for every process of a service, so that an update does not take the running one's rights away. */
  of(record: ServiceRecord): Promise<ServiceAccount>;
  remove(record: ServiceRecord): Promise<void>;
}

export const createServiceAccounts = (auth: Auth): ServiceAccounts => {
  const made = new Map<string, Promise<ServiceAccount>>();
  return {
    of: (record) => {
      const key = keyOf(record);
      const account = made.get(key) ?? make(auth, record);
      made.set(key, account);
      // A failure is not remembered: the next start tries again.
      account.catch(() => made.delete(key));
      return account;
    },
    remove: async (record) => {
      // One that is being made would otherwise stay behind.
      await made.get(keyOf(record))?.catch(() => undefined);
      made.delete(keyOf(record));
      await removeAccount(auth, record);
    },
  };
};

const accountId = (r: ServiceRecord): string => `${r.name}-${r.version}`;

const make = async (auth: Auth, record: ServiceRecord): Promise<ServiceAccount> => {
  const id = accountId(record);
  // One of that name is left from before a restart; its secret went with the process that made it.
  await removeAccount(auth, record);
  // The driver's own secret: it knows that nobody can guess it, and so hashes it at once.
  const wish = { id, type: 'service', scopes: ['service'] };
  const { secret } = await auth.generate(wish, { namespace: record.namespace });
  return { id, secret };
};

const removeAccount = async (auth: Auth, record: ServiceRecord): Promise<void> => {
  try {
    await auth.deleteAccount(accountId(record), { namespace: record.namespace });
  } catch (e) {
    // There was none.
    if (!isMicroError(e) || e.code >= 500) throw e;
  }
};
