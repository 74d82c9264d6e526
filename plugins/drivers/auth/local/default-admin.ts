/** The account admin that namespace `micro` starts with (wire.md 5.1). Decides when to make it; never makes it elsewhere or twice. */

import { defaultNamespace } from '../../../../internal/contract/core.ts';
import type { AccountTable, StoredAccount } from './account-table.ts';

export interface DefaultAdmin {
  /** Makes it when this is namespace `micro` and holds no account of type user. Calls must not overlap. */
  ensure(namespace: string): Promise<void>;
  /** Call after an account was deleted: it may have been the last user. */
  recheck(): void;
}

export const createDefaultAdmin = (o: {
  readonly accounts: AccountTable;
  readonly disabled: boolean;
  make(): Promise<StoredAccount>;
}): DefaultAdmin => {
  // Once there is a user there stays one until a deletion, so the table is looked through once.
  let hasUser = false;
  return {
    async ensure(namespace) {
      if (o.disabled || hasUser || namespace !== defaultNamespace) return;
      const stored = await o.accounts.list(namespace);
      if (!stored.some(({ account }) => account.type === 'user')) await o.accounts.put(await o.make());
      hasUser = true;
    },
    recheck() {
      hasUser = false;
    },
  };
};
