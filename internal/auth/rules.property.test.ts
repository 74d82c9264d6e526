/** decide and checkCall against the oracle of test/support/rules-oracle.ts, on random rules, callers and calls. */

import fc from 'fast-check';
import * as assert from 'uvu/assert';

import { anyCase, type Case, verdictByRules, verdictOf } from '../../test/support/rules-oracle.ts';
import { suite } from '../../test/support/suite.ts';
import type { CallerAuth } from '../contract/auth.ts';
import { isMicroError } from '../contract/error.ts';
import { callRights, type CallCheck, checkCall, checkCallNow } from './check-call.ts';
import { decide, matchingRules } from './rules.ts';

const test = suite('rules, at random');

const runs = { numRuns: 3_000 };

test('who may call is what the words of the specification say', () =>
  fc.assert(
    fc.property(anyCase, (c) => {
      const { allowed, rule } = decide(c);
      const want = verdictByRules(c);
      assert.equal({ allowed, rule: rule?.id }, { allowed: want.allowed, rule: want.rule });
    }),
    runs,
  ));

test('the order of the list means nothing', () =>
  fc.assert(
    fc.property(anyCase, (c) => {
      const turned = decide({ ...c, rules: c.rules.toReversed() });
      assert.equal(turned, decide(c));
    }),
    runs,
  ));

test('a list that was asked before answers the next question as a fresh one does', () =>
  fc.assert(
    fc.property(anyCase, fc.array(anyCase, { maxLength: 5 }), (c, others) => {
      for (const { resource } of others) matchingRules(c.rules, resource);
      assert.equal(decide(c), decide({ ...c, rules: [...c.rules] }));
    }),
    { numRuns: 1_000 },
  ));

test('a denial says why, an admission does not', () =>
  fc.assert(
    fc.property(anyCase, (c) => {
      const { allowed, denial, rule } = decide(c);
      assert.is(denial === undefined, allowed);
      if (denial === 'no_rule') assert.is(rule, undefined);
      if (denial === 'rule_denied') assert.is(rule?.access, 'denied');
      if (denial === 'wrong_namespace') assert.is.not(c.account?.issuer, c.namespace);
    }),
    runs,
  ));

/** The caller's token is his word for himself. */
const authOf = ({ rules, account, namespace }: Case): CallerAuth => ({
  inspect: async () => account as NonNullable<typeof account>,
  rules: async (o) => (o?.namespace === namespace ? rules : []),
  known: { account: () => account, rules: (n) => (n === namespace ? rules : []) },
});

const checkOf = (c: Case, more: Partial<CallCheck> = {}): CallCheck => ({
  auth: authOf(c),
  service: c.resource.name,
  endpoint: c.resource.endpoint,
  type: c.resource.type,
  authorization: c.account === undefined ? undefined : 'Bearer token',
  namespaceHeader: c.namespace,
  ...more,
});

const isAllowed = async (work: () => unknown): Promise<boolean> => {
  try {
    await work();
    return true;
  } catch (e) {
    if (!isMicroError(e) || (e.code !== 401 && e.code !== 403)) throw e;
    return false;
  }
};

/** Ways to ask about one call: at a gateway, and at the listener of the service, with and without the header; at once or by asking. */
const ways: Readonly<Record<string, (c: Case) => unknown>> = {
  'a gateway': (c) => checkCall(checkOf(c)),
  'a gateway, at once': (c) => checkCallNow(checkOf(c)),
  'a service': (c) => checkCall(checkOf(c, { rulesNamespace: c.namespace })),
  'a service, at once': (c) => checkCallNow(checkOf(c, { rulesNamespace: c.namespace })),
  'a service, without a header': (c) =>
    checkCall(checkOf(c, { rulesNamespace: c.namespace, namespaceHeader: undefined })),
  'a service, with the own namespace as header': (c) =>
    checkCall(checkOf(c, { rulesNamespace: c.namespace, namespaceHeader: c.account?.issuer })),
  'a service, in the name of micro': (c) =>
    checkCall(checkOf(c, { rulesNamespace: c.namespace, namespaceHeader: 'micro' })),
};

for (const [name, ask] of Object.entries(ways))
  test(`${name} admits whom rules and namespace admit`, () =>
    fc.assert(
      fc.asyncProperty(anyCase, async (c) => {
        assert.is(await isAllowed(() => ask(c)), verdictOf(c).allowed);
      }),
      runs,
    ));

test('a list of what one may call shows what one may call', () =>
  fc.assert(
    fc.asyncProperty(anyCase, async (c) => {
      const resource = { ...c.resource, type: 'service' };
      const may = await callRights({ ...c, auth: authOf(c), service: 'x', rulesNamespace: c.namespace });
      assert.is(may(resource.name, resource.endpoint), verdictOf({ ...c, resource }).allowed);
    }),
    { numRuns: 1_000 },
  ));

test.run();
