/** Whether a secret is an account's own, with everything that makes guessing slow. Knows no tokens. */

import { isBcrypt } from '../../../../internal/auth/passwords.ts';
import type { LoginOptions } from '../../../../internal/contract/auth.ts';
import type { Problem } from '../../../../internal/contract/denial.ts';
import { badRequest, microError } from '../../../../internal/contract/error.ts';
import { accountIdCharsMax } from '../../../../internal/contract/limits.ts';
import type { StoredAccount } from './account-table.ts';
import { networkOf } from './caller-network.ts';
import type { LoginLimits } from './login-limits.ts';
import type { Parts } from './parts.ts';

interface Tried {
  /** Error id. */
  readonly at: string;
  readonly namespace: string;
  /** As networkFrom() says. */
  readonly network: string;
  readonly id: string;
  readonly secret: string;
  /** What a refusal adds. */
  readonly problem?: Problem | undefined;
}

/** The account, if the secret is its own. An unknown account costs as much as a wrong secret, so that the time says nothing. */
export const requireSecret = async (p: Parts, { secret, problem, ...asked }: Tried): Promise<StoredAccount> => {
  const { at, namespace } = asked;
  const id = asked.id.slice(0, accountIdCharsMax);
  const stored = id === asked.id ? await p.accounts.find(namespace, id) : undefined;
  const login = { ...asked, id: stored?.account.id ?? id };
  // Who may not try does not wait in the line of those who may.
  const stranger = p.limits.check(login);
  if (stored !== undefined && isBcrypt(stored.hash)) throw cannotCheck(at, stored.account.id);
  let tried: ReturnType<LoginLimits['begin']> | undefined;
  const begin = (): void => {
    tried = p.limits.begin(login);
  };
  const right = await p.passwords.verify(secret, stored?.hash, { begin, stranger });
  if (stored === undefined) throw badRequest(at, 'Account not found with this ID', problem);
  if (!right) throw badRequest(at, 'Secret not correct', problem);
  tried?.succeeded();
  return stored;
};

const cannotCheck = (at: string, id: string): Error =>
  microError(412, at, `the secret of ${id} is kept in v3's form (bcrypt), which this server cannot check`, {
    hint: 'an admin can give the account a new secret',
  });

/** From where a secret is tried. */
export const networkFrom = ({ vouching }: Pick<Parts, 'vouching'>, o: LoginOptions | undefined): string =>
  networkOf(vouching.open(o?.vouched) ?? o?.remote ?? '');
