/** Handlers made by implement, called through a stub: every kind of method, and who sees which fault. */

import assert from 'node:assert/strict';

import { inProcessClient } from '../../test/support/in-process-client.ts';
import { suite } from '../../test/support/suite.ts';
import type { Client, ClientOptions, ClientStream } from '../contract/client.ts';
import { isMicroError, notFound } from '../contract/error.ts';

import { clientApi } from './core/client.ts';
import { debugApi } from './core/debug.ts';
import { registryApi } from './core/registry.ts';
import { runtimeApi } from './core/runtime.ts';
import { implement, implementSome } from './implement.ts';
import { stub } from './stub.ts';

const never = new Promise<never>(() => undefined);

const handlers = [
  ...implement(clientApi, {
    'Client.Call': async ({ body }) => ({ body }),
    'Client.Stream': async function* (requests) {
      for await (const { service, body } of requests) {
        if (service === 'stop') return;
        if (service === 'fail') throw notFound('client.Client.Stream', 'no such service');
        yield { body };
      }
    },
    'Client.Publish': async () => ({}),
  }),
  ...implementSome(registryApi, {
    'Registry.Watch': async function* ({ service }) {
      yield { action: 'create', service: { name: service } };
      yield { action: 'delete' };
    },
  }),
  ...implementSome(runtimeApi, {
    'Source.Upload': async (parts) => {
      let bytes = 0;
      for await (const { data } of parts) bytes += data.length;
      return { id: `source://${bytes}` };
    },
  }),
];
const client = inProcessClient({ services: { client: handlers, registry: handlers, runtime: handlers } });
const calls = stub(client, clientApi);

const list = async <T>(items: AsyncIterable<T>): Promise<readonly T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};
const text = (message: { body: Uint8Array }): string => Buffer.from(message.body).toString();

const test = suite('stub');

test('calls a unary method', async () => {
  assert.equal(text(await calls['Client.Call']({ body: Buffer.from('hi') })), 'hi');
});

test('reads a stream of answers', async () => {
  const events = await list(stub(client, registryApi)['Registry.Watch']({ service: 'x' }));
  assert.deepEqual(
    events.map((e) => [e.action, e.service?.name]),
    [
      ['create', 'x'],
      ['delete', undefined],
    ],
  );
});

test('sends a stream of requests', async () => {
  const parts = async function* () {
    yield { data: Buffer.from('abc') };
    yield { data: Buffer.from('de') };
  };
  assert.deepEqual(await stub(client, runtimeApi)['Source.Upload'](parts()), { id: 'source://5' });
});

test('sends and reads at the same time', async () => {
  const requests = async function* () {
    for (const word of ['a', 'b', 'c']) yield { body: Buffer.from(word) };
  };
  assert.deepEqual((await list(calls['Client.Stream'](requests()))).map(text), ['a', 'b', 'c']);
});

test('ends when the service does, though the source has more', async () => {
  let closed = false;
  const requests = async function* () {
    try {
      yield { service: 'stop' };
      await never;
    } finally {
      closed = true;
    }
  };
  assert.deepEqual(await list(calls['Client.Stream'](requests())), []);
  assert.equal(closed, false);
});

test('closes the source when the reader leaves', async () => {
  let closed = false;
  const requests = async function* () {
    try {
      for (;;) yield { body: Buffer.from('x') };
    } finally {
      closed = true;
    }
  };
  for await (const answer of calls['Client.Stream'](requests())) {
    assert.equal(text(answer), 'x');
    break;
  }
  for (let i = 0; i < 100 && !closed; i += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(closed, true);
});

test("gives the caller a fault of the source, and of the source's values", async () => {
  const broken = async function* () {
    yield { body: Buffer.from('x') };
    throw new Error('disk on fire');
  };
  await assert.rejects(list(calls['Client.Stream'](broken())), /disk on fire/);
  await assert.rejects(stub(client, runtimeApi)['Source.Upload'](broken() as never), /disk on fire/);
  const wrong = async function* () {
    yield 'no message' as never;
    await never;
  };
  await assert.rejects(list(calls['Client.Stream'](wrong())), isMicroError);
});

test('gives the caller a fault of the service', async () => {
  const requests = async function* () {
    yield { service: 'fail' };
    await never;
  };
  await assert.rejects(list(calls['Client.Stream'](requests())), /no such service/);
});

test('rejects, and does not throw, for a request of a wrong shape', async () => {
  const call = calls['Client.Call']('no message' as never);
  await assert.rejects(call, isMicroError);
});

test('says so when a client stream ends without a response', async () => {
  const silent: Client = { ...client, stream: () => silentStream };
  const none = async function* () {};
  await assert.rejects(
    stub(silent, runtimeApi)['Source.Upload'](none()),
    (e) => isMicroError(e) && e.code === 500 && e.message === 'Source.Upload ended without a response',
  );
});

const silentStream: ClientStream = {
  send: async () => undefined,
  end: () => undefined,
  cancel: () => undefined,
  async *[Symbol.asyncIterator]() {},
};

test('opens no stream that nobody reads', async () => {
  let opened = 0;
  const counting: Client = {
    ...client,
    stream: (...args) => {
      opened += 1;
      return client.stream(...args);
    },
  };
  const watch = stub(counting, registryApi)['Registry.Watch']({});
  assert.equal(opened, 0);
  await list(watch);
  assert.equal(opened, 1);
});

test('calls in namespace micro unless told otherwise', async () => {
  const seen: unknown[] = [];
  const noting: Client = {
    ...client,
    call: async (service, _endpoint, _request, o: ClientOptions = {}) => {
      seen.push([service, o.namespace, o.timeoutMs]);
      return new Uint8Array();
    },
  };
  await stub(noting, registryApi)['Registry.GetService']({}, { namespace: undefined, timeoutMs: 5 });
  await stub(noting, registryApi, { namespace: 'foo', timeoutMs: 7 })['Registry.GetService']({});
  await stub(noting, debugApi, { service: 'helloworld' })['Debug.Health']({}, { namespace: 'bar' });
  assert.deepEqual(seen, [
    ['registry', 'micro', 5],
    ['registry', 'foo', 7],
    ['helloworld', 'bar', undefined],
  ]);
});

test('describes each handler as it will be registered', () => {
  const call = handlers.find((h) => h.endpoint === 'Client.Call');
  assert.equal(call?.kind, 'unary');
  assert.deepEqual(call?.describe().response, {
    name: 'Response',
    type: 'Response',
    values: [{ name: 'body', type: '[]uint8', values: [] }],
  });
});

test('refuses a method the package does not have', () => {
  assert.throws(() => registryApi.method('Registry.Nope'), /package registry has no method Registry\.Nope/);
  assert.throws(() => registryApi.method('constructor'), /has no method/);
});

test.run();
