/** The namespace and admin checks of core handlers (wire.md 8.2). Pure; which call needs which check is each handler's own business. */

import type { Account } from '../contract/auth.ts';
import { defaultNamespace } from '../contract/core.ts';
import type { Problem } from '../contract/denial.ts';
import { forbidden, unauthorized } from '../contract/error.ts';

/** User with scope `admin`, or service with scope `service`: may administer its own namespace. */
export const isAdmin = (account: Account): boolean =>
  (account.type === 'user' && account.scopes.includes('admin')) ||
  (account.type === 'service' && account.scopes.includes('service'));

/** An admin or service of namespace `micro`: may act in every namespace. */
export const isPlatformAdmin = (account: Account): boolean => account.issuer === defaultNamespace && isAdmin(account);

/** Who need not know the old secret to set a new one: admins of namespace `micro`, and services in their own namespace. */
export const mayResetSecrets = (account: Account, namespace: string): boolean =>
  (account.issuer === defaultNamespace && account.scopes.includes('admin')) ||
  (account.type === 'service' && account.issuer === namespace);

/**
 * Admits the platform's admins and services everywhere, users and services in their own namespace. An empty namespace means
 * `micro`. Throws v3's 401 or 403 with `method` (`registry.Registry.Register`) as id; returns the account that passed.
 */
export const authorize = (account: Account | undefined, namespace: string, method: string): Account => {
  if (account === undefined) throw unauthorized(method, 'an account is required', noToken);
  if (isPlatformAdmin(account)) return account;
  const wanted = namespace === '' ? defaultNamespace : namespace;
  const fitting = account.type === 'user' || account.type === 'service';
  if (account.issuer === wanted && fitting) return account;
  throw forbidden(method, 'access denied to namespace', fitting ? foreign(account, wanted) : unfit(account));
};

/** As authorize, and the account must be an admin or a service. */
export const authorizeAdmin = (account: Account | undefined, namespace: string, method: string): Account => {
  const known = authorize(account, namespace, method);
  if (isAdmin(known)) return known;
  throw unauthorized(method, 'Unauthorized', {
    reason: 'not_admin',
    hint: `${known.id} of namespace ${known.issuer} is no admin: log in as one, or have one make you an account: micro auth create account ID --scopes admin`,
  });
};

/** A call that should have carried a token and did not. */
export const noToken: Problem = {
  reason: 'no_token',
  hint: 'the call carries no token: send authorization: Bearer TOKEN, or log in with micro login',
};

const foreign = ({ id, issuer }: Account, wanted: string): Problem => ({
  reason: 'wrong_namespace',
  hint: `${id} belongs to namespace ${issuer}, the call is about namespace ${wanted}: log in there, or change the namespace with micro user namespace set ${issuer}`,
});

const unfit = ({ id, type }: Account): Problem => ({
  reason: 'wrong_type',
  hint: `${id} is of type ${type}; only users and services may do this: micro auth create account ID --type user`,
});
