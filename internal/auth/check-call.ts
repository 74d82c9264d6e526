/** The check that every listener makes before a handler runs: header -> account, namespace of the call, rules (wire.md 3.2, 5.7). Opens nothing itself. */

import type { Account, Auth } from '../contract/auth.ts';
import { defaultNamespace } from '../contract/core.ts';
import { badRequest, forbidden, internal, isMicroError, unauthorized } from '../contract/error.ts';
import { namespaceCharsMax } from '../contract/limits.ts';
import { isAdmin, isPlatformAdmin } from './authorize.ts';
import { parseAuthorization } from './bearer.ts';
import { type Decision, decide, matchingRules } from './rules.ts';

export interface CallCheck {
  readonly auth: Pick<Auth, 'inspect' | 'rules'>;
  /** Micro name of the service that is called, and `Type.Method` (or the path, at the API). */
  readonly service: string;
  readonly endpoint: string;
  /** Resource type; default `service`. */
  readonly type?: string;
  /** The authorization header as it came. */
  readonly authorization: string | undefined;
  /** The micro-namespace header as it came. */
  readonly namespaceHeader: string | undefined;
  /** A service passes its own namespace: its rules decide. A gateway leaves it out: those of the call's namespace do. */
  readonly rulesNamespace?: string;
  readonly signal?: AbortSignal;
}

export interface CheckedCall {
  /** Undefined for an anonymous caller, also for one whose token is of no use. */
  readonly account: Account | undefined;
  readonly namespace: string;
  /** Why a token that was sent gave no account; a good hint for a handler's own 401. */
  readonly problem?: string;
}

/**
 * Settles who calls and where, or throws: 401 for an unreadable header, 401 `Unauthorized call made to …` and 403 `Forbidden
 * call made to … by …` as the rules decide, 500 when the rules cannot be read. All ids are the service's name.
 */
export const checkCall = async (check: CallCheck): Promise<CheckedCall> => {
  const { account, problem } = await identify(check);
  const namespace = check.namespaceHeader || account?.issuer || defaultNamespace;
  requireNamespace(namespace, check.service);
  const decision = await decideCall(check, account, namespace);
  if (decision.allowed) return { account, namespace, ...(problem !== undefined && { problem }) };
  if (account === undefined)
    throw unauthorized(check.service, `Unauthorized call made to ${check.service}:${check.endpoint}`, {
      hint: problem,
    });
  throw forbidden(check.service, `Forbidden call made to ${check.service}:${check.endpoint} by ${account.id}`, {
    hint: hintFor(decision, account, check.rulesNamespace ?? namespace),
  });
};

interface Caller {
  readonly account: Account | undefined;
  /** Why a token that was sent gave no account. */
  readonly problem?: string;
}

/** A token that is of no use makes the caller anonymous, as in v3; what was wrong with it is told if the call is then denied. */
const identify = async (check: CallCheck): Promise<Caller> => {
  const authorization = parseAuthorization(check.authorization);
  switch (authorization.kind) {
    case 'none':
      return { account: undefined };
    case 'malformed':
      throw unauthorized(check.service, authorization.detail);
    case 'token':
      break;
  }
  try {
    return { account: await check.auth.inspect(authorization.token, { signal: check.signal }) };
  } catch (e) {
    if (isMicroError(e) && (e.code === 400 || e.code === 401))
      return { account: undefined, problem: e.hint ?? e.detail };
    throw authorizingFailed(check.service, e);
  }
};

const decideCall = async (check: CallCheck, account: Account | undefined, namespace: string): Promise<Decision> => {
  const rulesNamespace = check.rulesNamespace ?? namespace;
  const resource = { type: check.type ?? 'service', name: check.service, endpoint: check.endpoint };
  const rules = await readRules(check, rulesNamespace);
  const decision = decide({ rules, account, resource, namespace: rulesNamespace });
  if (!decision.allowed || account === undefined || mayEnter(account, namespace)) return decision;
  if (matchingRules(rules, resource).find((rule) => rule.scope === '+')?.access === 'granted') return decision;
  return { allowed: false, reason: `${account.id} belongs to namespace ${account.issuer}, not ${namespace}` };
};

/** The namespaces a token may name without a `+` rule: its own, `micro` for core calls, and any for the platform's admins. */
const mayEnter = (account: Account, namespace: string): boolean =>
  namespace === account.issuer || namespace === defaultNamespace || isPlatformAdmin(account);

const readRules = async (check: CallCheck, namespace: string): ReturnType<Auth['rules']> => {
  try {
    return await check.auth.rules({ namespace, signal: check.signal });
  } catch (e) {
    throw authorizingFailed(check.service, e);
  }
};

const authorizingFailed = (service: string, e: unknown): Error => {
  const reason = isMicroError(e) ? e.detail : e instanceof Error ? e.message : String(e);
  return internal(service, `Error authorizing request: ${reason}`, { cause: e });
};

/** `*` means all domains to the registry, so as the namespace of a call it would cross tenants. */
const requireNamespace = (namespace: string, service: string): void => {
  if (namespace === '*') throw badRequest(service, 'namespace * is not a namespace');
  if (namespace.length > namespaceCharsMax)
    throw badRequest(service, `namespace is longer than namespaceCharsMax (${namespaceCharsMax})`);
  for (const char of namespace)
    if (char <= ' ' || char === '\x7f') throw badRequest(service, 'namespace holds blanks or control characters');
};

/** Rules are named only to those who may change them. */
const hintFor = (decision: Decision, account: Account, namespace: string): string => {
  const mayChange = isPlatformAdmin(account) || (isAdmin(account) && account.issuer === namespace);
  if (mayChange || decision.rule === undefined) return decision.reason;
  return `a rule of namespace ${namespace} denies it to ${account.id}; an admin of that namespace can change it`;
};
