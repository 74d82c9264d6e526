/** Issues and verifies access tokens against the accounts as they stand. Owns the memory of verified tokens and what ends them. */

import { firstGeneration } from '../../../../internal/auth/generation.ts';
import { claimedExpiryMs, expired, invalidToken } from '../../../../internal/auth/token-shape.ts';
import { type SignedFor, signToken, verifyToken } from '../../../../internal/auth/tokens.ts';
import type { Account } from '../../../../internal/contract/auth.ts';
import { tokenCacheMax } from '../../../../internal/contract/limits.ts';
import type { AccountTable } from './account-table.ts';
import type { KeyRing } from './key-ring.ts';

export interface TokenOffice {
  /** A signed token that lives until `expiry` (unix seconds). */
  issue(o: SignedFor): Promise<string>;
  /** Throws badRequest `invalid token provided`; the hint says whether it expired, is not valid, or its account has changed. */
  verify(token: string): Promise<SignedFor>;
  /** As verify in the moment before it expired: what counts is whether its account stands. */
  verifyPastExpiry(token: string): Promise<SignedFor>;
  /** As verify, where the token was verified before and still holds. */
  known(token: string): SignedFor | undefined;
  /** Its tokens are checked anew from now on: call after an account was deleted or got another secret. */
  end(account: Account): void;
  /** All tokens are checked anew from now on: call after keys were taken away. */
  endAll(): void;
}

export interface TokenOfficeOptions {
  readonly keys: Pick<KeyRing, 'present' | 'keys'>;
  readonly accounts: Pick<AccountTable, 'byId'>;
  /** The generation of tokens that stand for the machine's own user; they belong to no stored account. */
  readonly localGeneration: string;
  readonly now: () => number;
}

export const createTokenOffice = (o: TokenOfficeOptions): TokenOffice => {
  const verified = new Map<string, SignedFor>();
  let ended = 0;
  const verifyNew = async (token: string): Promise<SignedFor> => {
    const before = ended;
    const signed = verifyToken(o.keys.keys(), token, o.now());
    await requireCurrent(signed, o);
    if (before === ended) remember(verified, token, signed);
    return signed;
  };
  return {
    issue: (signed) => signToken(o.keys.present, signed),
    async verify(token) {
      const known = verified.get(token);
      if (known === undefined) return verifyNew(token);
      if (known.expiry * 1_000 > o.now()) return known;
      verified.delete(token);
      throw invalidToken(expired(known.expiry, o.now()));
    },
    async verifyPastExpiry(token) {
      const signed = verifyToken(o.keys.keys(), token, Math.min(o.now(), claimedExpiryMs(token) - 1));
      await requireCurrent(signed, o);
      return signed;
    },
    known(token) {
      const known = verified.get(token);
      return known !== undefined && known.expiry * 1_000 > o.now() ? known : undefined;
    },
    end(account) {
      ended += 1;
      for (const [token, signed] of verified) if (isOf(signed, account)) verified.delete(token);
    },
    endAll() {
      ended += 1;
      verified.clear();
    },
  };
};

/**
 * A token without a generation was signed by another holder of the key. v3 services do so for an account that only they know; v3's server
 * did so for stored ones, which had no generation either.
 */
const requireCurrent = async (signed: SignedFor, o: TokenOfficeOptions): Promise<void> => {
  const { account, generation } = signed;
  if (generation === o.localGeneration) return;
  const stored = await o.accounts.byId(account.issuer, account.id);
  if (stored === undefined && generation === undefined && account.type === 'service') return;
  if (stored !== undefined && stored.generation === (generation ?? firstGeneration(account))) return;
  throw invalidToken(
    stored === undefined
      ? {
          reason: 'ended_account',
          hint: `there is no account ${account.id} in namespace ${account.issuer} any more: log in with another one`,
        }
      : { reason: 'changed_secret', hint: `the secret of ${account.id} has changed since: log in again` },
  );
};

const isOf = (signed: SignedFor, account: Account): boolean =>
  signed.account.id === account.id && signed.account.issuer === account.issuer;

const remember = (verified: Map<string, SignedFor>, token: string, signed: SignedFor): void => {
  const [oldest] = verified.keys();
  if (verified.size >= tokenCacheMax && oldest !== undefined) verified.delete(oldest);
  verified.set(token, signed);
};
