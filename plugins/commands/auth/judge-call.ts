/** The dry run of one call: what the proxy and the core services would say, asked of the very functions they ask. Pure; reads rules only where they count. */

import { admitAccount } from '../../../internal/auth/admit.ts';
import { decideCall } from '../../../internal/auth/check-call.ts';
import { type Access, accessTo } from '../../../internal/auth/core-access.ts';
import { allowingCommand } from '../../../internal/auth/denial.ts';
import type { Decision } from '../../../internal/auth/rules.ts';
import type { Account, Resource, Rule } from '../../../internal/contract/auth.ts';
import { defaultNamespace } from '../../../internal/contract/core.ts';
import { isMicroError } from '../../../internal/contract/error.ts';

export interface JudgedCall {
  /** Undefined: a caller without an account. */
  readonly account: Account | undefined;
  readonly resource: Resource;
  /** What the call is about. */
  readonly namespace: string;
  /** The rules of a namespace. */
  rulesOf(namespace: string): Promise<readonly Rule[]>;
}

/** What a core service asks for itself, behind the rules. */
export interface OwnCheck {
  readonly need: Access['need'];
  /** Whose admins, users or services. */
  readonly namespace: string;
  /** Why it refuses and the way out; undefined: it admits. */
  readonly refusal?: string;
}

export interface Judgement {
  readonly allowed: boolean;
  readonly decision: Decision;
  /** Only for endpoints of core services. */
  readonly own?: OwnCheck;
  /** The command that would allow it, where a rule is what is missing. */
  readonly allowing?: string;
}

export const judgeCall = async (o: JudgedCall): Promise<Judgement> => {
  const { account, resource } = o;
  const access = resource.type === 'service' ? accessTo(resource.name, resource.endpoint) : undefined;
  // Core services live in namespace micro alone; which one a call is about stands in its request.
  const namespace = access === undefined ? o.namespace : defaultNamespace;
  const { decision, rules } = await decide({ ...o, namespace });
  const own = access && ownCheck(access, o);
  const allowed = decision.allowed && own?.refusal === undefined;
  // No rule helps where the service itself says no.
  const needsRule = !decision.allowed && own?.refusal === undefined;
  const allowing = needsRule ? allowingCommand({ decision, account, resource, namespace, rules }) : undefined;
  return { allowed, decision, ...(own && { own }), ...(allowing && { allowing }) };
};

/** Exceptions hold whatever the rules are, and not everybody whom they admit may read those. */
const decide = async ({
  account,
  resource,
  namespace,
  rulesOf,
}: JudgedCall): Promise<{ readonly decision: Decision; readonly rules: readonly Rule[] }> => {
  const { type, name: service, endpoint } = resource;
  const call = { type, service, endpoint };
  const exception = decideCall(call, { account, namespace, rules: [] });
  if (exception.allowed) return { decision: exception, rules: [] };
  const rules = await rulesOf(namespace);
  return { decision: decideCall(call, { account, namespace, rules }), rules };
};

const ownCheck = (access: Access, { account, resource, namespace: asked }: JudgedCall): OwnCheck => {
  const { need } = access;
  const namespace = need === 'platform' ? defaultNamespace : asked;
  if (need === 'none') return { need, namespace };
  try {
    admitAccount(access, { account, namespace, id: `${resource.name}.${resource.endpoint}` });
    return { need, namespace };
  } catch (e) {
    if (!isMicroError(e)) throw e;
    return { need, namespace, refusal: e.hint ?? e.detail };
  }
};
