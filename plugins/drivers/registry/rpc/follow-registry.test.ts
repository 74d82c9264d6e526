/** A watch across broken connections: what changed meanwhile is told, what did not is not. */

import assert from 'node:assert/strict';

import { microError } from '../../../../internal/contract/error.ts';
import { watchQueueMax } from '../../../../internal/contract/limits.ts';
import type { RegistryEvent, Service } from '../../../../internal/contract/registry.ts';
import { silentLog } from '../../../../test/support/start-driver.ts';
import { suite } from '../../../../test/support/suite.ts';

import { type FollowOptions, followRegistry } from './follow-registry.ts';

const service = (name: string, ...nodes: readonly string[]): Service => ({
  name,
  version: 'latest',
  metadata: { domain: 'micro' },
  endpoints: [],
  nodes: nodes.map((id) => ({ id, address: '127.0.0.1:1', metadata: {} })),
});
const brief = ({ action, service: s }: RegistryEvent): string => `${action} ${s.name} ${s.nodes.map((n) => n.id)}`;

interface Opened {
  send(event: RegistryEvent): void;
  break(e: Error): void;
  end(): void;
}

/** A server whose list the test sets and whose streams it feeds and breaks. */
const fakeServer = () => {
  const streams: Opened[] = [];
  let services: readonly Service[] = [];
  const waiting: (() => void)[] = [];
  return {
    set: (...now: readonly Service[]) => (services = now),
    /** The n-th stream, once it is open. */
    stream: async (n: number): Promise<Opened> => {
      while (streams.length < n) await new Promise<void>((resolve) => waiting.push(resolve));
      return streams[n - 1]!;
    },
    read: async () => services,
    open: () =>
      new ReadableStream<RegistryEvent>({
        start: (controller) => {
          streams.push({
            send: (event) => controller.enqueue(event),
            break: (e) => controller.error(e),
            end: () => controller.close(),
          });
          for (const wake of waiting.splice(0)) wake();
        },
      }),
  };
};

const follow = (server: Pick<FollowOptions, 'open' | 'read'>, signal = new AbortController().signal) => {
  const events = followRegistry({ ...server, signal, log: silentLog })[Symbol.asyncIterator]();
  return { events, next: async () => brief((await events.next()).value) };
};

const test = suite('followRegistry');

test('tells events as they come and nothing of the first list', async () => {
  const server = fakeServer();
  server.set(service('old', 'o-1'));
  const { next } = follow(server);
  const stream = await server.stream(1);
  stream.send({ action: 'create', service: service('a', 'a-1') });
  assert.equal(await next(), 'create a a-1');
  stream.send({ action: 'delete', service: service('a', 'a-1') });
  assert.equal(await next(), 'delete a a-1');
});

test('opens again after a break and tells what changed meanwhile', async () => {
  const server = fakeServer();
  server.set(service('gone', 'g-1'), service('moved', 'm-1'), service('same', 's-1'));
  const { next } = follow(server);
  const first = await server.stream(1);
  first.send({ action: 'create', service: service('late', 'l-1') });
  assert.equal(await next(), 'create late l-1');
  server.set(service('moved', 'm-2'), service('new', 'n-1'), service('same', 's-1'));
  first.break(new Error('connection lost'));
  const told = [await next(), await next(), await next(), await next()].sort();
  assert.deepEqual(told, ['create new n-1', 'delete gone g-1', 'delete late l-1', 'update moved m-2']);
  (await server.stream(2)).send({ action: 'update', service: service('same', 's-2') });
  assert.equal(await next(), 'update same s-2');
});

test('opens again when the server ends the stream', async () => {
  const server = fakeServer();
  const { next } = follow(server);
  (await server.stream(1)).end();
  (await server.stream(2)).send({ action: 'create', service: service('a', 'a-1') });
  assert.equal(await next(), 'create a a-1');
});

test('believes an event more than a list that was asked for before it', async () => {
  const server = fakeServer();
  const answers: ((services: readonly Service[]) => void)[] = [];
  const slow = { ...server, read: () => new Promise<readonly Service[]>((resolve) => answers.push(resolve)) };
  const { next } = follow(slow);
  const first = await server.stream(1);
  answers[0]!([service('a', 'a-1')]);
  first.send({ action: 'update', service: service('a', 'a-2') });
  assert.equal(await next(), 'update a a-2');
  first.break(new Error('connection lost'));
  const second = await server.stream(2);
  second.send({ action: 'update', service: service('a', 'a-3') });
  assert.equal(await next(), 'update a a-3');
  answers[1]!([service('a', 'a-2'), service('b', 'b-1')]);
  assert.equal(await next(), 'create b b-1');
});

test('fails at once where trying again cannot help', async () => {
  const server = fakeServer();
  const { events } = follow(server);
  const denied = microError(401, 'registry.Registry.Watch', 'an account is required');
  const reading = events.next();
  (await server.stream(1)).break(denied);
  await assert.rejects(reading, (e) => e === denied || (e as Error).message === denied.message);
});

test('ends with its signal, while it waits and before it starts', async () => {
  const abort = new AbortController();
  const { events } = follow(fakeServer(), abort.signal);
  const waiting = events.next();
  abort.abort();
  assert.equal((await waiting).done, true);
  assert.equal((await follow(fakeServer(), abort.signal).events.next()).done, true);
});

test('closes its connection when the reader leaves', async () => {
  const server = fakeServer();
  let opened: AbortSignal | undefined;
  const open = (signal: AbortSignal): ReadableStream<RegistryEvent> => {
    opened = signal;
    return server.open();
  };
  const spy = { ...server, open };
  const { events } = follow(spy);
  await server.stream(1);
  await events.return?.();
  assert.equal(opened?.aborted, true);
});

test('ends a reader that falls behind with tooMany', async () => {
  const server = fakeServer();
  const { events } = follow(server);
  const stream = await server.stream(1);
  const event: RegistryEvent = { action: 'create', service: service('a', 'a-1') };
  for (let i = 0; i <= watchQueueMax; i += 1) stream.send(event);
  const drain = async (): Promise<void> => {
    // The queue is full only after the events have passed through the stream, some ticks from now.
    while (true) {
      await new Promise((resolve) => setImmediate(resolve));
      if ((await events.next()).done) return;
    }
  };
  await assert.rejects(drain(), /watchQueueMax/);
});

test.run();
