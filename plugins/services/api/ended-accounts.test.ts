/** The HTTP API and accounts that end: it cuts their requests itself, whatever is behind it. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';

import type { Auth } from '../../../internal/contract/auth.ts';
import type { Client } from '../../../internal/contract/client.ts';
import type { Host } from '../../../internal/contract/host.ts';
import type { Registry } from '../../../internal/contract/registry.ts';
import { type HeldCall, holdHttp } from '../../../test/support/open-calls.ts';
import { poll } from '../../../test/support/poll.ts';
import { startService } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';
import { openTellingAuth, type TellingAuth } from '../../../test/support/telling-auth.ts';
import { plugin } from './plugin.ts';

const test = suite('HTTP API: accounts that end');

const endpoint = (name: string, metadata: Readonly<Record<string, string>>) => ({
  name,
  request: { name: 'Request', type: 'Request', values: [] },
  response: undefined,
  metadata,
});
const registry = {
  get: async () => [
    {
      name: 'example',
      version: 'latest',
      metadata: {},
      endpoints: [endpoint('Example.Wait', {}), endpoint('Example.Flood', { stream: 'true' })],
      nodes: [{ id: 'n', address: '127.0.0.1:1', metadata: {} }],
    },
  ],
} as unknown as Registry;

interface Setup {
  readonly auth: TellingAuth;
  readonly address: string;
  /** Calls to the service that are on their way. */
  on(): number;
  call(name: string, id: string): HeldCall;
}

const run = async (body: (setup: Setup) => Promise<void>): Promise<void> => {
  const auth = openTellingAuth();
  let on = 0;
  const client: Client = {
    call: (_, __, ___, o = {}) =>
      new Promise((_resolve, reject) => {
        on += 1;
        o.signal?.addEventListener('abort', () => {
          on -= 1;
          reject(o.signal?.reason);
        });
      }),
    stream: (_, __, o = {}) => ({
      send: async () => undefined,
      end: () => undefined,
      cancel: () => undefined,
      async *[Symbol.asyncIterator]() {
        on += 1;
        try {
          for (;;) {
            o.signal?.throwIfAborted();
            yield Buffer.from(`{"text":"${'x'.repeat(1_000)}"}`);
            await new Promise((resolve) => setImmediate(resolve));
          }
        } finally {
          on -= 1;
        }
      },
    }),
  };
  const { instance, stop } = await startService(plugin, {
    needs: { auth: auth as unknown as Auth, registry, client, host: { version: '1' } as Host },
    config: { address: '127.0.0.1:0' },
  });
  const address = instance.listeners?.()[0]?.address ?? '';
  try {
    await body({
      auth,
      address,
      on: () => on,
      call: (name, id) =>
        holdHttp(address, { service: 'example', endpoint: name, token: auth.tokenOf(id), request: {} }),
    });
  } finally {
    await stop();
  }
  assert.equal(auth.listening, 0, 'it listens no more');
};

const isCut = async (call: HeldCall): Promise<void> => {
  await poll('the end of the request', () => call.end() !== undefined);
  assert.equal(`${call.end()?.code} ${call.end()?.reason}`, '401 ended_account', call.end()?.text);
};

for (const end of ['end', 'endUnsaid'] as const) {
  test(`a request that waits for its answer gets 401, the service is told, others wait on (${end})`, () =>
    run(async ({ auth, call, on }) => {
      const [mine, other] = [call('Example.Wait', 'jane'), call('Example.Wait', 'joe')];
      await poll('both calls', () => on() === 2);
      auth[end]('jane');
      await isCut(mine);
      assert.equal(on(), 1);
      assert.equal(other.end(), undefined);
      other.close();
      await poll('the other to leave', () => on() === 0);
    }));

  test(`a stream ends with the error as its last line, that of another goes on (${end})`, () =>
    run(async ({ auth, call }) => {
      const [mine, other] = [call('Example.Flood', 'jane'), call('Example.Flood', 'joe')];
      await poll('both streams', () => mine.received() > 0 && other.received() > 0);
      auth[end]('jane');
      await isCut(mine);
      const before = other.received();
      await poll('more', () => other.received() > before);
      other.close();
    }));

  test(`a request is not sent on by an answer from before the end (${end})`, () =>
    run(async ({ auth, call, on }) => {
      const release = auth.hold();
      const [mine, other] = [call('Example.Wait', 'jane'), call('Example.Wait', 'joe')];
      await poll('both questions', () => auth.waiting === 2);
      auth[end]('jane');
      release();
      await isCut(mine);
      await poll('the other call', () => on() === 1);
      other.close();
    }));
}

test('who does not read the answer is cut without being waited for', () =>
  run(async ({ auth, address, on }) => {
    const sent = httpRequest(`http://${address}/example/Example/Flood`, {
      method: 'POST',
      agent: false,
      headers: { authorization: `Bearer ${auth.tokenOf('jane')}`, 'content-length': 2 },
    });
    sent.on('error', () => undefined);
    sent.end('{}');
    const [response] = (await once(sent, 'response')) as [NodeJS.ReadableStream & { pause(): void }];
    response.on('error', () => undefined);
    response.pause();
    await poll('the stream', () => on() === 1);
    auth.end('jane');
    await poll('its end', () => on() === 0);
    sent.destroy();
  }));

test.run();
