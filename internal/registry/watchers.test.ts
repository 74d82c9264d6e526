/** Watch queues: nothing lost, nothing unbounded, nothing left behind. */

import assert from 'node:assert/strict';

import { isMicroError } from '../contract/error.ts';
import { watchMergeAfter, watchQueueMax, watchQueueNodesMax } from '../contract/limits.ts';
import type { RegistryEvent } from '../contract/registry.ts';
import { suite } from '../../test/support/suite.ts';

import { createWatchers, type Watchers } from './watchers.ts';

const event = (name: string): RegistryEvent => ({
  action: 'create',
  service: { name, version: 'latest', metadata: {}, endpoints: [], nodes: [] },
});

const emit = (watchers: Watchers, name: string): void => watchers.emit({ domain: 'micro', name }, () => event(name));

const test = suite('registry watchers');

test('keep what happens between watch() and the first read', async () => {
  const watchers = createWatchers();
  const iterator = watchers.open({})[Symbol.asyncIterator]();
  emit(watchers, 'a');
  emit(watchers, 'b');
  assert.equal((await iterator.next()).value.service.name, 'a');
  assert.equal((await iterator.next()).value.service.name, 'b');
});

test('end a reader that falls behind with tooMany', async () => {
  const watchers = createWatchers();
  const iterator = watchers.open({})[Symbol.asyncIterator]();
  for (let i = 0; i < watchQueueMax; i += 1) emit(watchers, `s${i}`);
  assert.equal((await iterator.next()).done, false);
  emit(watchers, 'fits');
  emit(watchers, 'one more');
  await assert.rejects(iterator.next(), (e) => isMicroError(e) && e.code === 429 && e.detail.includes('watchQueueMax'));
});

test('end a reader whose events hold too many nodes, but never for a single one', async () => {
  const watchers = createWatchers();
  const iterator = watchers.open({})[Symbol.asyncIterator]();
  const large = (name: string): RegistryEvent => ({
    action: 'update',
    service: {
      ...event(name).service,
      nodes: Array(watchQueueNodesMax + 1).fill({ id: 'a', address: 'b', metadata: {} }),
    },
  });
  watchers.emit({ domain: 'micro', name: 'a' }, () => large('a'));
  assert.equal((await iterator.next()).value.service.nodes.length, watchQueueNodesMax + 1);
  emit(watchers, 'small');
  watchers.emit({ domain: 'micro', name: 'b' }, () => large('b'));
  await assert.rejects(
    iterator.next(),
    (e) => isMicroError(e) && e.code === 429 && e.detail.includes('watchQueueNodesMax'),
  );
});

test('tell a reader that is behind the latest state of each version once', async () => {
  const watchers = createWatchers();
  const iterator = watchers.open({ domain: '*' })[Symbol.asyncIterator]();
  const tell = (action: RegistryEvent['action'], name: string, id: string, domain = 'micro'): void =>
    watchers.emit({ domain, name }, () => ({
      action,
      service: { ...event(name).service, metadata: { domain }, nodes: [{ id, address: 'a:1', metadata: {} }] },
    }));
  for (let i = 0; i < watchMergeAfter; i += 1) tell('update', 'busy', `${i}`);
  for (let i = 0; i < 10 * watchQueueMax; i += 1) tell('update', 'busy', `later ${i}`);
  tell('create', 'new', '1');
  tell('update', 'new', '2');
  tell('create', 'brief', '1');
  tell('delete', 'brief', '1');
  tell('delete', 'again', '1');
  tell('create', 'again', '2');
  tell('create', 'new', '3', 'other');
  watchers.close();
  const told: string[] = [];
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    const { action, service } = next.value as RegistryEvent;
    told.push(`${action} ${service.name} ${service.nodes.map((n) => n.id)} ${service.metadata.domain}`);
  }
  assert.equal(told[watchMergeAfter - 1], `update busy ${watchMergeAfter - 1} micro`);
  assert.deepEqual(told.slice(watchMergeAfter), [
    `update busy later ${10 * watchQueueMax - 1} micro`,
    'create new 2 micro',
    'delete brief 1 micro',
    'update again 2 micro',
    'create new 3 other',
  ]);
});

test('do not hold other readers up when one falls behind', async () => {
  const watchers = createWatchers();
  watchers.open({});
  const quick = watchers.open({})[Symbol.asyncIterator]();
  for (let i = 0; i < 2 * watchQueueMax; i += 1) {
    emit(watchers, `${i}`);
    assert.equal((await quick.next()).value.service.name, `${i}`);
  }
});

test('let a reader leave while it waits', async () => {
  const iterator = createWatchers().open({})[Symbol.asyncIterator]();
  const waiting = iterator.next();
  await iterator.return?.();
  assert.equal((await waiting).done, true);
});

test('take their listener off the signal', async () => {
  const abort = new AbortController();
  const watchers = createWatchers();
  let listeners = 0;
  const signal = new Proxy(abort.signal, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (key === 'addEventListener') listeners += 1;
      if (key === 'removeEventListener') listeners -= 1;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const iterator = watchers.open({ signal })[Symbol.asyncIterator]();
  assert.equal(listeners, 1);
  await iterator.return?.();
  assert.equal(listeners, 0);
});

test('end when the registry stops, and later ones at once', async () => {
  const watchers = createWatchers();
  const waiting = watchers.open({})[Symbol.asyncIterator]().next();
  watchers.close();
  assert.equal((await waiting).done, true);
  assert.equal((await watchers.open({})[Symbol.asyncIterator]().next()).done, true);
});

test.run();
