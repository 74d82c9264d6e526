/** What the auth slot tells of changes to accounts and rules, so that answers which were remembered and calls that are open can follow. Types only. */

/** Tokens have ended before their time: their account was deleted, or got another secret. */
export interface EndedTokens {
  readonly kind: 'tokens';
  /** Which tokens: the ones whose header says this as `gen`. No other account ever has it, and it names nobody. */
  readonly generation: string;
  readonly reason: 'ended_account' | 'changed_secret';
  /** Whose; left out for a listener that may not know. */
  readonly account?: { readonly namespace: string; readonly id: string };
}

export type AuthChange =
  | EndedTokens
  /** Rules of this namespace were made or deleted. */
  | { readonly kind: 'rules'; readonly namespace: string }
  /** Changes may have been missed: whatever was learnt before may have ended. */
  | { readonly kind: 'missed' };

/** Must not throw, and must not wait. */
export type AuthListener = (change: AuthChange) => void;
