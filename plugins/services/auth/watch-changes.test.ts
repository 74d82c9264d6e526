/** The feed of changes as watchers see it: who learns what, the beat, and an end rather than a gap. */

import assert from 'node:assert/strict';

import { createAuthListeners } from '../../../internal/auth/auth-listeners.ts';
import type { AuthChange } from '../../../internal/contract/auth-change.ts';
import type { Account } from '../../../internal/contract/auth.ts';
import { isMicroError } from '../../../internal/contract/error.ts';
import { changesQueueMax } from '../../../internal/contract/limits.ts';
import { testAdmin } from '../../../test/support/in-process-client.ts';
import { suite } from '../../../test/support/suite.ts';
import { watchChanges } from './watch-changes.ts';

const test = suite('services/auth: the feed of changes');

const open = (watcher: Account, beatMs = 60_000) => {
  const listeners = createAuthListeners();
  const left = new AbortController();
  const feed = watchChanges({ auth: { changes: listeners.add }, watcher, signal: left.signal, beatMs });
  return { listeners, left, next: async () => (await feed.next()).value };
};

const user = (issuer: string, more: Partial<Account> = {}): Account => ({ ...testAdmin, issuer, scopes: [], ...more });
const service = (issuer: string): Account => user(issuer, { type: 'service', scopes: ['service'] });
const tokens = (namespace: string): AuthChange => ({
  kind: 'tokens',
  generation: `of ${namespace}`,
  reason: 'ended_account',
  account: { namespace, id: 'jane' },
});
const rules = (namespace: string): AuthChange => ({ kind: 'rules', namespace });

for (const { name, watcher, sees } of [
  { name: 'an admin of micro', watcher: testAdmin, sees: ['foo jane', 'bar jane', 'rules foo', 'rules bar'] },
  { name: 'a service of micro', watcher: service('micro'), sees: ['foo jane', 'bar jane', 'rules foo', 'rules bar'] },
  { name: 'a service', watcher: service('foo'), sees: ['foo jane', 'somebody', 'rules foo'] },
  { name: 'an admin', watcher: user('foo', { scopes: ['admin'] }), sees: ['foo jane', 'somebody', 'rules foo'] },
  { name: 'a user', watcher: user('foo'), sees: ['somebody', 'somebody', 'rules foo'] },
  { name: 'a user of micro', watcher: user('micro'), sees: ['somebody', 'somebody', 'rules micro'] },
])
  test(`${name} is told whose tokens ended, and of rules, where it may know of them`, async () => {
    const { listeners, next } = open(watcher);
    assert.deepEqual(await next(), { kind: 'ALIVE' });
    for (const change of [tokens('foo'), tokens('bar'), rules('foo'), rules('bar'), rules('micro')])
      listeners.tell(change);
    const seen: string[] = [];
    while (seen.length < sees.length) {
      const change = await next();
      if (change?.kind === 'CHANGED_RULES') seen.push(`rules ${change.namespace}`);
      else seen.push(change?.id === undefined ? 'somebody' : `${change.namespace} ${change.id}`);
      if (change?.kind !== 'CHANGED_RULES') assert.match(change?.generation ?? '', /^of (foo|bar)$/);
    }
    assert.deepEqual(seen, sees);
  });

test('is alive while nothing happens, and ends with its watcher', async () => {
  const { left, listeners, next } = open(testAdmin, 1);
  for (let beats = 0; beats < 3; beats += 1) assert.deepEqual(await next(), { kind: 'ALIVE' });
  assert.equal(listeners.size, 1);
  left.abort();
  assert.equal(await next(), undefined);
  assert.equal(listeners.size, 0);
});

test('a watcher that waits hears at once that it is over', async () => {
  const { left, next } = open(testAdmin);
  await next();
  const waiting = next();
  left.abort();
  assert.equal(await waiting, undefined);
});

for (const { name, tell, code, text } of [
  {
    name: 'that falls behind',
    tell: Array.from({ length: changesQueueMax + 1 }, () => tokens('foo')),
    code: 429,
    text: /changesQueueMax/,
  },
  { name: 'whose driver has missed changes', tell: [{ kind: 'missed' } as const], code: 503, text: /missed/ },
])
  test(`a watcher ${name} is cut off rather than told too little`, async () => {
    const { listeners, next } = open(testAdmin);
    await next();
    for (const change of tell) listeners.tell(change);
    await assert.rejects(next(), (e) => isMicroError(e) && e.code === code && text.test(e.detail));
    assert.equal(listeners.size, 0);
  });

test('changes that a watcher may not see do not put it behind', async () => {
  const { listeners, next } = open(user('foo'));
  await next();
  for (let i = 0; i <= changesQueueMax; i += 1) listeners.tell(rules('bar'));
  listeners.tell(rules('foo'));
  assert.deepEqual(await next(), { kind: 'CHANGED_RULES', namespace: 'foo' });
});

test('a driver that tells nobody is no feed', async () => {
  const feed = watchChanges({ auth: {}, watcher: testAdmin, signal: new AbortController().signal });
  await assert.rejects(feed.next(), (e) => isMicroError(e) && e.code === 501);
});

test.run();
