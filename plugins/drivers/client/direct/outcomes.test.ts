/** What the direct client tells the router of each call: once, and what the call has shown of its node. */

import assert from 'node:assert/strict';

import type { Client } from '../../../../internal/contract/client.ts';
import type { Picked, Route, Router } from '../../../../internal/contract/router.ts';
import { serve } from '../../../../internal/host/serve.ts';
import { exampleHandlers } from '../../../../test/conformance/example-handlers.ts';
import { openAuth } from '../../../../test/conformance/open-client.ts';
import { poll } from '../../../../test/support/poll.ts';
import { silentLog, startDriver } from '../../../../test/support/start-driver.ts';
import { suite } from '../../../../test/support/suite.ts';

import { plugin } from './plugin.ts';

/** A port that was never bound: connections to it are refused. */
const deadAddress = '127.0.0.1:1';

const routeTo = (address: string): Route => ({
  service: 'example',
  version: 'latest',
  node: { id: address, address, metadata: {} },
});

/** Gives the addresses out in turn and notes how each call ended. */
const fakeRouter = (addresses: readonly string[], told: string[]): Router => {
  const pick: Router['pick'] = (_, { exclude }) => {
    const address = addresses.find((one) => exclude?.has(one) !== true);
    if (address === undefined) return undefined;
    const picked: Picked = {
      route: routeTo(address),
      done: (outcome) => void told.push(`${address === deadAddress ? 'dead' : 'alive'} ${outcome}`),
    };
    return picked;
  };
  return {
    pick,
    find: async (service, o) => pick(service, o) ?? assert.fail('no address left'),
    resolve: (service) => service,
    load: async () => undefined,
    lookup: async () => addresses.map(routeTo),
    report: () => undefined,
  };
};

type Run = (client: Client) => Promise<unknown>;

const bytes = (text: string): Uint8Array => Buffer.from(text);
const read = async (stream: AsyncIterable<Uint8Array>): Promise<number> => {
  let count = 0;
  for await (const _ of stream) count += 1;
  return count;
};
const echoStream: Run = async (client) => {
  const stream = client.stream('example', 'Example.Echo');
  await stream.send(bytes('a'));
  stream.end();
  return read(stream);
};

const rows: readonly {
  readonly name: string;
  readonly addresses: readonly ('alive' | 'dead')[];
  run: Run;
  readonly told: readonly string[];
}[] = [
  {
    name: 'a call that is answered',
    addresses: ['alive'],
    run: (client) => client.call('example', 'Example.Echo', bytes('a')),
    told: ['alive answered'],
  },
  {
    name: 'a call that is answered with an error',
    addresses: ['alive'],
    run: (client) => assert.rejects(client.call('example', 'Example.Fail', bytes('no'))),
    told: ['alive answered'],
  },
  {
    name: 'a call that goes on to a second node',
    addresses: ['dead', 'alive'],
    run: (client) => client.call('example', 'Example.Echo', bytes('a')),
    told: ['dead failed', 'alive answered'],
  },
  {
    name: 'a call with nowhere else to go',
    addresses: ['dead'],
    run: (client) => assert.rejects(client.call('example', 'Example.Echo', bytes('a'))),
    told: ['dead failed'],
  },
  {
    name: 'a call that takes too long',
    addresses: ['alive'],
    run: (client) => assert.rejects(client.call('example', 'Example.Wait', bytes(''), { timeoutMs: 50 })),
    told: ['alive unknown'],
  },
  {
    name: 'a call whose caller leaves',
    addresses: ['alive'],
    run: (client) =>
      assert.rejects(client.call('example', 'Example.Wait', bytes(''), { signal: AbortSignal.timeout(50) })),
    told: ['alive unknown'],
  },
  { name: 'a stream that ends', addresses: ['alive'], run: echoStream, told: ['alive answered'] },
  {
    name: 'a stream that goes on to a second node',
    addresses: ['dead', 'alive'],
    run: echoStream,
    told: ['dead failed', 'alive answered'],
  },
  {
    name: 'a stream with nowhere else to go',
    addresses: ['dead'],
    run: (client) => assert.rejects(read(client.stream('example', 'Example.Echo'))),
    told: ['dead failed'],
  },
  {
    name: 'a stream whose caller leaves',
    addresses: ['alive'],
    run: async (client) => {
      const signal = AbortSignal.timeout(50);
      const stream = client.stream('example', 'Example.Wait', { signal });
      await stream.send(bytes(''));
      await assert.rejects(read(stream));
    },
    told: ['alive unknown'],
  },
];

const test = suite('direct client: outcomes');

for (const { name, addresses, run, told: want } of rows)
  test(`${name}: ${want.join(', ')}`, async () => {
    const served = await serve({
      services: [{ name: 'example', namespace: 'micro', handlers: exampleHandlers().handlers }],
      address: '127.0.0.1:0',
      registry: { register: async () => undefined, deregister: async () => undefined },
      auth: openAuth,
      log: silentLog,
      signal: new AbortController().signal,
    });
    const told: string[] = [];
    const router = fakeRouter(
      addresses.map((one) => (one === 'dead' ? deadAddress : served.address)),
      told,
    );
    const { instance, stop } = await startDriver(plugin, { needs: { router } });
    await run(instance);
    await poll('every call to be told of', () => told.length >= want.length);
    await stop();
    await served.stop(AbortSignal.timeout(1_000));
    assert.deepEqual(told, want);
  });

test.run();
