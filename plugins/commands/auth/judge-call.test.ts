/** Tests of the dry run: it says of every core endpoint what the server does (the same data is held against a real one), and asks for rules only where they count. */

import * as assert from 'uvu/assert';

import { defaultRule } from '../../../internal/auth/rules.ts';
import type { Account, Rule } from '../../../internal/contract/auth.ts';
import { asks, type CallerName, endpoints, outcomes } from '../../../test/e2e/auth-matrix.ts';
import { suite } from '../../../test/support/suite.ts';
import { judgeCall } from './judge-call.ts';

const test = suite('dry run');

const account = (issuer: string, type: string, scopes: readonly string[] = []): Account => ({
  id: type,
  type,
  issuer,
  metadata: {},
  scopes,
  name: type,
});

/** Those of the matrix that have an account, or none; what is wrong with a token is no matter here. */
const callers: ReadonlyMap<CallerName, Account | undefined> = new Map([
  ['nobody', undefined],
  ['customer', account('micro', 'customer', ['admin'])],
  ['user', account('micro', 'user')],
  ['admin', account('micro', 'user', ['admin'])],
  ['service', account('micro', 'service', ['service'])],
  ['foo user', account('foo', 'user')],
  ['foo admin', account('foo', 'user', ['admin'])],
  ['foo service', account('foo', 'service', ['service'])],
]);

for (const row of endpoints)
  test(`${row.service} ${row.endpoint} is judged as the server judges it`, async () => {
    for (const [name, who] of callers)
      for (const { asked, namespace } of asks(row)) {
        const resource = { type: 'service', name: row.service, endpoint: row.endpoint };
        const rulesOf = async (): Promise<readonly Rule[]> => [defaultRule];
        const { allowed, own, allowing } = await judgeCall({ account: who, resource, namespace, rulesOf });
        assert.is(allowed, outcomes[name][asked] === 'ok', `${name}, ${asked}`);
        assert.is(own?.refusal === undefined, allowed, 'it is the service that refuses');
        assert.is(allowing, undefined, 'so that no rule helps');
      }
  });

const helloworld = { type: 'service', name: 'helloworld', endpoint: 'Helloworld.Call' };
const closed: Rule = { ...defaultRule, id: 'closed', access: 'denied', priority: 2 };

for (const c of [
  { name: 'a public rule', rules: [defaultRule], who: undefined, allowed: true },
  { name: 'no rule for nobody', rules: [{ ...defaultRule, scope: '*' }], who: undefined, allowed: false },
  { name: 'a rule that denies', rules: [defaultRule, closed], who: account('foo', 'user'), allowed: false },
  { name: 'another namespace', rules: [defaultRule], who: account('bar', 'user'), allowed: false },
  { name: 'an admin of micro', rules: [defaultRule], who: account('micro', 'user', ['admin']), allowed: true },
  { name: 'a rule for all', rules: [{ ...defaultRule, scope: '+' }], who: account('bar', 'user'), allowed: true },
])
  test(`a service is judged by the rules of its namespace: ${c.name}`, async () => {
    const asked: string[] = [];
    const rulesOf = async (namespace: string): Promise<readonly Rule[]> => {
      asked.push(namespace);
      return c.rules;
    };
    const judged = await judgeCall({ account: c.who, resource: helloworld, namespace: 'foo', rulesOf });
    assert.is(judged.allowed, c.allowed);
    assert.is(judged.own, undefined);
    assert.is(judged.allowing === undefined, c.allowed);
    assert.equal(asked, ['foo']);
  });

test('rules that make no difference are not asked for: not everybody may read them', async () => {
  const rulesOf = (): Promise<never> => Promise.reject(new Error('asked'));
  const question = { namespace: 'foo', rulesOf };
  const open = { type: 'service', name: 'auth', endpoint: 'Auth.Token' };
  assert.is((await judgeCall({ ...question, account: undefined, resource: open })).allowed, true);
  const core = { type: 'service', name: 'auth', endpoint: 'Rules.List' };
  assert.is((await judgeCall({ ...question, account: account('foo', 'user'), resource: core })).allowed, true);
});

test.run();
