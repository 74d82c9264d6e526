/** Decides by rules whether an account may use a resource (wire.md 5.6). Pure. Holds the exceptions that keep the house from being locked. */

import type { Account, Resource, Rule } from '../contract/auth.ts';
import { coreServiceNames, defaultNamespace } from '../contract/core.ts';
import type { DenialReason } from '../contract/denial.ts';

export interface Question {
  readonly rules: readonly Rule[];
  /** Undefined: a caller without an account. */
  readonly account: Account | undefined;
  readonly resource: Resource;
  /** The namespace whose rules these are. */
  readonly namespace: string;
}

export interface Decision {
  readonly allowed: boolean;
  /** The rule that decided; undefined when none matched or an exception decided. */
  readonly rule?: Rule;
  /** For people: why. */
  readonly reason: string;
  /** The same for programs, when it is not allowed. */
  readonly denial?: DenialReason;
}

/** What a namespace without any rule of its own has. */
export const defaultRule: Rule = {
  id: 'default',
  scope: '',
  resource: { type: '*', name: '*', endpoint: '*' },
  access: 'granted',
  priority: 0,
};

/** Endpoints that must answer before anyone has an account. */
const openEndpoints: ReadonlySet<string> = new Set([
  'auth:Auth.Token',
  'auth:Auth.Inspect',
  'proxy:Debug.Health',
  'grpc:Health.Check',
  'grpc:Health.Watch',
  'grpc:ServerReflection.ServerReflectionInfo',
]);
const coreNames: ReadonlySet<string> = new Set(coreServiceNames);

/** Exceptions first, then the matching rules by priority, the first that speaks about this caller wins; none means forbidden. */
export const decide = (question: Question): Decision => {
  const exception = exceptionFor(question);
  if (exception !== undefined) return { allowed: true, reason: exception };
  const { account = nobody, namespace, resource } = question;
  const { rules, decided } = askedOf(question.rules, resource);
  const known = decided.get(account);
  if (known?.namespace === namespace) return known.decision;
  const decision = decideByRules(rules, question.account, namespace);
  decided.set(account, { namespace, decision });
  return decision;
};

const decideByRules = (rules: readonly Rule[], account: Account | undefined, namespace: string): Decision => {
  for (const rule of rules) {
    const verdict = verdictOf(rule, account, namespace);
    if (verdict === 'pass') continue;
    if (verdict === 'granted') return { allowed: true, rule, reason: 'a rule admits it' };
    const denial = verdict === 'foreign' ? 'wrong_namespace' : 'rule_denied';
    return { allowed: false, rule, reason: reasonOf(rule, verdict, account, namespace), denial };
  }
  return { allowed: false, reason: `no rule of namespace ${namespace} admits this call`, denial: 'no_rule' };
};

/** Core services decide by namespace themselves, so rules only govern calls to them that carry no account. */
const exceptionFor = ({ account, resource, namespace }: Question): string | undefined => {
  if (namespace !== defaultNamespace || resource.type !== 'service') return undefined;
  if (openEndpoints.has(`${resource.name}:${resource.endpoint}`)) return 'this endpoint is open to everyone';
  if (account !== undefined && coreNames.has(resource.name)) return 'core services admit every account';
  return undefined;
};

/** What a list of rules says about one resource. */
interface Asked {
  /** Those about it, the highest priority first. */
  readonly rules: readonly Rule[];
  /** What was decided about callers, for as long as they are around; accounts are never changed in place. */
  readonly decided: WeakMap<object, { readonly namespace: string; readonly decision: Decision }>;
}

/** Stands for a caller without an account. */
const nobody = {};
/** What was asked of a list of rules, for as long as it lives; lists are never changed in place. */
const asked = new WeakMap<readonly Rule[], Map<string, Asked>>();
/** Resources remembered per list, and the longest name of one: callers choose them. */
const resourcesMax = 1_024;
const resourceCharsMax = 256;

/** Rules about this resource, the highest priority first, equal ones by id. */
export const matchingRules = (rules: readonly Rule[], resource: Resource): readonly Rule[] =>
  askedOf(rules, resource).rules;

const askedOf = (rules: readonly Rule[], resource: Resource): Asked => {
  const { type, name, endpoint } = resource;
  // With their lengths, so that no two resources are one text.
  const key = `${type.length} ${name.length} ${type}${name}${endpoint}`;
  const known = asked.get(rules);
  const found = known?.get(key);
  if (found !== undefined) return found;
  const matching = rules.filter((rule) => matches(rule.resource, resource)).sort(byPriority);
  const fresh: Asked = { rules: matching, decided: new WeakMap() };
  if (key.length > resourceCharsMax) return fresh;
  const memory = known ?? new Map<string, Asked>();
  if (memory.size >= resourcesMax) memory.clear();
  memory.set(key, fresh);
  asked.set(rules, memory);
  return fresh;
};

const byPriority = (a: Rule, b: Rule): number => {
  if (a.priority !== b.priority) return b.priority - a.priority;
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
};

const matches = (pattern: Resource, resource: Resource): boolean =>
  fits(pattern.type, resource.type) &&
  fits(pattern.name, resource.name) &&
  (fits(pattern.endpoint, resource.endpoint) || fitsPath(pattern.endpoint, resource.endpoint));

const fits = (pattern: string, text: string): boolean =>
  pattern === '*' || pattern.toLowerCase() === text.toLowerCase();

/** `/foo/*` matches `/foo`, `/foo/bar` and `/foo/bar/baz`; only endpoints that are paths can match so. */
const fitsPath = (pattern: string, endpoint: string): boolean => {
  if (!pattern.endsWith('/*') || !endpoint.includes('/')) return false;
  const prefix = pattern.slice(0, -2).toLowerCase();
  const path = endpoint.toLowerCase();
  return path === prefix || path.startsWith(`${prefix}/`);
};

type Verdict = 'granted' | 'denied' | 'foreign' | 'pass';

const verdictOf = (rule: Rule, account: Account | undefined, namespace: string): Verdict => {
  if (rule.scope === '') return rule.access;
  if (account === undefined) return 'pass';
  if (rule.scope === '+') return rule.access;
  if (account.issuer !== namespace) return 'foreign';
  if (rule.scope === '*') return rule.access;
  const scope = rule.scope.toLowerCase();
  return account.scopes.some((s) => s.toLowerCase() === scope) ? rule.access : 'pass';
};

const reasonOf = (rule: Rule, verdict: Verdict, account: Account | undefined, namespace: string): string => {
  const name = describeRule(rule);
  if (verdict === 'foreign')
    return `${name} is for accounts of namespace ${namespace}, ${account?.id} belongs to ${account?.issuer}`;
  return `${name} denies it`;
};

/** `rule ID (scope SCOPE, TYPE:NAME:ENDPOINT, priority N)`. */
export const describeRule = (rule: Rule): string => {
  const { type, name, endpoint } = rule.resource;
  return `rule ${rule.id} (scope ${rule.scope === '' ? '<public>' : rule.scope}, ${type}:${name}:${endpoint}, priority ${rule.priority})`;
};
