/**
 * The account each service acts with: made before its first start in this server's life, removed when the service is deleted, or by the
 * next server when that was cut short. Owns the list of those that were made; secrets stay in memory.
 */

import type { Account, Auth } from '../../../../internal/contract/auth.ts';
import { defaultNamespace } from '../../../../internal/contract/core.ts';
import { conflict, isMicroError } from '../../../../internal/contract/error.ts';
import type { Store } from '../../../../internal/contract/store.ts';
import type { ServiceAccount } from './service-environment.ts';
import { keyOf, type ServiceRecord } from './service-record.ts';

type Service = Pick<ServiceRecord, 'namespace' | 'name' | 'version'>;

export interface ServiceAccounts {
  /** The same account for every process of a service, so that an update does not take the running one's rights away. */
  of(service: Service): Promise<ServiceAccount>;
  remove(service: Service): Promise<void>;
  /** Removes the accounts of services that are none of these; answers whose they were. */
  sweep(services: readonly Service[]): Promise<readonly Service[]>;
}

export const createServiceAccounts = (o: {
  readonly auth: Pick<Auth, 'generate' | 'deleteAccount' | 'accounts'>;
  readonly store: Store;
}): ServiceAccounts => {
  const made = new Map<string, Promise<ServiceAccount>>();
  const list = openAccountList(o.store);
  const remove = async (service: Service): Promise<void> => {
    // Another one of that name is none of our business.
    if (!(await list.has(service))) return;
    await deleteIfThere(o.auth, service);
    await list.remove(service);
  };
  return {
    of: (service) => {
      const key = keyOf(service);
      const account = made.get(key) ?? make(o.auth, list, service);
      made.set(key, account);
      // A failure is not remembered: the next start tries again.
      account.catch(() => made.delete(key));
      return account;
    },
    remove: async (service) => {
      // One that is being made would otherwise stay behind.
      await made.get(keyOf(service))?.catch(() => undefined);
      made.delete(keyOf(service));
      await remove(service);
    },
    sweep: async (services) => {
      const wanted = new Set(services.map(keyOf));
      const left = (await list.all()).filter((service) => !wanted.has(keyOf(service)));
      for (const service of left) await remove(service);
      return left;
    },
  };
};

const accountId = (service: Service): string => `${service.name}-${service.version}`;

const make = async (
  auth: Pick<Auth, 'generate' | 'deleteAccount' | 'accounts'>,
  list: AccountList,
  service: Service,
): Promise<ServiceAccount> => {
  const id = accountId(service);
  // One that is left from before a restart: its secret went with the process that made it.
  if (await list.has(service)) await deleteIfThere(auth, service);
  else {
    await requireOwnId(list, service);
    await takeOver(auth, service);
    // Before it is made: an account that nobody remembers would never be removed.
    await list.add(service);
  }
  // The driver's own secret: it knows that nobody can guess it, and so hashes it at once.
  const wish = { id, type: 'service', scopes: ['service'] };
  const { secret } = await auth.generate(wish, { namespace: service.namespace });
  return { id, secret };
};

/** `a-b` at `c` and `a` at `b-c` would share one account, as in v3. */
const requireOwnId = async (list: AccountList, service: Service): Promise<void> => {
  const id = accountId(service);
  const same = (s: Service): boolean => s.namespace === service.namespace && accountId(s) === id;
  const holder = (await list.all()).find(same);
  if (holder !== undefined)
    throw conflict('drivers/runtime/local', `the service needs an account ${id}, and ${keyOf(holder)} has it`, {
      hint: 'give the service another name or version',
    });
};

/** Servers before the list was kept have left accounts of services; one that somebody made for another purpose is not touched. */
const takeOver = async (auth: Pick<Auth, 'deleteAccount' | 'accounts'>, service: Service): Promise<void> => {
  const { namespace } = service;
  const id = accountId(service);
  const present = (await auth.accounts({ namespace })).find((a: Account) => a.id === id || a.name === id);
  if (present === undefined) return;
  if (present.id !== id || present.type !== 'service')
    throw conflict('drivers/runtime/local', `the service needs an account ${id}, and one of that name is in use`, {
      hint: `give the service another name or version, or delete the account ${present.id} of namespace ${namespace}`,
    });
  await deleteIfThere(auth, service);
};

const deleteIfThere = async (auth: Pick<Auth, 'deleteAccount'>, service: Service): Promise<void> => {
  try {
    await auth.deleteAccount(accountId(service), { namespace: service.namespace });
  } catch (e) {
    // There was none.
    if (!isMicroError(e) || e.code >= 500) throw e;
  }
};

/** Whose accounts were made here and not yet removed. */
interface AccountList {
  has(service: Service): Promise<boolean>;
  add(service: Service): Promise<void>;
  remove(service: Service): Promise<void>;
  all(): Promise<readonly Service[]>;
}

const place = { database: defaultNamespace, table: 'runtime' };
const prefix = 'account:';

const openAccountList = (store: Store): AccountList => ({
  has: async (service) => (await store.read(prefix + keyOf(service), place)) !== undefined,
  add({ namespace, name, version }) {
    const service = { namespace, name, version };
    return store.write({ key: prefix + keyOf(service), value: Buffer.from(JSON.stringify(service)) }, place);
  },
  remove: (service) => store.delete(prefix + keyOf(service), place),
  all: async () =>
    (await store.scan({ ...place, prefix })).map((r) => JSON.parse(Buffer.from(r.value).toString('utf8')) as Service),
});
