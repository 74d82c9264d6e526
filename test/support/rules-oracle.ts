/**
 * What rules say about a call, written down a second time from the words of wire.md 5.6 and platform.md 8, as plainly as they are told there and with no regard
 * to speed; and rules, callers and resources to try both on. Shares no code with internal/auth.
 */

import fc from 'fast-check';

import type { Account, Resource, Rule } from '../../internal/contract/auth.ts';

export interface Verdict {
  readonly allowed: boolean;
  /** The rule that decided. */
  readonly rule?: string;
}

export interface Case {
  readonly rules: readonly Rule[];
  readonly account: Account | undefined;
  readonly resource: Resource;
  /** The namespace that the called service is in. */
  readonly namespace: string;
}

/** Core services, which decide by namespace themselves. */
const core = [
  'network',
  'runtime',
  'registry',
  'config',
  'store',
  'broker',
  'router',
  'auth',
  'proxy',
  'api',
  'events',
];
/** What answers before anybody has an account. */
const open = ['auth Auth.Token', 'auth Auth.Inspect', 'proxy Debug.Health', 'grpc Health.Check', 'grpc Health.Watch'];
const reflection = 'grpc ServerReflection.ServerReflectionInfo';

/** By rules alone. */
export const verdictByRules = ({ rules, account, resource, namespace }: Case): Verdict => {
  if (namespace === 'micro' && resource.type === 'service') {
    if ([...open, reflection].includes(`${resource.name} ${resource.endpoint}`)) return { allowed: true };
    if (account !== undefined && [...core, 'grpc'].includes(resource.name)) return { allowed: true };
  }
  const speaking = rules.filter((rule) => isAbout(rule.resource, resource));
  while (speaking.length > 0) {
    const rule = takeFirst(speaking);
    const verdict: Verdict = { allowed: rule.access === 'granted', rule: rule.id };
    if (rule.scope === '') return verdict;
    if (account === undefined) continue;
    if (rule.scope === '+') return verdict;
    if (account.issuer !== namespace) return { allowed: false, rule: rule.id };
    if (rule.scope === '*') return verdict;
    for (const scope of account.scopes) if (same(scope, rule.scope)) return verdict;
  }
  return { allowed: false };
};

/** By rules, and by who may enter a namespace that is not the own one. */
export const verdictOf = (c: Case): Verdict => {
  const verdict = verdictByRules(c);
  const { account, namespace } = c;
  if (!verdict.allowed || account === undefined) return verdict;
  if (namespace === account.issuer || namespace === 'micro') return verdict;
  if (account.issuer === 'micro' && account.type === 'user' && account.scopes.includes('admin')) return verdict;
  if (account.issuer === 'micro' && account.type === 'service' && account.scopes.includes('service')) return verdict;
  const entries = c.rules.filter((rule) => rule.scope === '+' && isAbout(rule.resource, c.resource));
  return entries.length > 0 && takeFirst(entries).access === 'granted' ? verdict : { allowed: false };
};

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

const isAbout = (pattern: Resource, resource: Resource): boolean => {
  if (pattern.type !== '*' && !same(pattern.type, resource.type)) return false;
  if (pattern.name !== '*' && !same(pattern.name, resource.name)) return false;
  const endpoints = ['*', resource.endpoint];
  if (resource.endpoint.includes('/')) {
    const parts = resource.endpoint.split('/');
    for (let n = 1; n <= parts.length; n += 1) endpoints.push(`${parts.slice(0, n).join('/')}/*`);
  }
  return endpoints.some((endpoint) => same(endpoint, pattern.endpoint));
};

/** The one with the highest priority, of equal ones that with the lowest id; it is taken out. */
const takeFirst = (rules: Rule[]): Rule => {
  let best = 0;
  for (const [i, rule] of rules.entries()) {
    const than = rules[best] as Rule;
    if (rule.priority > than.priority || (rule.priority === than.priority && rule.id < than.id)) best = i;
  }
  return rules.splice(best, 1)[0] as Rule;
};

/** Few words, so that rules and calls meet. */
const scope = fc.constantFrom('', '', '*', '+', 'dev', 'DEV', 'ops', 'admin', 'service');
const namespace = fc.constantFrom('micro', 'foo', 'bar');

export interface Words {
  readonly names: readonly string[];
  readonly endpoints: readonly string[];
}

/** Patterns of rules; calls use those of them that are no patterns. */
export const unitWords: Words = {
  names: ['helloworld', 'HelloWorld', 'foo.bar', 'store', 'auth', 'grpc', 'proxy', '*'],
  endpoints: [
    '*',
    'Helloworld.Call',
    'helloworld.call',
    'Auth.Token',
    'Debug.Health',
    'Health.Check',
    'ServerReflection.ServerReflectionInfo',
    '/',
    '/*',
    '/a',
    '/A/*',
    '/a/b',
    '/a/b/*',
    '/ab',
    'a/*',
    '*/*',
    '',
  ],
};

/** Rules with distinct ids, in any order. */
export const rulesOf = (words: Words, max = 8): fc.Arbitrary<readonly Rule[]> =>
  fc.uniqueArray(
    fc.record({
      id: fc.string({ minLength: 1, maxLength: 2, unit: fc.constantFrom('a', 'b', 'B', '0') }),
      scope,
      resource: fc.record({
        type: fc.constantFrom('*', 'service', 'Service', 'other'),
        name: fc.constantFrom(...words.names),
        endpoint: fc.constantFrom(...words.endpoints),
      }),
      access: fc.constantFrom('granted', 'denied'),
      priority: fc.constantFrom(-1, 0, 0, 1, 2),
    }),
    { selector: (rule) => rule.id, maxLength: max },
  );

export const account: fc.Arbitrary<Account | undefined> = fc.option(
  fc.record({
    id: fc.constantFrom('jane', 'admin'),
    name: fc.constant('jane'),
    type: fc.constantFrom('user', 'service', 'customer'),
    issuer: namespace,
    metadata: fc.constant({}),
    scopes: fc.subarray(['dev', 'OPS', 'admin', 'service']),
  }),
  { nil: undefined, freq: 4 },
);

export const anyCase: fc.Arbitrary<Case> = fc.record({
  rules: rulesOf(unitWords),
  account,
  resource: fc.record({
    type: fc.constantFrom('service', 'service', 'service', 'other', '*'),
    name: fc.constantFrom(...unitWords.names),
    endpoint: fc.constantFrom(...unitWords.endpoints),
  }),
  namespace,
});
