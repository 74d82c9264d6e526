/** How a denial by rules reads: what decided and the command that would allow it, to those who may change it; to others, whom to ask. Pure; decides nothing. */

import type { Account, Resource, Rule } from '../contract/auth.ts';
import { defaultNamespace } from '../contract/core.ts';
import type { Problem } from '../contract/denial.ts';
import { isAdmin, isPlatformAdmin, noToken } from './authorize.ts';
import { type Decision, matchingRules } from './rules.ts';

export interface Denied {
  readonly decision: Decision;
  readonly account: Account | undefined;
  readonly resource: Resource;
  /** Whose rules decided. */
  readonly namespace: string;
  /** All rules of the namespace, so that a new one gets an id of its own. */
  readonly rules: readonly Rule[];
  /** What is wrong with the token that was sent. */
  readonly problem?: Problem;
}

/** Why a decision denies, in a word and in a line. Rules are named only to those who may change them. */
export const explainDenial = (o: Denied): Problem => {
  const { decision, account, problem = noToken } = o;
  if (account === undefined) return isClosedToAll(o) ? closedToAll : problem;
  const reason = decision.denial ?? 'rule_denied';
  if (mayChangeRules(account, o.namespace))
    return { reason, hint: `${decision.reason}; to allow it: ${allowingCommand(o)}` };
  return {
    reason,
    hint: `${reasonFor(account, o)}; an admin of that namespace sees which rule and what would allow it: ${canCommand(account, o)}`,
  };
};

const closedToAll: Problem = { reason: 'rule_denied', hint: 'a rule denies it to everybody, with or without a token' };

/** The rule that decided is about everybody, and none before it could have admitted a caller with an account. */
const isClosedToAll = ({ decision: { rule }, resource, rules }: Denied): boolean => {
  if (rule?.scope !== '') return false;
  const matching = matchingRules(rules, resource);
  return matching.slice(0, matching.indexOf(rule)).every((before) => before.access === 'denied');
};

const reasonFor = (account: Account, { decision, namespace }: Denied): string => {
  if (decision.denial === 'wrong_namespace')
    return `${account.id} belongs to namespace ${account.issuer}, the call is about namespace ${namespace}`;
  if (decision.denial === 'no_rule') return `no rule of namespace ${namespace} admits ${account.id}`;
  return `a rule of namespace ${namespace} denies it to ${account.id}`;
};

const mayChangeRules = (account: Account, namespace: string): boolean =>
  isPlatformAdmin(account) || (isAdmin(account) && account.issuer === namespace);

/** The dry run that shows an admin the deciding rule. */
const canCommand = (account: Account, { resource, namespace }: Denied): string =>
  [
    'micro auth can',
    shellWord(account.id),
    shellWord(resource.name),
    shellWord(resource.endpoint),
    account.issuer === namespace ? '' : `--account_namespace=${shellWord(account.issuer)}`,
    inNamespace(namespace),
  ]
    .filter((part) => part !== '')
    .join(' ');

/** Admits this account and no more than it must: by its first scope, else everyone of its namespace. It outranks the rule that decided. */
export const allowingCommand = ({ decision, account, resource, namespace, rules }: Omit<Denied, 'problem'>): string => {
  const { type, name, endpoint } = resource;
  const priority = priorityAbove(decision.rule);
  return [
    `micro auth create rule ${shellWord(freeId(`allow-${name}`, rules))}`,
    `--scope=${shellWord(scopeFor(account, namespace))}`,
    `--resource=${shellWord(`${type}:${name}:${endpoint}`)}`,
    priority === 0 ? '' : `--priority=${priority}`,
    inNamespace(namespace),
  ]
    .filter((part) => part !== '')
    .join(' ');
};

/** `allow-shop`, `allow-shop-2` and so on: the first that no rule has. */
const freeId = (wanted: string, rules: readonly Rule[]): string => {
  const taken = new Set(rules.map((rule) => rule.id));
  let id = wanted;
  for (let n = 2; taken.has(id); n++) id = `${wanted}-${n}`;
  return id;
};

const scopeFor = (account: Account | undefined, namespace: string): string => {
  if (account === undefined) return '';
  if (account.issuer !== namespace) return '+';
  return account.scopes[0] ?? '*';
};

const priorityMax = 2 ** 31 - 1;
const priorityAbove = (rule: Rule | undefined): number =>
  rule === undefined ? 0 : Math.min(rule.priority + 1, priorityMax);

const inNamespace = (namespace: string): string =>
  namespace === defaultNamespace ? '' : `--namespace=${shellWord(namespace)}`;

/** As a shell takes it: quoted unless it is plain. */
const shellWord = (text: string): string => (/^[\w.,:@/+-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
