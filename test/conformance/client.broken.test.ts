/** The client suite fails on drivers that break a promise: each row wraps the direct client and spoils one thing. */

import assert from 'node:assert/strict';

import type { Client, ClientStream } from '../../internal/contract/client.ts';
import { suite } from '../support/suite.ts';
import { cases } from './client.ts';
import { openDirectClient } from './open-client.ts';

interface Broken {
  readonly name: string;
  /** The case that must notice. */
  readonly fails: keyof typeof cases;
  spoil(good: Client): Partial<Client>;
}

const streamWith = (stream: ClientStream, o: Partial<ClientStream>): ClientStream => ({
  ...stream,
  [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator](),
  ...o,
});

const broken: readonly Broken[] = [
  {
    name: 'forgets metadata',
    fails: 'sends namespace, metadata and token',
    spoil: (good) => ({ call: (s, e, r, o) => good.call(s, e, r, { ...o, metadata: {} }) }),
  },
  {
    name: 'always sends a token',
    fails: 'sends no token when told so',
    spoil: (good) => ({ call: (s, e, r, o) => good.call(s, e, r, { ...o, token: 'mine' }) }),
  },
  {
    name: 'speaks proto only',
    fails: 'speaks JSON when asked to',
    spoil: (good) => ({ call: (s, e, r, o) => good.call(s, e, r, { ...o, contentType: 'application/grpc+proto' }) }),
  },
  {
    name: 'throws errors of its own',
    fails: 'gets the error that the service threw',
    spoil: (good) => ({
      call: (s, e, r, o) =>
        good.call(s, e, r, o).catch((error: Error) => {
          throw new Error(error.message);
        }),
    }),
  },
  {
    name: 'has no limit for messages',
    fails: 'refuses a message over the limit, naming it',
    spoil: (good) => ({ call: (s, e, r, o) => good.call(s, e, r.subarray(0, 10), o) }),
  },
  {
    name: 'ignores its signal',
    fails: 'stops when its signal fires, and the handler learns of it',
    spoil: (good) => ({ call: (s, e, r, o) => good.call(s, e, r, { ...o, signal: undefined, timeoutMs: 1_000 }) }),
  },
  {
    name: 'waits for the end before it hands messages on',
    fails: 'talks both ways at once',
    spoil: (good) => ({
      stream: (s, e, o) => {
        const stream = good.stream(s, e, { ...o, timeoutMs: 500 });
        return streamWith(stream, {
          async *[Symbol.asyncIterator]() {
            const all: Uint8Array[] = [];
            for await (const message of stream) all.push(message);
            yield* all;
          },
        });
      },
    }),
  },
  {
    name: 'swallows errors at the end of a stream',
    fails: 'gets the messages first and then the error',
    spoil: (good) => ({
      stream: (s, e, o) => {
        const stream = good.stream(s, e, o);
        return streamWith(stream, {
          async *[Symbol.asyncIterator]() {
            try {
              yield* stream;
            } catch {
              // This is what the case must notice.
            }
          },
        });
      },
    }),
  },
  {
    name: 'reads ahead without bound',
    fails: 'holds a producer back whose reader waits',
    spoil: (good) => ({
      stream: (s, e, o) => {
        const stream = good.stream(s, e, o);
        const all: Uint8Array[] = [];
        const draining = (async () => {
          for await (const message of stream) all.push(message);
        })();
        return streamWith(stream, {
          async *[Symbol.asyncIterator]() {
            await draining;
            yield* all;
          },
        });
      },
    }),
  },
];

const test = suite('client suite on broken drivers');

for (const { name, fails, spoil } of broken)
  test(`notices a driver that ${name}`, async () => {
    const { driver, close } = await openDirectClient();
    const run = cases[fails];
    assert.ok(run, `no such case: ${fails}`);
    await assert.rejects(run({ ...driver, client: { ...driver.client, ...spoil(driver.client) } }));
    await close();
  });

test.run();
