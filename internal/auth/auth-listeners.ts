/** Who wants to know of changes to accounts and rules: what a driver of the auth slot keeps for `changes`. Knows no change. */

import type { AuthChange, AuthListener } from '../contract/auth-change.ts';

export interface AuthListeners {
  /** As Auth.changes. */
  add(listener: AuthListener): () => void;
  tell(change: AuthChange): void;
  readonly size: number;
}

export const createAuthListeners = (): AuthListeners => {
  // Entries of their own: one function may listen twice.
  const entries = new Set<{ readonly listener: AuthListener }>();
  return {
    add(listener) {
      const entry = { listener };
      entries.add(entry);
      return () => void entries.delete(entry);
    },
    tell(change) {
      for (const { listener } of entries) listener(change);
    },
    get size() {
      return entries.size;
    },
  };
};
