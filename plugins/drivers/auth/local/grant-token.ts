/** Auth.Token: a secret, a refresh token or another access token for an access token (wire.md 5.3). Decides nothing about accounts. */

import { invalidToken, invalidTokenDetail, isJwtShaped } from '../../../../internal/auth/token-shape.ts';
import type { Account, LoginOptions, Token, TokenRequest } from '../../../../internal/contract/auth.ts';
import type { Problem } from '../../../../internal/contract/denial.ts';
import { badRequest, type Hint, isMicroError } from '../../../../internal/contract/error.ts';
import { tokenExpirySeconds, tokenExpirySecondsMax } from '../../../../internal/contract/limits.ts';
import { formatDuration } from '../../../../internal/time/duration.ts';
import type { StoredAccount } from './account-table.ts';
import { secretFrom } from './new-account.ts';
import { namespaceOf, type Parts, seconds as secondsOf } from './parts.ts';
import { networkFrom, requireSecret } from './require-secret.ts';

/** The algorithm of wire.md 5.3. */
export const grantToken = async (p: Parts, request: TokenRequest, o: LoginOptions | undefined): Promise<Token> => {
  const at = 'auth.Auth.Token';
  const namespace = namespaceOf(o, at);
  const { id, secret, refreshToken } = request;
  const seconds = requireExpiry(request.expirySeconds);
  if (!refreshToken && !(id && secret)) throw badRequest(at, 'Credentials or a refresh token required');
  const { token, problem } = await exchange(p, refreshToken || secret || '', seconds);
  if (token !== undefined) return token;
  const place = { namespace, network: networkFrom(p, o), seconds, problem };
  if (refreshToken) return refresh(p, { ...place, refreshToken });
  return logIn(p, { ...place, id: id ?? '', secret: secretFrom(at, secret ?? '') });
};

const requireExpiry = (wish: number | undefined): number => {
  if (!wish) return tokenExpirySeconds;
  if (wish < 0 || wish > tokenExpirySecondsMax || !Number.isInteger(wish))
    throw badRequest(
      'auth.Auth.Token',
      `token expiry is not within 1 and tokenExpirySecondsMax (${tokenExpirySecondsMax})`,
      { hint: `a token lives for ${formatDuration(tokenExpirySecondsMax * 1_000)} at the most` },
    );
  return wish;
};

interface Exchanged {
  readonly token?: Token;
  /** Why a JWT did not do. */
  readonly problem?: Problem;
}

/** A valid access token stands for a secret or a refresh token; the new one is its own refresh token. */
const exchange = async (p: Parts, candidate: string, seconds: number): Promise<Exchanged> => {
  if (!isJwtShaped(candidate)) return {};
  try {
    const { account, generation } = await p.tokens.verify(candidate);
    return { token: await issue(p, { account, generation, seconds }) };
  } catch (e) {
    if (!isMicroError(e) || e.detail !== invalidTokenDetail) throw e;
    // What is no token of anybody's is a secret that looks like one.
    return e.reason === undefined || e.reason === 'invalid_token' ? {} : { problem: problemOf(e) };
  }
};

const problemOf = ({ reason, hint = '', server_time }: Hint): Problem | undefined =>
  reason && { reason, hint, ...(server_time !== undefined && { server_time }) };

interface Issue {
  readonly account: Account;
  readonly generation: string | undefined;
  readonly seconds: number;
  /** Default: the access token itself. */
  readonly refreshToken?: string;
}

const issue = async (p: Parts, o: Issue): Promise<Token> => {
  const created = secondsOf(p.now());
  const expiry = created + o.seconds;
  const accessToken = await p.tokens.issue({ account: o.account, generation: o.generation, expiry });
  return { accessToken, refreshToken: o.refreshToken ?? accessToken, created, expiry };
};

const endedLogin: Problem = {
  reason: 'invalid_token',
  hint: 'the refresh token is unknown or has ended: log in again',
};

interface Place {
  readonly namespace: string;
  readonly network: string;
  readonly seconds: number;
  /** What is wrong with the token that came for a secret or a refresh token. */
  readonly problem: Problem | undefined;
}

const refresh = async (p: Parts, o: Place & { readonly refreshToken: string }): Promise<Token> => {
  const holder = await p.refreshes.read(o.namespace, o.refreshToken);
  const stored = holder === undefined ? undefined : await p.accounts.byId(o.namespace, holder.id);
  if (stored === undefined || stored.generation !== holder?.generation)
    throw invalidToken(o.problem ?? endedLogin, { id: 'auth.Auth.Token' });
  p.limits.known({ ...o, id: stored.account.id });
  const refreshToken = await unlessFull(p.refreshes.rotate(o.namespace, o.refreshToken), o.refreshToken);
  return issue(p, { account: stored.account, generation: stored.generation, seconds: o.seconds, refreshToken });
};

const logIn = async (p: Parts, o: Place & { readonly id: string; readonly secret: string }): Promise<Token> => {
  await p.inTurn(() => p.admin.ensure(o.namespace));
  const stored = await requireSecret(p, { ...o, at: 'auth.Auth.Token' });
  if (p.passwords.isWeak(stored.hash)) await strengthen(p, stored, o.secret);
  const { account, generation } = stored;
  const refreshToken = await unlessFull(p.refreshes.issue(o.namespace, { id: account.id, generation }), undefined);
  return issue(p, { account, generation, seconds: o.seconds, refreshToken });
};

/** Keeps the secret as a hash that takes more work to guess at; tokens stay. Not worth refusing a login for. */
const strengthen = async (p: Parts, { account, hash: old }: StoredAccount, secret: string): Promise<void> => {
  try {
    const hash = await p.passwords.hash(secret);
    await p.inTurn(async () => {
      const stored = await p.accounts.byId(account.issuer, account.id);
      if (stored?.hash === old) await p.accounts.put({ ...stored, hash });
    });
  } catch (e) {
    p.log.warn('a weak password hash stays', { namespace: account.issuer, id: account.id, error: String(e) });
  }
};

/** A full disk must not lock out who could free it, nor services, whose tokens end every few minutes. */
const unlessFull = async <T>(work: Promise<string>, otherwise: T): Promise<string | T> => {
  try {
    return await work;
  } catch (e) {
    if (isMicroError(e) && e.code === 507) return otherwise;
    throw e;
  }
};
