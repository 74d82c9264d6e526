/** Watch queues: nothing lost, nothing unbounded, nothing left behind. */

import assert from 'node:assert/strict';

import { isMicroError } from '../contract/error.ts';
import { watchQueueMax } from '../contract/limits.ts';
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
  for (let i = 0; i < watchQueueMax; i += 1) emit(watchers, 'a');
  assert.equal((await iterator.next()).done, false);
  emit(watchers, 'a');
  emit(watchers, 'one more');
  await assert.rejects(iterator.next(), (e) => isMicroError(e) && e.code === 429 && e.detail.includes('watchQueueMax'));
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
