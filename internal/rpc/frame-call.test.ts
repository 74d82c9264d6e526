/** gRPC over streams of the frame engine: framing, credit, codecs, compression, deadlines, statuses, and what a stream sees at the end. No socket. */

import assert from 'node:assert/strict';
import { deflateSync, gzipSync } from 'node:zlib';

import fc from 'fast-check';

import { exampleHandlers } from '../../test/conformance/example-handlers.ts';
import { blockOf, type HeaderPairs, openMemoryStream } from '../../test/conformance/memory-stream.ts';
import { frame } from '../../test/conformance/raw-grpc.ts';
import { poll } from '../../test/support/poll.ts';
import { silentLog } from '../../test/support/start-driver.ts';
import { suite } from '../../test/support/suite.ts';
import { parseMicroError } from '../contract/error.ts';
import { inflationsMax, largeMessageBytes, largeMessagesBytesMax, messageBytesMax } from '../contract/limits.ts';
import { loadTracer } from '../trace/tracer.ts';
import { createDispatcher, type DispatcherOptions } from './dispatcher.ts';
import { answerFrameCall } from './frame-call.ts';
import { createMessageMemory, type MessageMemory } from './message-memory.ts';

const test = suite('frame call');

interface CallOf extends Partial<DispatcherOptions> {
  readonly headers?: HeaderPairs;
  readonly endStream?: boolean;
  /** For large messages; default: more than any test needs. */
  readonly room?: MessageMemory;
}

/** A call that has only just arrived. */
const open = async (endpoint: string, o: CallOf = {}) => {
  const { handlers, seen } = exampleHandlers();
  const dispatcher = createDispatcher({
    resolve: (_, wanted) => handlers.find((h) => h.endpoint === wanted),
    knowsType: (_, type) => type === 'Example',
    log: silentLog,
    tracer: await loadTracer({ now: () => 0 }),
    ...o,
  });
  const memory = openMemoryStream();
  const room = o.room ?? createMessageMemory(largeMessagesBytesMax);
  const own = o.headers ?? [];
  const given = new Set(own.map(([name]) => name));
  const usual: HeaderPairs = [
    [':method', 'POST'],
    [':path', `/e.${endpoint.replace('.', '/')}`],
    ['content-type', 'application/grpc+proto'],
  ];
  const block = blockOf([...usual.filter(([name]) => !given.has(name)), ...own]);
  const reader = answerFrameCall(memory.stream, block, { dispatcher, endStream: o.endStream ?? false, memory: room });
  const last = (): Readonly<Record<string, string>> => memory.headers.at(-1) ?? {};
  const message = (): string => decodeURIComponent(last()['grpc-message'] ?? '');
  return { memory, reader, seen, dispatcher, last, message, error: () => parseMicroError(message()) };
};

const unframe = (body: Buffer): readonly string[] => {
  const texts: string[] = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    texts.push(body.toString('utf8', at + 5, end));
    at = end;
  }
  return texts;
};

test('a unary call is answered after its first message, and the rest of the request is waived', async () => {
  const { memory, reader } = await open('Example.Echo');
  reader.data(frame('hi'), false);
  await memory.ended;
  assert.deepEqual(memory.events, ['headers', 'data', 'headers.', 'reset 0']);
  assert.deepEqual(memory.headers, [
    { ':status': '200', 'content-type': 'application/grpc+proto' },
    { 'grpc-status': '0' },
  ]);
  assert.deepEqual(unframe(memory.body()), ['hi']);
  assert.equal(memory.consumedBytes(), 7);
});

test('a caller that has half-closed gets no reset', async () => {
  const { memory, reader } = await open('Example.Echo');
  reader.data(frame('hi'), true);
  await memory.ended;
  assert.deepEqual(memory.events, ['headers', 'data', 'headers.']);
});

for (const [contentType, body, want] of [
  ['application/grpc', 'a', 'a'],
  ['application/grpc', '{"text":"a"}', '{"text":"a"}'],
  ['application/grpc+proto', '{"text":"a"}', '{"text":"a"}'],
  ['application/grpc+json', '{"text":"a"}', '{"text":"a"}'],
  ['application/grpc+json', '', '{"text":""}'],
] as const)
  test(`answers ${JSON.stringify(body)} in the codec and with the content type of ${contentType}`, async () => {
    const { memory, reader } = await open('Example.Echo', { headers: [['content-type', contentType]] });
    reader.data(frame(body), true);
    await memory.ended;
    assert.equal(memory.headers[0]?.['content-type'], contentType);
    assert.deepEqual(unframe(memory.body()), [want]);
  });

test('a micro content type that is no codec is refused by name', async () => {
  const { memory, error } = await open('Example.Echo', { headers: [['x-content-type', 'text/html']] });
  await memory.ended;
  assert.equal(error()?.detail, 'Unsupported Content-Type: text/html');
});

for (const c of [
  { name: 'a content type that is not gRPC', headers: [['content-type', 'text/html']], status: '415' },
  { name: 'no content type', headers: [['content-type', '']], status: '415' },
  { name: 'gRPC-Web', headers: [['content-type', 'application/grpc-web+proto']], status: '415' },
  { name: 'a GET', headers: [[':method', 'GET']], status: '405' },
] as const)
  test(`${c.name} is answered with HTTP ${c.status}`, async () => {
    const { memory, last, dispatcher } = await open('Example.Echo', { headers: c.headers });
    assert.deepEqual(memory.events, ['headers.', 'reset 0']);
    assert.equal(last()[':status'], c.status);
    assert.equal(dispatcher.stats().requests, 0);
  });

for (const c of [
  { path: '/e.Nope/Echo', status: '12', message: 'unknown service Nope' },
  { path: '/e.Example/Nope', status: '12', message: 'unknown service Example.Nope' },
  { path: '/e.Example/Echo/x', status: '3', message: 'malformed method name: "/e.Example/Echo/x"' },
  { path: '', status: '3', message: 'malformed method name: ""' },
])
  test(`path "${c.path}" is answered with: ${c.message}`, async () => {
    const { memory, last, message } = await open('Example.Echo', { headers: [[':path', c.path]] });
    assert.deepEqual(memory.events, ['headers.', 'reset 0']);
    assert.equal(last()[':status'], '200');
    assert.equal(last()['grpc-status'], c.status);
    assert.equal(message(), c.message);
  });

test('an error of the handler goes out as trailers only, with details for Go', async () => {
  const { memory, reader, last, error } = await open('Example.Fail');
  reader.data(frame('né'), true);
  await memory.ended;
  assert.deepEqual(memory.events, ['headers.']);
  assert.equal(last()['grpc-status'], '3');
  assert.deepEqual(
    [error()?.id, error()?.code, error()?.detail, error()?.hint],
    ['example.Fail', 400, 'né', 'a way out'],
  );
  assert.match(Buffer.from(last()['grpc-status-details-bin'] ?? '', 'base64').toString('latin1'), /errors\.Error/);
});

test('an error after the first message goes out as trailers', async () => {
  const { memory, reader, last } = await open('Example.FailLate');
  reader.data(frame('one'), true);
  await memory.ended;
  assert.deepEqual(memory.events, ['headers', 'data', 'headers.']);
  assert.deepEqual([last()[':status'], last()['grpc-status']], [undefined, '3']);
});

for (const [name, headers, body, want] of [
  ['gzip', [['grpc-encoding', 'gzip']], gzipSync('zip'), 'zip'],
  ['deflate', [['grpc-encoding', 'deflate']], deflateSync('zip'), 'zip'],
] as const)
  test(`reads messages in ${name}, mixed with plain ones`, async () => {
    const { memory, reader } = await open('Example.Join', { headers });
    const packed = frame(body);
    packed[0] = 1;
    reader.data(Buffer.concat([packed, frame('plain'), packed]), true);
    await memory.ended;
    assert.deepEqual(unframe(memory.body()), [`${want}+plain+${want}`]);
  });

const compressed = (body: Buffer): Buffer => {
  const bytes = frame(body);
  bytes[0] = 1;
  return bytes;
};

for (const c of [
  { name: 'a compressed message without a name for it', body: compressed(gzipSync('x')), status: '13' },
  { name: 'a message that does not inflate', encoding: 'gzip', body: compressed(Buffer.from('x')), status: '13' },
  {
    name: 'a message that inflates to too much',
    encoding: 'gzip',
    body: compressed(gzipSync(Buffer.alloc(messageBytesMax + 1))),
    status: '8',
  },
  { name: 'an unknown compression', encoding: 'br', body: compressed(Buffer.from('x')), status: '12' },
  { name: 'a flag that means nothing', body: Buffer.from('020000000141', 'hex'), status: '13' },
  { name: 'a length over the limit, before the message is there', body: Buffer.from('0002000001', 'hex'), status: '8' },
  { name: 'a request that ends inside a message', body: Buffer.from('000000000241', 'hex'), end: true, status: '13' },
  { name: 'a request that ends inside a prefix', body: Buffer.from('0000', 'hex'), end: true, status: '13' },
  { name: 'a request without a message', body: Buffer.alloc(0), end: true, status: '13' },
])
  test(`${c.name} ends the call with status ${c.status}`, async () => {
    const headers: HeaderPairs = c.encoding === undefined ? [] : [['grpc-encoding', c.encoding]];
    const { memory, reader, last } = await open('Example.Echo', { headers });
    reader.data(c.body, c.end ?? false);
    await memory.ended;
    assert.equal(last()['grpc-status'], c.status);
    assert.equal(last()['grpc-accept-encoding'], c.encoding === 'br' ? 'identity,gzip,deflate' : undefined);
  });

test('a request whose headers end it has no message', async () => {
  const { memory, error } = await open('Example.Echo', { endStream: true });
  await memory.ended;
  assert.equal(error()?.detail, 'EOF');
});

test('trailers of the caller end the request', async () => {
  const { memory, reader } = await open('Example.Join');
  reader.data(frame('a'), false);
  reader.headers(blockOf([['x', 'y']]), true);
  await memory.ended;
  assert.deepEqual(unframe(memory.body()), ['a']);
});

for (const [text, status] of [
  ['50m', '4'],
  ['0n', '4'],
  ['', '13'],
  ['1', '13'],
  ['123456789m', '13'],
  ['-1m', '13'],
] as const)
  test(`grpc-timeout "${text}" ends a call that waits with status ${status}`, async () => {
    const { memory, reader, last } = await open('Example.Wait', { headers: [['grpc-timeout', text]] });
    reader.data(frame('x'), false);
    await memory.ended;
    assert.equal(last()['grpc-status'], status);
  });

test("the caller's timeout in nanoseconds counts as well, and the handler learns of it", async () => {
  const { memory, reader, last, seen } = await open('Example.Wait', { headers: [['timeout', '20000000']] });
  reader.data(frame('x'), false);
  await memory.ended;
  assert.equal(last()['grpc-status'], '4');
  assert.deepEqual(seen.aborted, ['context deadline exceeded']);
});

test('a caller that leaves is no longer written to, and its handler is told', async () => {
  const { memory, reader, seen } = await open('Example.Wait');
  reader.data(frame('x'), false);
  await poll('the handler to wait', () => seen.waiting === 1);
  reader.reset(8);
  assert.deepEqual(seen.aborted, ['context canceled']);
  assert.deepEqual(memory.events, []);
});

test('the handler sees metadata, binary values as padded base64, reserved headers not at all', async () => {
  const headers: HeaderPairs = [
    ['a-bin', 'AQ'],
    ['a-bin', 'AgM='],
    ['b', 'one'],
    ['b', 'two'],
    ['te', 'trailers'],
    ['grpc-timeout', '1H'],
    ['micro-namespace', 'ns'],
  ];
  const { memory, reader, seen } = await open('Example.Context', { headers });
  reader.data(frame('b'), true);
  await memory.ended;
  assert.deepEqual(unframe(memory.body()), ['one, two']);
  assert.deepEqual({ ...seen.context?.metadata }, { 'a-bin': 'AQ==, AgM=', b: 'one, two', 'micro-namespace': 'ns' });
  assert.equal(seen.context?.namespace, 'ns');
  assert.equal(seen.context?.remote, '127.0.0.1:1234');
});

test('nothing of the body is taken before the caller is admitted, and nothing of what comes after the call', async () => {
  let admit = (_: { namespace: string }): void => undefined;
  const before = (): Promise<{ namespace: string }> =>
    new Promise((resolve) => {
      admit = resolve;
    });
  const { memory, reader } = await open('Example.Echo', { before });
  reader.data(frame('one'), false);
  reader.data(frame('two'), false);
  assert.equal(memory.consumedBytes(), 0);
  admit({ namespace: 'ns' });
  await memory.ended;
  assert.equal(memory.consumedBytes(), frame('one').length);
  assert.deepEqual(unframe(memory.body()), ['one']);
});

test('a message larger than the window gets its credit while it is waited for', async () => {
  const { memory, reader } = await open('Example.Echo');
  const whole = frame(Buffer.alloc(3_000_000, 'x'));
  for (let at = 0; at < whole.length; at += 16_384) {
    const piece = whole.subarray(at, at + 16_384);
    reader.data(piece, false);
    assert.equal(memory.consumedBytes(), at + piece.length);
  }
  await memory.ended;
  assert.equal(memory.body().length, whole.length);
});

test('large messages count while they come and while a handler has them, and are refused when all calls hold too much', async () => {
  const room = createMessageMemory(1_000_000);
  const whole = frame(Buffer.alloc(600_000, 'x'));
  const first = await open('Example.Chat', { room });
  first.reader.data(whole.subarray(0, 500_000), false);
  assert.equal(room.heldBytes, 500_000);
  const second = await open('Example.Echo', { room });
  second.reader.data(whole.subarray(0, 300_000), false);
  second.reader.data(whole.subarray(300_000, 550_000), false);
  await second.memory.ended;
  assert.equal(second.last()['grpc-status'], '8');
  assert.match(second.error()?.detail ?? '', /messages_bytes_max/);
  assert.equal(room.heldBytes, 500_000);
  const small = await open('Example.Echo', { room });
  small.reader.data(frame('y'.repeat(largeMessageBytes - 10)), true);
  await small.memory.ended;
  assert.equal(small.last()['grpc-status'], '0');
  first.reader.data(whole.subarray(500_000), false);
  await poll('the answer, and the wait for the next message', () => room.heldBytes === 0);
  assert.equal(unframe(first.memory.body())[0]?.length, 'you said '.length + 600_000);
  first.reader.data(whole.subarray(0, 100_000), false);
  assert.equal(room.heldBytes, 100_000);
  first.reader.reset(8);
  assert.equal(room.heldBytes, 0);
});

test('what a message inflates to counts as well', async () => {
  const room = createMessageMemory(1_000_000);
  const headers: HeaderPairs = [['grpc-encoding', 'gzip']];
  const { memory, reader, last } = await open('Example.Echo', { room, headers });
  reader.data(compressed(gzipSync(Buffer.alloc(1_000_001, 'x'))), true);
  await memory.ended;
  assert.equal(last()['grpc-status'], '8');
  const fits = await open('Example.Echo', { room, headers });
  fits.reader.data(compressed(gzipSync(Buffer.alloc(1_000_000, 'x'))), true);
  await fits.memory.ended;
  assert.equal(fits.last()['grpc-status'], '0');
  assert.equal(room.heldBytes, 0);
});

test('messages that come together are inflated in turn, each for its own call', async () => {
  const headers: HeaderPairs = [['grpc-encoding', 'gzip']];
  const room = createMessageMemory(largeMessagesBytesMax);
  const calls = await Promise.all(
    Array.from({ length: 3 * inflationsMax }, () => open('Example.Echo', { room, headers })),
  );
  for (const [n, { reader }] of calls.entries()) reader.data(compressed(gzipSync(`text ${n}`)), true);
  await Promise.all(calls.map(({ memory }) => memory.ended));
  const texts = calls.flatMap(({ memory }) => unframe(memory.body()));
  assert.deepEqual(
    texts,
    calls.map((_, n) => `text ${n}`),
  );
});

test('a stream of answers waits while there is no room', async () => {
  const { memory, reader, seen } = await open('Example.Count');
  memory.setRoom(false);
  reader.data(frame('100'), true);
  await poll('the first answer', () => memory.body().length > 0);
  assert.equal(seen.produced, 1);
  memory.setRoom(true);
  reader.writable();
  await memory.ended;
  assert.equal(unframe(memory.body()).length, 100);
});

test('a stream of answers ends with its caller, also while it waits for room', async () => {
  const { memory, reader, seen } = await open('Example.Count');
  memory.setRoom(false);
  reader.data(frame('100'), true);
  await poll('the first answer', () => memory.body().length > 0);
  reader.reset(8);
  await poll('the finally block', () => seen.finished === 1);
  assert.equal(seen.produced, 1);
});

test('large answers go out whole', async () => {
  const { memory, reader } = await open('Example.Echo');
  const text = 'y'.repeat(100_000);
  reader.data(frame(text), true);
  await memory.ended;
  assert.deepEqual(unframe(memory.body()), [text]);
});

test('any messages cut anywhere arrive as they were sent, and all their bytes are credited', async () => {
  const calls = fc.asyncProperty(
    fc.array(
      fc.string({ maxLength: 300, unit: 'binary' }).map((s) => `.${s}`),
      { maxLength: 12 },
    ),
    fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 20 }),
    async (texts, cuts) => {
      const { memory, reader } = await open('Example.Chat');
      const body = Buffer.concat(texts.map((text) => frame(text)));
      let at = 0;
      for (let i = 0; at < body.length; i += 1) {
        const size = (cuts[i % cuts.length] as number) + (i >= cuts.length ? 1 : 0);
        // As from a socket: the memory of a chunk may be used again by who sent it.
        reader.data(Buffer.from(body.subarray(at, at + size)), false);
        at += size;
        if (i % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      reader.data(Buffer.alloc(0), true);
      await memory.ended;
      const want = texts.map((text) => `you said ${Buffer.from(text).toString('utf8')}`);
      assert.deepEqual(unframe(memory.body()), want);
      assert.equal(memory.consumedBytes(), body.length);
    },
  );
  await fc.assert(calls, { numRuns: 200 });
});

test.run();
