/** The server on the wire: any prefix, both codecs, half-open Go clients, standard clients, deadlines, hostile bytes, stopping. */

import assert from 'node:assert/strict';

import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';

import { forbidden, parseMicroError } from '../contract/error.ts';
import { exampleHandlers } from '../../test/conformance/example-handlers.ts';
import { frame, garbage, openSession, rawCall, sendGarbage } from '../../test/conformance/raw-grpc.ts';
import { poll } from '../../test/support/poll.ts';
import { silentLog } from '../../test/support/start-driver.ts';
import { suite } from '../../test/support/suite.ts';
import { createRpcServer, type RpcServerOptions } from './server.ts';

const test = suite('rpc server');

const start = async (o: Partial<RpcServerOptions> = {}) => {
  const { handlers, seen } = exampleHandlers();
  const server = createRpcServer({
    resolve: (_, endpoint) => handlers.find((h) => h.endpoint === endpoint),
    knowsType: (_, type) => type === 'Example',
    log: silentLog,
    ...o,
  });
  const address = await server.listen('127.0.0.1:0');
  const session = openSession(address);
  const stop = async (): Promise<void> => {
    session.destroy();
    await server.close(AbortSignal.timeout(1_000));
  };
  return { server, address, session, seen, stop };
};

for (const path of ['/example.Example/Echo', '/Example/Echo', '/x.y.z.Example/Echo', '/echo.v1.Example/Echo'])
  test(`answers under ${path} without waiting for a half-close`, async () => {
    const { session, stop } = await start();
    const answer = await rawCall(session, { path, body: frame('hi'), open: true });
    assert.deepEqual(answer.messages.map(String), ['hi']);
    assert.equal(answer.status, 0);
    await stop();
  });

test('serves a server stream to a client that never half-closes', async () => {
  const { session, stop } = await start();
  const answer = await rawCall(session, { path: '/e.Example/Count', body: frame('3'), open: true });
  assert.equal(answer.messages.length, 3);
  assert.equal(answer.status, 0);
  await stop();
});

for (const c of [
  { name: 'x-content-type', headers: { 'x-content-type': 'application/json' }, body: '{"text":"a"}' },
  { name: 'the first byte', headers: { 'content-type': 'application/grpc+json' }, body: '{"text":"a"}' },
])
  test(`answers in JSON by ${c.name}`, async () => {
    const { session, stop } = await start();
    const answer = await rawCall(session, { path: '/e.Example/Echo', headers: c.headers, body: frame(c.body) });
    assert.deepEqual(answer.messages.map(String), ['{"text":"a"}']);
    await stop();
  });

for (const c of [
  { path: '/e.Nope/Echo', status: 12, message: 'unknown service Nope' },
  { path: '/e.Example/Nope', status: 12, message: 'unknown service Example.Nope' },
  { path: '/e.Example/Echo/x', status: 3, message: 'malformed method name: "/e.Example/Echo/x"' },
  { path: '/', status: 3, message: 'malformed method name: "/"' },
  { path: '/a"b/C', status: 3, message: 'malformed method name: "/a\\"b/C"' },
])
  test(`answers ${c.path} with: ${c.message}`, async () => {
    const { session, stop } = await start();
    const answer = await rawCall(session, { path: c.path, body: frame('x'), open: true });
    assert.equal(answer.status, c.status);
    assert.equal(answer.message, c.message);
    await stop();
  });

test('refuses a content type it cannot read', async () => {
  const { session, stop } = await start();
  const headers = { 'x-content-type': 'text/html' };
  const answer = await rawCall(session, { path: '/e.Example/Echo', headers, body: frame('x') });
  assert.equal(parseMicroError(answer.message)?.detail, 'Unsupported Content-Type: text/html');
  const http = await rawCall(session, { path: '/e.Example/Echo', headers: { 'content-type': 'text/html' } });
  assert.equal(http.headers[':status'], 415);
  await stop();
});

test('a stream that ends before its first message is an error, not a hang', async () => {
  const { session, stop } = await start();
  const answer = await rawCall(session, { path: '/e.Example/Echo' });
  assert.equal(parseMicroError(answer.message)?.detail, 'EOF');
  await stop();
});

test('a reader slower than its caller hears of the end', async () => {
  const { handlers } = exampleHandlers();
  const slow = handlers.map((h) => (h.kind === 'client-stream' ? { ...h, handle: countSlowly } : h));
  const { session, stop } = await start({ resolve: (_, endpoint) => slow.find((h) => h.endpoint === endpoint) });
  const { endpoint } = slow.find((h) => h.kind === 'client-stream')!;
  const body = Buffer.concat([frame('a'), frame('b'), frame('c')]);
  const answer = await rawCall(session, { path: `/e.${endpoint.replace('.', '/')}`, body });
  assert.deepEqual(answer.messages.map(String), ['3']);
  await stop();
});

/** Lets everything that is on its way arrive before it asks for the next message. */
const countSlowly = async (messages: AsyncIterable<unknown>): Promise<string> => {
  let count = 0;
  for await (const _ of messages) {
    count += 1;
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
  return String(count);
};

test('ends a call at the deadline in its timeout header, and tells the handler', async () => {
  const { session, seen, stop } = await start();
  const headers = { timeout: '50000000' };
  const answer = await rawCall(session, { path: '/e.Example/Wait', headers, body: frame('x') });
  assert.equal(answer.status, 4);
  assert.equal(parseMicroError(answer.message)?.code, 408);
  assert.deepEqual(seen.aborted, ['context deadline exceeded']);
  await stop();
});

test('ends a call at its grpc-timeout', async () => {
  const { session, seen, stop } = await start();
  const headers = { 'grpc-timeout': '50m' };
  const answer = await rawCall(session, { path: '/e.Example/Wait', headers, body: frame('x') });
  assert.equal(answer.status, 4);
  await poll('the handler to learn of it', () => seen.aborted.includes('context deadline exceeded'));
  await stop();
});

test('a deadline beyond the longest timer is no deadline', async () => {
  const { session, stop } = await start();
  const headers = { 'grpc-timeout': '99999999H', timeout: '9999999999999999999' };
  const answer = await rawCall(session, { path: '/e.Example/Echo', headers, body: frame('x') });
  assert.equal(answer.status, 0);
  await stop();
});

test('refuses a caller before reading the body', async () => {
  const { session, seen, stop } = await start({
    before: async ({ service, endpoint }) => {
      throw forbidden(service, `not ${endpoint}`);
    },
  });
  const answer = await rawCall(session, { path: '/e.Example/Context', open: true });
  assert.equal(answer.status, 7);
  assert.deepEqual(parseMicroError(answer.message)?.toJSON(), forbidden('e', 'not Example.Context').toJSON());
  assert.equal(seen.context, undefined);
  await stop();
});

test('hands the account and namespace that were decided to the handler', async () => {
  const account = { id: 'a', type: 'user', issuer: 'ns', metadata: {}, scopes: [], name: 'a' };
  const { session, seen, stop } = await start({ before: async () => ({ account, namespace: 'ns' }) });
  await rawCall(session, { path: '/e.Example/Context', body: frame('x'), headers: { 'micro-namespace': 'other' } });
  assert.equal(seen.context?.account, account);
  assert.equal(seen.context?.namespace, 'ns');
  assert.match(seen.context?.remote ?? '', /^127\.0\.0\.1:\d+$/);
  await stop();
});

test('answers standard gRPC clients', async () => {
  const { address, stop } = await start();
  const client = new Client(address, credentials.createInsecure());
  const same = (b: Buffer): Buffer => b;
  const echo = await new Promise<Buffer | undefined>((resolve, reject) => {
    const done = (e: ServiceError | null, r?: Buffer): void => (e === null ? resolve(r) : reject(e));
    client.makeUnaryRequest('/pkg.v1.Example/Echo', same, same, Buffer.from('std'), new Metadata(), {}, done);
  });
  assert.equal(String(echo), 'std');
  const texts: string[] = [];
  for await (const m of client.makeServerStreamRequest(
    '/pkg.Example/Count',
    same,
    same,
    Buffer.from('2'),
    new Metadata(),
  ))
    texts.push(String(m).slice(0, 2));
  assert.deepEqual(texts, ['0.', '1.']);
  client.close();
  await stop();
});

for (const [name, bytes] of Object.entries(garbage))
  test(`survives ${name}`, async () => {
    const { address, session, stop } = await start();
    await sendGarbage(address, bytes);
    const answer = await rawCall(session, { path: '/e.Example/Echo', body: frame('alive') });
    assert.deepEqual(answer.messages.map(String), ['alive']);
    await stop();
  });

for (const [name, body] of Object.entries({
  'a length over the limit': Buffer.from('007fffffff', 'hex'),
  'half a message': Buffer.from('000000000a41', 'hex'),
  'half a frame header': Buffer.from('0000', 'hex'),
}))
  test(`answers ${name} with an error and lives on`, async () => {
    const { session, stop } = await start();
    const answer = await rawCall(session, { path: '/e.Example/Echo', body });
    assert.notEqual(answer.status ?? answer.reset, 0);
    const next = await rawCall(session, { path: '/e.Example/Echo', body: frame('alive') });
    assert.deepEqual(next.messages.map(String), ['alive']);
    await stop();
  });

test('answers a message that does not decompress with an error', async () => {
  const { session, stop } = await start();
  const headers = { 'grpc-encoding': 'gzip' };
  const body = Buffer.from('010000000141', 'hex');
  const answer = await rawCall(session, { path: '/e.Example/Echo', headers, body });
  assert.equal(answer.status, 13);
  await stop();
});

test('stopping lets a unary call finish, ends streams, and refuses new connections', async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { handlers, seen } = exampleHandlers();
  const echo = handlers.find((h) => h.endpoint === 'Example.Echo');
  const slow = { ...echo, handle: async (text: string) => held.then(() => text) } as (typeof handlers)[number];
  const { server, address, session } = await start({
    resolve: (_, endpoint) => (endpoint === 'Example.Echo' ? slow : handlers.find((h) => h.endpoint === endpoint)),
  });
  const call = rawCall(session, { path: '/e.Example/Echo', body: frame('late') });
  const stream = rawCall(session, { path: '/e.Example/Chat', body: frame('x'), open: true });
  await poll('both calls to have arrived', () => server.stats().requests === 2);
  const closing = server.close(AbortSignal.timeout(5_000));
  assert.equal((await stream).status, 14);
  release();
  assert.deepEqual((await call).messages.map(String), ['late']);
  session.close();
  await closing;
  assert.equal(seen.aborted.length, 0);
  const again = openSession(address);
  await new Promise<void>((resolve) => again.once('close', () => resolve()));
});

test('stopping cuts what outlasts the deadline', async () => {
  const { server, session, seen } = await start();
  const call = rawCall(session, { path: '/e.Example/Wait', body: frame('x') });
  await poll('the call to have arrived', () => server.stats().requests === 1);
  await server.close(AbortSignal.timeout(50));
  assert.equal((await call).status, 14);
  assert.deepEqual(seen.aborted, ['service is stopping']);
});

test('says which address it cannot listen on', async () => {
  const { address, stop } = await start();
  const second = createRpcServer({ resolve: () => undefined, log: silentLog });
  await assert.rejects(
    second.listen(address),
    (e: Error) => e.message === `cannot listen on ${address}: address already in use ${address}`,
  );
  await second.close(AbortSignal.abort());
  await stop();
});

test.run();
