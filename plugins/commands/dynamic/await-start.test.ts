/** Waiting for a service that is starting: it comes, it fails, it is none, or the runtime may not be asked. */

import assert from 'node:assert/strict';

import type { Client } from '../../../internal/contract/client.ts';
import { forbidden } from '../../../internal/contract/error.ts';
import type { Service } from '../../../internal/contract/registry.ts';
import { plugin as memoryRegistry } from '../../drivers/registry/memory/plugin.ts';
import { startDriver } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';
import { awaitStart } from './await-start.ts';

const test = suite('await start');

const helloworld: Service = {
  name: 'helloworld',
  version: 'latest',
  metadata: {},
  endpoints: [],
  nodes: [{ id: 'helloworld-1', address: '127.0.0.1:1', metadata: {} }],
};

/** A runtime that shows these states, the last one for ever; `onAsk` is told how often it was asked. */
const runtimeShowing = (states: readonly string[], onAsk: (count: number) => void = () => {}): Pick<Client, 'call'> => {
  let asked = 0;
  return {
    call: async (service, endpoint) => {
      assert.equal(`${service} ${endpoint}`, 'runtime Runtime.Read');
      const status = states[Math.min(asked, states.length - 1)];
      asked += 1;
      onAsk(asked);
      return new TextEncoder().encode(JSON.stringify({ services: status ? [{ metadata: { status } }] : [] }));
    },
  };
};

const waitWith = async (
  o: { readonly client: Pick<Client, 'call'>; readonly signal?: AbortSignal },
  before: (register: () => Promise<void>) => void = () => {},
): Promise<readonly Service[]> => {
  const { instance, stop } = await startDriver(memoryRegistry);
  try {
    before(() => instance.register(helloworld, { domain: 'mine' }));
    const { signal = new AbortController().signal } = o;
    return await awaitStart('helloworld', 'mine', { registry: instance, client: o.client, signal });
  } finally {
    await stop();
  }
};

test('a service that is starting is found when it registers', async () => {
  let register = async (): Promise<void> => {};
  const client = runtimeShowing(['building', 'starting'], (count) => {
    if (count === 2) void register();
  });
  const found = await waitWith({ client }, (r) => {
    register = r;
  });
  assert.deepEqual(
    found.map((s) => s.name),
    ['helloworld'],
  );
});

test('one that fails meanwhile is not waited for any longer', async () => {
  assert.deepEqual(await waitWith({ client: runtimeShowing(['starting', 'error']) }), []);
});

test('one that nobody runs, or that has failed already, is not waited for at all', async () => {
  for (const states of [[], ['error'], ['stopped']]) {
    let asked = 0;
    const client = runtimeShowing(states, (count) => {
      asked = count;
    });
    assert.deepEqual(await waitWith({ client }), []);
    assert.equal(asked, 1);
  }
});

test('who may not ask the runtime, or gets nonsense from it, waits for nothing', async () => {
  const refusing = { call: async () => Promise.reject(forbidden('runtime.Runtime.Read', 'Forbidden')) };
  assert.deepEqual(await waitWith({ client: refusing }), []);
  assert.deepEqual(await waitWith({ client: { call: async () => new TextEncoder().encode('?') } }), []);
});

test('an interrupted wait ends with its reason', async () => {
  const interrupted = new AbortController();
  const client = runtimeShowing(['starting'], (count) => {
    if (count === 2) interrupted.abort(new Error('interrupted'));
  });
  await assert.rejects(waitWith({ client, signal: interrupted.signal }), /interrupted/);
});

test.run();
