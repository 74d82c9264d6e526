/** Admits a caller to an endpoint of a core service, by the table in core-access.ts. What the request must hold besides is each handler's own business. */

import type { Account } from '../contract/auth.ts';
import { defaultNamespace } from '../contract/core.ts';
import { unauthorized } from '../contract/error.ts';
import type { CallContext } from '../contract/handler.ts';
import { authorize, authorizeAdmin, noToken } from './authorize.ts';
import { type Access, type CoreService, coreAccess } from './core-access.ts';

export interface Admitted {
  readonly account: Account;
  /** The namespace the call is about. */
  readonly namespace: string;
}

type Guarded<S extends CoreService> = {
  [E in keyof (typeof coreAccess)[S]]: (typeof coreAccess)[S][E] extends { readonly need: 'none' } ? never : E;
}[keyof (typeof coreAccess)[S]];

/** For the endpoints of a service that not everybody may call. `request` is the first message of a stream. Throws the 401 or 403 of wire.md 8.2. */
export const admitTo =
  <S extends CoreService>(service: S) =>
  (endpoint: Guarded<S> & string, request: unknown, call: Pick<CallContext, 'account' | 'namespace'>): Admitted => {
    const access = coreAccess[service][endpoint] as Access;
    const id = access.id ?? `${service}.${endpoint}`;
    if (call.account === undefined && access.anonymous !== undefined) throw unauthorized(id, access.anonymous, noToken);
    const namespace = namespaceOf(access, request, call);
    return { account: admitAccount(access, { account: call.account, namespace, id }), namespace };
  };

export interface AskedAccess {
  readonly account: Account | undefined;
  readonly namespace: string;
  /** Of a denial. */
  readonly id: string;
}

/** The check of one endpoint that not everybody may call; the dry run of the command line asks it as well. Throws as admitTo does. */
export const admitAccount = ({ need }: Access, { account, namespace, id }: AskedAccess): Account => {
  switch (need) {
    case 'none':
    case 'account':
      return authorizeAccount(account, id);
    case 'any':
      return authorize(account, namespace, id);
    case 'admin':
      return authorizeAdmin(account, namespace, id);
    case 'platform':
      return authorizeAdmin(account, defaultNamespace, id);
  }
};

const authorizeAccount = (account: Account | undefined, id: string): Account => {
  if (account === undefined) throw unauthorized(id, 'an account is required', noToken);
  return account;
};

/** The namespace that a request to a core endpoint is about. */
export const namespaceOf = (
  { field, otherwise = 'micro' }: Access,
  request: unknown,
  call: Pick<CallContext, 'account' | 'namespace'>,
): string => {
  const named = field === undefined ? '' : textAt(request, field);
  if (named !== '') return named;
  if (otherwise === 'call') return call.namespace;
  return (otherwise === 'account' && call.account?.issuer) || defaultNamespace;
};

/** The text at a path of fields; empty when a message on the way is missing. */
const textAt = (message: unknown, path: string): string => {
  let at = message;
  for (const name of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return '';
    at = (at as Readonly<Record<string, unknown>>)[name];
  }
  return typeof at === 'string' ? at : '';
};
