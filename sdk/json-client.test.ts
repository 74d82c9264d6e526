/** JSON calls: what is sent, what is inherited from the call being served, what comes back. */

import * as assert from 'uvu/assert';

import type { Client as ByteClient, ClientOptions } from '../internal/contract/client.ts';
import { suite } from '../test/support/suite.ts';
import { createJsonClient, type Inherited } from './json-client.ts';

const test = suite('sdk/json-client');

interface Seen {
  request: unknown;
  options: ClientOptions;
}

/** Records what it is asked; answers each message with `answers` in turn. */
const fakeClient = (
  answers: readonly string[],
): { client: ByteClient; seen: Seen[]; sent: unknown[]; ended: () => boolean } => {
  const seen: Seen[] = [];
  const sent: unknown[] = [];
  let ended = false;
  const client: ByteClient = {
    call: async (_service, _endpoint, request, options = {}) => {
      seen.push({ request: JSON.parse(Buffer.from(request).toString()), options });
      return Buffer.from(answers[0] ?? '');
    },
    stream: (_service, _endpoint, options = {}) => {
      seen.push({ request: undefined, options });
      return {
        send: async (message) => {
          sent.push(JSON.parse(Buffer.from(message).toString()));
        },
        end: () => {
          ended = true;
        },
        cancel: () => {},
        [Symbol.asyncIterator]: async function* () {
          for (const a of answers) yield Buffer.from(a);
        },
      };
    },
  };
  return { client, seen, sent, ended: () => ended };
};

const served = (metadata: Readonly<Record<string, string>>): Inherited => ({
  namespace: 'shop',
  metadata,
  signal: new AbortController().signal,
});

test('sends 64-bit numbers as texts and bytes as base64, and gives the answer as JSON has it', async () => {
  const fake = fakeClient(['{"count":"9007199254740993"}']);
  const answer = await createJsonClient(fake.client).call('a', 'A.B', {
    big: 9007199254740993n,
    data: new Uint8Array([1, 2]),
    buffer: Buffer.from('hi'),
    nested: { list: [1n] },
  });
  assert.equal(fake.seen[0]?.request, {
    big: '9007199254740993',
    data: 'AQI=',
    buffer: 'aGk=',
    nested: { list: ['1'] },
  });
  assert.equal(answer, { count: '9007199254740993' });
  assert.is(fake.seen[0]?.options.contentType, 'application/grpc+json');
});

test('an empty answer is an empty object, one that is not JSON an error that names the call', async () => {
  assert.equal(await createJsonClient(fakeClient(['']).client).call('a', 'A.B'), {});
  try {
    await createJsonClient(fakeClient(['<html>']).client).call('a', 'A.B');
    assert.unreachable();
  } catch (e) {
    assert.match((e as Error).message, /a A\.B answered something that is not JSON/);
  }
});

test('a service on its own behalf uses its own token and namespace', async () => {
  const fake = fakeClient(['{}']);
  await createJsonClient(fake.client).call('a', 'A.B', {}, { timeoutMs: 5 });
  const { token, namespace, timeoutMs } = fake.seen[0]!.options;
  assert.equal([token, namespace, timeoutMs], [undefined, undefined, 5]);
});

for (const c of [
  { name: 'passes a Bearer token on', authorization: 'Bearer abc', want: 'abc' },
  { name: 'passes the token of a Basic header on', authorization: `Basic ${btoa('x:to:ken')}`, want: 'to:ken' },
  { name: 'lends nothing to an anonymous caller', authorization: undefined, want: null },
  { name: 'uses its own token when asked to', authorization: 'Bearer abc', authToken: true, want: undefined },
])
  test(`inside a call it ${c.name}`, async () => {
    const fake = fakeClient(['{}']);
    const metadata: Record<string, string> = c.authorization ? { authorization: c.authorization } : {};
    const client = createJsonClient(fake.client, served(metadata));
    await client.call('a', 'A.B', {}, { authToken: c.authToken });
    assert.is(fake.seen[0]?.options.token, c.want);
  });

test('inside a call namespace and metadata travel on, headers of the hop do not', async () => {
  const fake = fakeClient(['{}']);
  const inherited = served({
    tenant: 't',
    'micro-trace-id': 'x',
    timeout: '5',
    host: 'h',
    'grpc-a': '1',
    traceparent: 'p',
  });
  await createJsonClient(fake.client, inherited).call('a', 'A.B', {}, { metadata: { extra: 'e' } });
  assert.equal(fake.seen[0]?.options.metadata, { tenant: 't', 'micro-trace-id': 'x', extra: 'e' });
  assert.is(fake.seen[0]?.options.namespace, 'shop');
});

test('a call ends with the call being served, or with its own signal', async () => {
  for (const which of [0, 1]) {
    const fake = fakeClient(['{}']);
    const aborts = [new AbortController(), new AbortController()];
    const client = createJsonClient(fake.client, { namespace: 'n', metadata: {}, signal: aborts[0]!.signal });
    await client.call('a', 'A.B', {}, { signal: aborts[1]!.signal });
    aborts[which]?.abort();
    assert.ok(fake.seen[0]?.options.signal?.aborted);
  }
});

test('a stream sends the first request before the others and yields objects', async () => {
  const fake = fakeClient(['{"n":1}', '{"n":2}']);
  const stream = createJsonClient(fake.client).stream<{ n: number }>('a', 'A.B', { first: true });
  await stream.send({ second: true });
  stream.end();
  const got: number[] = [];
  for await (const { n } of stream) got.push(n);
  assert.equal(got, [1, 2]);
  assert.equal(fake.sent, [{ first: true }, { second: true }]);
  assert.ok(fake.ended());
});

test.run();
