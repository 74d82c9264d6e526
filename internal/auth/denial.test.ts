/** How denials read, to those who may change rules and to others, and that the command a denial names does allow the call. */

import fc from 'fast-check';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import type { Account, Resource, Rule } from '../contract/auth.ts';
import { decideCall } from './check-call.ts';
import { allowingCommand, explainDenial } from './denial.ts';
import { decide, defaultRule } from './rules.ts';

const test = suite('denials');

const account = (id: string, more: Partial<Account> = {}): Account => ({
  id,
  type: 'user',
  issuer: 'foo',
  metadata: {},
  scopes: [],
  name: id,
  ...more,
});
const resource: Resource = { type: 'service', name: 'helloworld', endpoint: 'Helloworld.Call' };
const asked = { service: resource.name, endpoint: resource.endpoint };
const denied: Rule = { ...defaultRule, id: 'nobody', scope: '*', access: 'denied', priority: 4 };
const only: Rule = { ...defaultRule, id: 'staff', scope: 'staff' };

const explain = (rules: readonly Rule[], who: Account | undefined, namespace = 'foo') =>
  explainDenial({
    decision: decide({ rules, account: who, resource, namespace }),
    account: who,
    resource,
    namespace,
    rules,
  });

for (const c of [
  { name: 'nobody', rules: [only], who: undefined, reason: 'no_token', hint: /^the call carries no token: send/ },
  {
    name: 'nobody, where a public rule denies',
    rules: [{ ...denied, scope: '' }],
    who: undefined,
    reason: 'rule_denied',
    hint: /^a rule denies it to everybody/,
  },
  {
    name: 'nobody, where a rule before the public one admits some',
    rules: [
      { ...only, priority: 5 },
      { ...denied, scope: '' },
    ],
    who: undefined,
    reason: 'no_token',
    hint: /^the call carries no token: send/,
  },
  {
    name: 'a user by a rule',
    rules: [denied],
    who: account('bob'),
    reason: 'rule_denied',
    hint: /^a rule of namespace foo denies it to bob; an admin .*: micro auth can bob helloworld Helloworld.Call --namespace=foo$/,
  },
  { name: 'a user whom no rule admits', rules: [only], who: account('bob'), reason: 'no_rule', hint: /^no rule of/ },
  {
    name: 'a user of another namespace',
    rules: [only],
    who: account('bob', { issuer: 'bar' }),
    reason: 'wrong_namespace',
    hint: /^bob belongs to namespace bar, the call is about namespace foo/,
  },
  {
    name: 'an admin',
    rules: [denied],
    who: account('chief', { scopes: ['admin'] }),
    reason: 'rule_denied',
    hint: /^rule nobody \(scope \*, \*:\*:\*, priority 4\) denies it; to allow it: micro auth create rule allow-helloworld --scope=admin --resource=service:helloworld:Helloworld.Call --priority=5 --namespace=foo$/,
  },
])
  test(`a denial of ${c.name} says why and the way out`, () => {
    const why = explain(c.rules, c.who);
    assert.is(why.reason, c.reason);
    assert.match(why.hint, c.hint);
  });

test('names are quoted for the shell, and a rule gets an id of its own', () => {
  const odd = { type: 'service', name: "it's", endpoint: '/a b/*' };
  const decision = decide({ rules: [], account: undefined, resource: odd, namespace: 'micro' });
  assert.is(
    allowingCommand({
      decision,
      account: undefined,
      resource: odd,
      namespace: 'micro',
      rules: [{ ...defaultRule, id: "allow-it's" }],
    }),
    `micro auth create rule 'allow-it'\\''s-2' --scope= --resource='service:it'\\''s:/a b/*'`,
  );
});

const scope = fc.constantFrom('', '*', '+', 'staff', 'admin');
const anyRule: fc.Arbitrary<Rule> = fc.record({
  id: fc.string({ minLength: 1 }),
  scope,
  resource: fc.record({
    type: fc.constantFrom('*', 'service'),
    name: fc.constantFrom('*', 'helloworld', 'other'),
    endpoint: fc.constantFrom('*', 'Helloworld.Call', 'Helloworld.Stream'),
  }),
  access: fc.constantFrom('granted', 'denied'),
  priority: fc.integer({ min: -10, max: 10 }),
});
const anyAccount = fc.option(
  fc.record({ issuer: fc.constantFrom('foo', 'bar', 'micro'), scopes: fc.subarray(['staff', 'admin', 'service']) }),
  { nil: undefined },
);

test('the rule that the command makes allows the call, also into another namespace', () => {
  fc.assert(
    fc.property(fc.array(anyRule, { maxLength: 8 }), anyAccount, fc.constantFrom('foo', 'micro'), (rules, who, ns) => {
      const caller = who && account('bob', who);
      const decision = decideCall(asked, { account: caller, namespace: ns, rules });
      if (decision.allowed) return;
      const command = allowingCommand({ decision, account: caller, resource, namespace: ns, rules });
      const more = [...rules, ruleOf(command)];
      assert.is(decideCall(asked, { account: caller, namespace: ns, rules: more }).allowed, true, command);
    }),
    { numRuns: 500 },
  );
});

/** What the command would make; only for the plain words these tests use. */
const ruleOf = (command: string): Rule => {
  const flag = (name: string): string | undefined =>
    new RegExp(`--${name}=(\\S*)`).exec(command)?.[1]?.replaceAll("'", '');
  const [type = '', name = '', endpoint = ''] = flag('resource')?.split(':') ?? [];
  return {
    id: 'made',
    scope: flag('scope') ?? '',
    resource: { type, name, endpoint },
    access: 'granted',
    priority: Number(flag('priority') ?? 0),
  };
};

test.run();
