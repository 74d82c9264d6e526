/** What every client driver must do. A driver's own test file calls testClient; `cases` is exported so that the suite itself can be tested on broken drivers. */

import assert from 'node:assert/strict';

import type { Client, ClientStream } from '../../internal/contract/client.ts';
import { isMicroError, type MicroErrorJson } from '../../internal/contract/error.ts';
import type { Handlers } from '../../internal/contract/handler.ts';
import { messageBytesMax } from '../../internal/contract/limits.ts';
import { runConformance, type Subject } from '../support/conformance.ts';
import { poll } from '../support/poll.ts';
import { exampleHandlers, type Seen } from './example-handlers.ts';

/** A driver, and the means to give it something to call. */
export interface ClientSubject {
  readonly client: Client;
  /** Serves handlers under a name in namespace `micro`; resolves with the address once they can be called. */
  serve(name: string, handlers: Handlers): Promise<{ readonly address: string; stop(): Promise<void> }>;
  /** Registers a node of the service at an address where nobody listens. */
  registerDead(name: string): Promise<void>;
}

const encode = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const decode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

const failsWith = (promise: Promise<unknown>, want: Partial<MicroErrorJson> | ((e: MicroErrorJson) => boolean)) =>
  assert.rejects(promise, (e) => {
    assert.ok(isMicroError(e), `not a MicroError: ${String(e)}`);
    if (typeof want === 'function') return want(e);
    for (const [key, value] of Object.entries(want)) assert.equal(e[key as keyof MicroErrorJson], value, key);
    return true;
  });

const readAll = async (stream: ClientStream): Promise<readonly string[]> => {
  const all: string[] = [];
  for await (const message of stream) all.push(decode(message));
  return all;
};

/** A case with the example service running under the name `example`. */
const withExample =
  (body: (subject: ClientSubject, seen: Seen, address: string) => Promise<void>) =>
  async (subject: ClientSubject): Promise<void> => {
    const { handlers, seen } = exampleHandlers();
    const { address, stop } = await subject.serve('example', handlers);
    try {
      await body(subject, seen, address);
    } finally {
      await stop();
    }
  };

const echo = (client: Client, text: string, o?: Parameters<Client['call']>[3]): Promise<Uint8Array> =>
  client.call('example', 'Example.Echo', encode(text), o);

const unaryCases: Readonly<Record<string, (subject: ClientSubject) => Promise<void>>> = {
  'calls and gets the answer': withExample(async ({ client }) => {
    assert.equal(decode(await echo(client, 'hello')), 'hello');
  }),
  'carries an empty message': withExample(async ({ client }) => {
    assert.equal((await echo(client, '')).length, 0);
  }),
  'speaks JSON when asked to': withExample(async ({ client }) => {
    const answer = await echo(client, '{"text":"hé"}', { contentType: 'application/grpc+json' });
    assert.equal(decode(answer), '{"text":"hé"}');
    const empty = await echo(client, '', { contentType: 'application/grpc+json' });
    assert.equal(decode(empty), '{"text":""}');
  }),
  'a unary call of an endpoint that streams fails at once and points to micro stream': withExample(
    async ({ client }) => {
      const call = client.call('example', 'Example.Count', encode('3'), { timeoutMs: 20_000 });
      await failsWith(call, (e) => e.code === 500 && e.detail.includes('more than one message'));
    },
  ),
  'carries large messages': withExample(async ({ client }) => {
    const large = 'x'.repeat(8 * 1024 * 1024);
    assert.equal((await echo(client, large)).length, large.length);
  }),
  'refuses a message over the limit, naming it': withExample(async ({ client }) => {
    const call = client.call('example', 'Example.Echo', new Uint8Array(messageBytesMax + 1));
    await failsWith(call, (e) => e.code === 413 && e.detail.includes('messageBytesMax'));
  }),
  'passes many calls at once': withExample(async ({ client }) => {
    const texts = Array.from({ length: 200 }, (_, i) => `call ${i}`);
    const answers = await Promise.all(texts.map((text) => echo(client, text)));
    assert.deepEqual(answers.map(decode), texts);
  }),
  'sends namespace, metadata and token': withExample(async ({ client }, seen) => {
    await client.call('example', 'Example.Context', encode('x'), {
      namespace: 'micro',
      metadata: { 'Example-Key': 'a value', 'content-type': 'text/html', 'grpc-timeout': '1n' },
      token: 'some-token',
    });
    assert.equal(seen.context?.metadata['example-key'], 'a value');
    assert.equal(seen.context?.metadata['micro-namespace'], 'micro');
    assert.equal(seen.context?.metadata.authorization, 'Bearer some-token');
    assert.equal(seen.context?.service, 'example');
    assert.equal(seen.context?.endpoint, 'Example.Context');
    assert.equal(seen.context?.metadata['content-type'], undefined);
  }),
  'sends no token when told so': withExample(async ({ client }, seen) => {
    await client.call('example', 'Example.Context', encode('x'), { token: null });
    assert.equal(seen.context?.metadata.authorization, undefined);
  }),
  'sends a trace context': withExample(async ({ client }, seen) => {
    await client.call('example', 'Example.Context', encode('x'));
    assert.match(seen.context?.metadata.traceparent ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
  }),
  'refuses metadata that cannot be sent': withExample(async ({ client }) => {
    await failsWith(echo(client, 'x', { metadata: { key: 'two\nlines' } }), { code: 400 });
    await failsWith(echo(client, 'x', { metadata: { 'a key': 'x' } }), { code: 400 });
  }),
  'goes to an address when one is given': withExample(async ({ client }, _, address) => {
    const answer = await client.call('unregistered', 'Example.Echo', encode('direct'), { address });
    assert.equal(decode(answer), 'direct');
  }),
};

const errorCases: Readonly<Record<string, (subject: ClientSubject) => Promise<void>>> = {
  'gets the error that the service threw': withExample(async ({ client }) => {
    const text = '100% <of> & "quoted" \\ é 日本\nsecond line';
    const call = client.call('example', 'Example.Fail', encode(text));
    await failsWith(call, { id: 'example.Fail', code: 400, detail: text, status: 'Bad Request' });
    await assert.rejects(
      client.call('example', 'Example.Fail', encode('x')),
      (e) => isMicroError(e) && e.hint === 'a way out',
    );
  }),
  'gets code 500 for a handler that crashes': withExample(async ({ client }) => {
    const call = client.call('example', 'Example.Fail', encode('crash'));
    await failsWith(call, { code: 500, detail: 'it broke: 100% <of> "é"' });
    assert.equal(decode(await echo(client, 'still there')), 'still there');
  }),
  'gets code 400 for a message the service cannot read': withExample(async ({ client }) => {
    await failsWith(client.call('example', 'Example.Echo', Uint8Array.of(0xff)), { code: 400, detail: 'not a text' });
  }),
  'says when a service is unknown': async ({ client }) => {
    const call = client.call('nobody', 'Example.Echo', encode('x'));
    await failsWith(call, { id: 'go.micro.client', code: 500, detail: 'service nobody: route not found' });
  },
  'says when an endpoint is unknown': withExample(async ({ client }) => {
    const noMethod = client.call('example', 'Example.Nope', encode('x'));
    await failsWith(noMethod, { id: 'go.micro.client', code: 501, detail: 'unknown service Example.Nope' });
    const noType = client.call('example', 'Nope.Echo', encode('x'));
    await failsWith(noType, { id: 'go.micro.client', code: 501, detail: 'unknown service Nope' });
  }),
  'says when an endpoint is malformed': withExample(async ({ client }) => {
    for (const endpoint of ['nodots', 'a.b.c', 'Example.Echo?x', ''])
      await failsWith(client.call('example', endpoint, encode('x')), (e) =>
        e.detail.startsWith('malformed method name: '),
      );
  }),
  'goes to another node when one cannot be reached': withExample(async ({ client, registerDead }) => {
    await registerDead('example');
    for (let i = 0; i < 8; i += 1) assert.equal(decode(await echo(client, 'x')), 'x');
  }),
  'says when no node can be reached': async ({ client, registerDead }) => {
    await registerDead('dead');
    await failsWith(
      client.call('dead', 'Example.Echo', encode('x')),
      (e) => e.code === 500 && e.detail.includes('connect: connection refused'),
    );
    await failsWith(
      readAll(client.stream('dead', 'Example.Count')),
      (e) => e.code === 500 && e.detail.includes('connect: connection refused'),
    );
  },
};

const endingCases: Readonly<Record<string, (subject: ClientSubject) => Promise<void>>> = {
  'gives up after its time, and the handler learns of it': withExample(async ({ client }, seen) => {
    const call = client.call('example', 'Example.Wait', encode('x'), { timeoutMs: 500 });
    await failsWith(call, { id: 'go.micro.client', code: 408, detail: 'context deadline exceeded' });
    await poll('the signal of the handler', () => seen.aborted.length > 0);
  }),
  'stops when its signal fires, and the handler learns of it': withExample(async ({ client }, seen) => {
    const abort = new AbortController();
    const call = client.call('example', 'Example.Wait', encode('x'), { signal: abort.signal });
    const failing = failsWith(call, { id: 'go.micro.client', code: 499 });
    await poll('the call to arrive', () => seen.waiting > 0);
    abort.abort();
    await failing;
    await poll('the signal of the handler', () => seen.aborted.includes('context canceled'));
    await failsWith(echo(client, 'x', { signal: abort.signal }), { code: 499 });
  }),
  'tells a deadline from a cancel': withExample(async ({ client }) => {
    const call = client.call('example', 'Example.Wait', encode('x'), { signal: AbortSignal.timeout(50) });
    await failsWith(call, { code: 408, detail: 'context deadline exceeded' });
  }),
};

const streamCases: Readonly<Record<string, (subject: ClientSubject) => Promise<void>>> = {
  'reads all messages of a server stream, in order, without half-closing': withExample(async ({ client }) => {
    const stream = client.stream('example', 'Example.Count');
    await stream.send(encode('500'));
    const numbers = (await readAll(stream)).map((text) => Number.parseInt(text, 10));
    assert.deepEqual(
      numbers,
      Array.from({ length: 500 }, (_, i) => i),
    );
  }),
  'sends a client stream and reads one answer': withExample(async ({ client }) => {
    const stream = client.stream('example', 'Example.Join');
    for (const text of ['a', 'b', 'c']) await stream.send(encode(text));
    stream.end();
    assert.deepEqual(await readAll(stream), ['a+b+c']);
  }),
  'talks both ways at once': withExample(async ({ client }) => {
    const stream = client.stream('example', 'Example.Chat');
    const answers: string[] = [];
    await stream.send(encode('1'));
    for await (const message of stream) {
      answers.push(decode(message));
      if (answers.length < 3) await stream.send(encode(String(answers.length + 1)));
      else stream.end();
    }
    assert.deepEqual(answers, ['you said 1', 'you said 2', 'you said 3']);
  }),
  'speaks JSON on streams when asked to': withExample(async ({ client }) => {
    const stream = client.stream('example', 'Example.Chat', { contentType: 'application/grpc+json' });
    await stream.send(encode('{"text":"x"}'));
    stream.end();
    assert.deepEqual(await readAll(stream), ['{"text":"you said x"}']);
  }),
  'gets the messages first and then the error': withExample(async ({ client }) => {
    const stream = client.stream('example', 'Example.FailLate');
    await stream.send(encode('one'));
    const got: string[] = [];
    const read = async (): Promise<void> => {
      for await (const message of stream) got.push(decode(message));
    };
    await failsWith(read(), { id: 'example.FailLate', code: 400, detail: 'after one message' });
    assert.deepEqual(got, ['one']);
  }),
  'fails a stream to nobody': async ({ client }) => {
    const stream = client.stream('nobody', 'Example.Count');
    await failsWith(readAll(stream), { code: 500, detail: 'service nobody: route not found' });
  },
  'ends the handler when the reader leaves': withExample(async ({ client }, seen) => {
    const stream = client.stream('example', 'Example.Count');
    await stream.send(encode('1000000'));
    for await (const _ of stream) break;
    await poll('the end of the handler', () => seen.finished === 1);
    assert.ok(seen.produced < 1_000_000);
  }),
  'ends the handler when the stream is cancelled': withExample(async ({ client }, seen) => {
    const stream = client.stream('example', 'Example.Count');
    await stream.send(encode('1000000'));
    const reading = readAll(stream);
    await poll('the first message', () => seen.produced > 0);
    stream.cancel();
    await failsWith(reading, { code: 499 });
    await poll('the end of the handler', () => seen.finished === 1);
  }),
  'ends the handler when the signal fires': withExample(async ({ client }, seen) => {
    const abort = new AbortController();
    const stream = client.stream('example', 'Example.Count', { signal: abort.signal });
    await stream.send(encode('1000000'));
    const reading = readAll(stream);
    await poll('the first message', () => seen.produced > 0);
    abort.abort();
    await failsWith(reading, { code: 499 });
    await poll('the end of the handler', () => seen.finished === 1);
  }),
  'holds a producer back whose reader waits': withExample(async ({ client }, seen) => {
    const stream = client.stream('example', 'Example.Count');
    // 1,000 bytes each: far more than all buffers on the way may hold.
    await stream.send(encode('100000'));
    const reader = stream[Symbol.asyncIterator]();
    await reader.next();
    let before = -1;
    await poll('the producer to stand still', () => {
      const still = seen.produced === before;
      before = seen.produced;
      return still;
    });
    assert.ok(seen.produced < 50_000, `produced ${seen.produced} messages for a reader of one`);
    await reader.return?.();
  }),
  'refuses to send on a stream that has ended': withExample(async ({ client }) => {
    const stream = client.stream('example', 'Example.Join');
    stream.end();
    assert.deepEqual(await readAll(stream), ['']);
    await assert.rejects(stream.send(encode('late')));
  }),
};

export const cases = { ...unaryCases, ...errorCases, ...endingCases, ...streamCases };

export const testClient = (driverName: string, subject: Subject<ClientSubject>): void =>
  runConformance('client', driverName, subject, cases);
