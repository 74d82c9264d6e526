/** The check that every listener makes before a handler runs: header -> account, namespace of the call, rules (wire.md 3.2, 5.7). Opens nothing itself. */

import type { Account, CallerAuth, Resource, Rule } from '../contract/auth.ts';
import { defaultNamespace } from '../contract/core.ts';
import type { Problem } from '../contract/denial.ts';
import {
  badRequest,
  forbidden,
  type Hint,
  internal,
  isMicroError,
  type MicroErrorJson,
  unauthorized,
} from '../contract/error.ts';
import { namespaceCharsMax } from '../contract/limits.ts';
import { isPlatformAdmin } from './authorize.ts';
import { parseAuthorization } from './bearer.ts';
import { explainDenial } from './denial.ts';
import { type Decision, decide, matchingRules } from './rules.ts';

export interface CallCheck {
  readonly auth: CallerAuth;
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
  /** Why a token that was sent gave no account; explains a handler's own 401. */
  readonly problem?: Problem;
}

/**
 * Settles who calls and where, or throws: 401 for an unreadable header, 401 `Unauthorized call made to …` and 403 `Forbidden
 * call made to … by …` as the rules decide, 500 when the rules cannot be read. All ids are the service's name.
 */
export const checkCall = async (check: CallCheck): Promise<CheckedCall> => {
  const caller = await identify(check);
  const namespace = namespaceOf(check, caller.account);
  return judge(check, caller, namespace, await readRules(check, check.rulesNamespace ?? namespace));
};

/** Who calls and where, without asking any rule; throws for a header that cannot be read and for what is no namespace. */
export const identifyCall = async (check: CallCheck): Promise<CheckedCall> => {
  const caller = await identify(check);
  return { ...caller, namespace: namespaceOf(check, caller.account) };
};

export interface RightsOf {
  readonly auth: Pick<CallerAuth, 'rules'>;
  /** Who asks, for errors. */
  readonly service: string;
  readonly account: Account | undefined;
  readonly namespace: string;
  /** As in CallCheck. */
  readonly rulesNamespace?: string;
  readonly signal?: AbortSignal;
}

/** Which endpoints of which services this caller may call, by the rules as they are now: for lists that show no more than that. */
export const callRights = async (o: RightsOf): Promise<(service: string, endpoint: string) => boolean> => {
  const { rulesNamespace } = o;
  const rules = await readRules(o, rulesNamespace ?? o.namespace);
  return (service, endpoint) => decideCall({ service, endpoint, rulesNamespace }, { ...o, rules }).allowed;
};

/** checkCall without waiting, when the caller's account and the rules are known; undefined when they must be asked for. Throws what checkCall rejects with. */
export const checkCallNow = (check: CallCheck): CheckedCall | undefined => {
  const { known } = check.auth;
  if (known === undefined) return undefined;
  const token = tokenIn(check);
  const account = token === undefined ? undefined : known.account(token);
  if (token !== undefined && account === undefined) return undefined;
  const namespace = namespaceOf(check, account);
  const rules = known.rules(check.rulesNamespace ?? namespace);
  return rules === undefined ? undefined : judge(check, { account }, namespace, rules);
};

const namespaceOf = (check: CallCheck, account: Account | undefined): string => {
  const namespace = check.namespaceHeader || account?.issuer || defaultNamespace;
  if (namespace !== defaultNamespace) requireNamespace(namespace, check.service);
  return namespace;
};

const judge = (
  check: CallCheck,
  { account, problem }: Caller,
  namespace: string,
  rules: readonly Rule[],
): CheckedCall => {
  const decision = decideCall(check, { account, namespace, rules });
  if (decision.allowed) return problem === undefined ? { account, namespace } : { account, namespace, problem };
  const why = explainDenial({
    decision,
    account,
    resource: resourceOf(check),
    namespace: check.rulesNamespace ?? namespace,
    rules,
    problem,
  });
  const called = `call made to ${check.service}:${check.endpoint}`;
  if (account === undefined) throw unauthorized(check.service, `Unauthorized ${called}`, why);
  throw forbidden(check.service, `Forbidden ${called} by ${account.id}`, why);
};

interface Caller {
  readonly account: Account | undefined;
  /** Why a token that was sent gave no account. */
  readonly problem?: Problem;
}

/** A token that is of no use makes the caller anonymous, as in v3; what was wrong with it is told if the call is then denied. */
const identify = async (check: CallCheck): Promise<Caller> => {
  const token = tokenIn(check);
  if (token === undefined) return { account: undefined };
  try {
    return { account: await check.auth.inspect(token, { signal: check.signal }) };
  } catch (e) {
    if (isMicroError(e) && (e.code === 400 || e.code === 401)) return { account: undefined, problem: problemOf(e) };
    throw authorizingFailed(check.service, e);
  }
};

/** An old server gives no reason. */
const problemOf = ({ reason = 'invalid_token', hint, detail, server_time }: MicroErrorJson & Hint): Problem => ({
  reason,
  hint: hint ?? detail,
  ...(server_time !== undefined && { server_time }),
});

/** The token that was sent, if any. Throws for a header that cannot be read. */
const tokenIn = (check: CallCheck): string | undefined => {
  const authorization = parseAuthorization(check.authorization);
  if (authorization.kind === 'malformed') throw unauthorized(check.service, authorization.detail, malformed);
  return authorization.kind === 'token' ? authorization.token : undefined;
};

const malformed: Problem = { reason: 'malformed_token', hint: 'send authorization: Bearer TOKEN' };

export type Asked = Pick<CallCheck, 'service' | 'endpoint' | 'type' | 'rulesNamespace'>;

export interface Facts {
  readonly account: Account | undefined;
  readonly namespace: string;
  readonly rules: readonly Rule[];
}

/** What rules and namespaces say of a call. Pure; the dry run of the command line asks it as well. */
export const decideCall = (check: Asked, { account, namespace, rules }: Facts): Decision => {
  const resource = resourceOf(check);
  const decision = decide({ rules, account, resource, namespace: check.rulesNamespace ?? namespace });
  if (!decision.allowed || account === undefined) return decision;
  const closed = [namespace, check.rulesNamespace ?? namespace].find((entered) => !mayEnter(account, entered));
  if (closed === undefined) return decision;
  const entry = matchingRules(rules, resource).find((rule) => rule.scope === '+');
  if (entry?.access === 'granted') return decision;
  return {
    allowed: false,
    ...(entry !== undefined && { rule: entry }),
    reason: `${account.id} belongs to namespace ${account.issuer}, the call is about namespace ${closed}`,
    denial: 'wrong_namespace',
  };
};

const resourceOf = ({ type = 'service', service, endpoint }: Asked): Resource => ({ type, name: service, endpoint });

/** The namespaces a token may enter, by header or by calling a service that is there, without a `+` rule: its own, `micro` for core calls, and any for the platform's admins. */
const mayEnter = (account: Account, namespace: string): boolean =>
  namespace === account.issuer || namespace === defaultNamespace || isPlatformAdmin(account);

const readRules = async (
  check: Pick<RightsOf, 'auth' | 'service' | 'signal'>,
  namespace: string,
): Promise<readonly Rule[]> => {
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
