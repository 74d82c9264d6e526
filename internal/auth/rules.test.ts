/** Tests of decide: v3's algorithm by table and by property, and the exceptions that keep the house open. */

import fc from 'fast-check';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import type { Account, Resource, Rule } from '../contract/auth.ts';
import { decide, defaultRule, matchingRules } from './rules.ts';

const test = suite('decide');

const account = (more: Partial<Account> = {}): Account => ({
  id: 'bob',
  type: 'user',
  issuer: 'foo',
  metadata: {},
  scopes: ['dev'],
  name: 'bob',
  ...more,
});
const resource = (name = 'helloworld', endpoint = 'Helloworld.Call'): Resource => ({ type: 'service', name, endpoint });
const rule = (id: string, more: Partial<Rule> = {}): Rule => ({ ...defaultRule, id, ...more });
const all = { type: '*', name: '*', endpoint: '*' };

for (const c of [
  { name: 'denies without rules', rules: [], account: account(), allowed: false },
  { name: 'admits nobody in particular by a public rule', rules: [defaultRule], account: undefined, allowed: true },
  {
    name: 'denies everybody by a public rule',
    rules: [rule('a', { access: 'denied' })],
    account: account(),
    allowed: false,
  },
  {
    name: 'passes over * for callers without account',
    rules: [rule('a', { scope: '*' })],
    account: undefined,
    allowed: false,
  },
  { name: 'admits the namespace by *', rules: [rule('a', { scope: '*' })], account: account(), allowed: true },
  {
    name: 'stops foreign accounts at * at once',
    rules: [rule('a', { scope: '*', priority: 1 }), defaultRule],
    account: account({ issuer: 'bar' }),
    allowed: false,
  },
  {
    name: 'admits foreign accounts by +',
    rules: [rule('a', { scope: '+' })],
    account: account({ issuer: 'bar' }),
    allowed: true,
  },
  { name: 'admits by scope in any case', rules: [rule('a', { scope: 'DEV' })], account: account(), allowed: true },
  {
    name: 'passes over scopes that are not held',
    rules: [rule('a', { scope: 'ops' })],
    account: account(),
    allowed: false,
  },
  {
    name: 'lets the higher priority win',
    rules: [defaultRule, rule('no', { scope: 'dev', access: 'denied', priority: 5 })],
    account: account(),
    allowed: false,
  },
  {
    name: 'lets the smaller id win at equal priority',
    rules: [rule('b', { access: 'denied' }), rule('a')],
    account: undefined,
    allowed: true,
  },
  {
    name: 'compares names in any case',
    rules: [rule('a', { resource: { type: 'SERVICE', name: 'HelloWorld', endpoint: 'helloworld.call' } })],
    account: undefined,
    allowed: true,
  },
  {
    name: 'ignores rules about others',
    rules: [rule('a', { resource: { ...all, name: 'other' } })],
    account: undefined,
    allowed: false,
  },
])
  test(c.name, () => {
    const { allowed } = decide({ rules: c.rules, account: c.account, resource: resource(), namespace: 'foo' });
    assert.is(allowed, c.allowed);
  });

for (const c of [
  { pattern: '/foo/*', endpoint: '/foo/bar', matches: true },
  { pattern: '/foo/*', endpoint: '/foo/bar/baz', matches: true },
  { pattern: '/FOO/*', endpoint: '/foo/bar', matches: true },
  { pattern: '/foo/*', endpoint: '/foobar', matches: false },
  { pattern: '/*', endpoint: '/foo', matches: true },
  { pattern: 'Foo/*', endpoint: 'Foo.Bar', matches: false },
  { pattern: '/foo', endpoint: '/foo/bar', matches: false },
])
  test(`${c.pattern} ${c.matches ? 'matches' : 'does not match'} ${c.endpoint}`, () => {
    const rules = [rule('a', { resource: { ...all, endpoint: c.pattern } })];
    assert.is(matchingRules(rules, resource('x', c.endpoint)).length, c.matches ? 1 : 0);
  });

const locked = [rule('no', { access: 'denied', priority: 1_000 })];
const decideLocked = (who: Account | undefined, what: Resource, namespace = 'micro'): boolean =>
  decide({ rules: locked, account: who, resource: what, namespace }).allowed;

test('keeps logging in open, whatever the rules say', () => {
  for (const endpoint of ['Auth.Token', 'Auth.Inspect'])
    assert.is(decideLocked(undefined, resource('auth', endpoint)), true);
  assert.is(decideLocked(undefined, resource('auth', 'Accounts.List')), false);
  assert.is(decideLocked(undefined, resource('auth', 'auth.token')), false, 'only what is dispatched');
  assert.is(decideLocked(undefined, resource('auth', 'Auth.Token'), 'foo'), false, 'only the core service');
});

test('admits every account to core services, where their own checks decide', () => {
  assert.is(decideLocked(account(), resource('registry', 'Registry.GetService')), true);
  assert.is(decideLocked(account({ issuer: 'micro', scopes: ['admin'] }), resource('auth', 'Rules.Delete')), true);
  assert.is(decideLocked(undefined, resource('registry', 'Registry.GetService')), false);
  assert.is(decideLocked(account(), resource('registry', 'Registry.GetService'), 'foo'), false);
  assert.is(decideLocked(account(), resource()), false);
});

const word = fc.constantFrom('*', 'a', 'b', 'A');
const anyRule: fc.Arbitrary<Rule> = fc.record({
  id: fc.string({ minLength: 1, maxLength: 3 }),
  scope: fc.constantFrom('', '*', '+', 'dev', 'ops'),
  resource: fc.record({ type: word, name: word, endpoint: word }),
  access: fc.constantFrom<'granted' | 'denied'>('granted', 'denied'),
  priority: fc.integer({ min: -2, max: 2 }),
});
const rulesOf = fc.uniqueArray(anyRule, { selector: (r) => r.id, maxLength: 8 });
const anyAccount = fc.option(
  fc.record({ issuer: fc.constantFrom('foo', 'bar'), scopes: fc.subarray(['dev', 'ops']) }).map(account),
  { nil: undefined },
);
const anyResource = fc.record({
  type: fc.constant('a'),
  name: fc.constantFrom('a', 'b'),
  endpoint: fc.constantFrom('a', 'b'),
});
const question = fc.record({
  rules: rulesOf,
  account: anyAccount,
  resource: anyResource,
  namespace: fc.constantFrom('foo', 'bar'),
});

test('does not depend on the order in which rules come', () => {
  fc.assert(
    fc.property(question, fc.infiniteStream(fc.nat()), (q, noise) => {
      const shuffled = [...q.rules]
        .map((r) => ({ r, key: noise.next().value }))
        .sort((a, b) => Number(a.key) - Number(b.key));
      const other = decide({ ...q, rules: shuffled.map(({ r }) => r) });
      assert.equal(other, decide(q));
    }),
  );
});

test('decides by a rule that matches, or denies', () => {
  fc.assert(
    fc.property(question, (q) => {
      const { allowed, rule: by } = decide(q);
      if (by === undefined) assert.is(allowed, false);
      else assert.ok(matchingRules(q.rules, q.resource).includes(by));
      if (allowed) assert.is(by?.access, 'granted');
    }),
  );
});

test('always obeys a public denial above all other rules', () => {
  fc.assert(
    fc.property(question, (q) => {
      const top = rule('!', { access: 'denied', priority: 9 });
      assert.is(decide({ ...q, rules: [...q.rules, top] }).allowed, false);
    }),
  );
});

test('never lets a caller gain by dropping an account of the namespace, when grants are public only', () => {
  fc.assert(
    fc.property(question, (q) => {
      const rules = q.rules.filter((r) => r.scope === '');
      const named = decide({ ...q, rules, account: account({ issuer: q.namespace }) });
      assert.is(named.allowed, decide({ ...q, rules, account: undefined }).allowed);
    }),
  );
});

test('a list that was asked before answers for another resource, another list for the same one', () => {
  const about = (endpoint: string) => ({ ...rule(endpoint), resource: { type: 'service', name: 'a', endpoint } });
  const list = [about('b'), about('c')];
  const ask = (rules: readonly Rule[], endpoint: string, name = 'a') =>
    matchingRules(rules, { type: 'service', name, endpoint }).map((r) => r.id);
  assert.equal([ask(list, 'b'), ask(list, 'c'), ask(list, 'b')], [['b'], ['c'], ['b']]);
  assert.equal(ask([about('b'), { ...about('b'), id: 'd' }], 'b'), ['b', 'd']);
  // Read as one text these two are the same.
  assert.equal([ask(list, 'c', 'a'), ask(list, '', 'ac')], [['c'], []]);
});

test.run();
