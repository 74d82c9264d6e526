/**
 * How often a login may fail, per account and per address, and who is held up when it was too often. Owns the counting; compares no secrets.
 *
 * Strangers to an account share one bucket of it, so that many addresses together may guess no more than one. An address from which the
 * account has logged in before has a bucket of its own, and so has this machine: who attacks an account from elsewhere cannot keep its
 * owner out. The bucket of an address is for all accounts together that it is strange to, so that neither does a neighbour behind the same
 * address; this machine has none. Why it is so: docs/adr/0020-login-limits.md.
 */

import type { Logger } from '../../../../internal/contract/logger.ts';
import { tooMany } from '../../../../internal/contract/error.ts';
import { loginAccountsMax, loginAddressesMax, loginBucketsMax } from '../../../../internal/contract/limits.ts';
import { formatDuration } from '../../../../internal/time/duration.ts';
import { keyOf } from './auth-table.ts';
import { thisMachine } from './caller-network.ts';
import { createFailureBuckets, type FailureBuckets } from './failure-buckets.ts';

/** One try of a secret. */
export interface LoginTry {
  /** Error id. */
  readonly at: string;
  readonly namespace: string;
  /** Of the account, where there is one; else as it was asked for. Both are counted alike. */
  readonly id: string;
  /** As networkOf() says. */
  readonly network: string;
}

export interface LoginLimits {
  /** Throws tooMany `too many failed logins …` where the secret may not be tried now. Answers whether the account is a stranger there. */
  check(login: LoginTry): boolean;
  /** As check, and counts the try as failed until succeeded() is called. For the moment before the comparison. */
  begin(login: LoginTry): { succeeded(): void };
  /** The account has been at this address with a right to it. */
  known(login: Pick<LoginTry, 'namespace' | 'id' | 'network'>): void;
}

export interface LoginLimitsOptions {
  readonly perAccount: { readonly size: number; readonly refillMs: number };
  readonly perAddress: { readonly size: number; readonly refillMs: number };
  readonly now: () => number;
  readonly log: Logger;
}

export const createLoginLimits = (o: LoginLimitsOptions): LoginLimits => {
  const buckets = (of: { readonly size: number; readonly refillMs: number }): FailureBuckets =>
    createFailureBuckets({ ...of, buckets: loginBucketsMax, now: o.now });
  const accounts = buckets(o.perAccount);
  const addresses = buckets(o.perAddress);
  const networks = createKnownNetworks();
  const isKnown = ({ namespace, id, network }: LoginTry): boolean =>
    network === thisMachine || networks.has(keyOf(namespace, id), network);
  const bucketOf = (login: LoginTry): string => {
    const { namespace, id, network } = login;
    return isKnown(login) ? keyOf('known', namespace, id, network) : keyOf('strangers', namespace, id);
  };
  const check = (login: LoginTry): boolean => {
    const { at, id, network } = login;
    const stranger = !isKnown(login);
    if (stranger) refuse(addresses.waitMs(network), { at, what: `from ${network}`, stranger });
    refuse(accounts.waitMs(bucketOf(login)), { at, what: `as ${id}`, stranger });
    return stranger;
  };
  return {
    check,
    begin(login) {
      check(login);
      const { namespace, id, network } = login;
      const bucket = bucketOf(login);
      const isLocal = network === thisMachine;
      accounts.take(bucket);
      if (!isLocal) addresses.take(network);
      if (accounts.waitMs(bucket) > 0) o.log.warn('logins of an account are held up', { namespace, id, network });
      else if (!isLocal && addresses.waitMs(network) > 0) o.log.warn('logins from an address are held up', { network });
      return {
        succeeded: () => {
          accounts.giveBack(bucket);
          if (!isLocal) addresses.giveBack(network);
          networks.add(keyOf(namespace, id), network);
        },
      };
    },
    known: ({ namespace, id, network }) => networks.add(keyOf(namespace, id), network),
  };
};

interface Refusal {
  readonly at: string;
  readonly what: string;
  readonly stranger: boolean;
}

const refuse = (waitMs: number, { at, what, stranger }: Refusal): void => {
  if (waitMs <= 0) return;
  const wait = formatDuration(Math.ceil(waitMs / 1_000) * 1_000);
  throw tooMany(at, `too many failed logins ${what}: try again in ${wait}`, {
    reason: 'too_many_logins',
    hint: stranger ? `wait ${wait}, or log in from where the account has logged in before` : `wait ${wait}`,
  });
};

interface KnownNetworks {
  has(account: string, network: string): boolean;
  add(account: string, network: string): void;
}

/** The networks that accounts have logged in from lately: few of each account, so that nobody pushes out those of another. */
const createKnownNetworks = (): KnownNetworks => {
  const byAccount = new Map<string, readonly string[]>();
  return {
    has: (account, network) => byAccount.get(account)?.includes(network) ?? false,
    add(account, network) {
      if (network === thisMachine) return;
      const others = (byAccount.get(account) ?? []).filter((n) => n !== network);
      byAccount.delete(account);
      const [oldest] = byAccount.keys();
      if (byAccount.size >= loginAccountsMax && oldest !== undefined) byAccount.delete(oldest);
      byAccount.set(account, [network, ...others].slice(0, loginAddressesMax));
    },
  };
};
