/** What every server of calls must do, whatever carries them: any prefix, both codecs, half-open Go clients, standard clients, deadlines, hostile bytes. */

import assert from 'node:assert/strict';

import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';

import { forbidden, parseMicroError } from '../../internal/contract/error.ts';
import type { Handlers } from '../../internal/contract/handler.ts';
import type { DispatcherOptions } from '../../internal/rpc/dispatcher.ts';
import { poll } from '../support/poll.ts';
import { silentLog } from '../support/start-driver.ts';
import type { Tests } from '../support/suite.ts';
import { exampleHandlers } from './example-handlers.ts';
import { frame, garbage, openSession, rawCall, sendGarbage } from './raw-grpc.ts';

/** Brings a server up on a free port of 127.0.0.1. */
export type StartServer = (o: DispatcherOptions) => Promise<{ readonly address: string; close(): Promise<void> }>;

/** Adds the cases to a suite. */
export const rpcServerCases = (test: Tests, startServer: StartServer): void => {
  const start = async (o: Partial<DispatcherOptions> = {}) => {
    const { handlers, seen } = exampleHandlers();
    const { address, close } = await startServer({ ...exampleOptions(handlers), ...o });
    const session = openSession(address);
    const stop = async (): Promise<void> => {
      session.destroy();
      await close();
    };
    return { address, session, seen, stop };
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
};

/** The example handlers under every prefix. */
export const exampleOptions = (handlers: Handlers): DispatcherOptions => ({
  resolve: (_, endpoint) => handlers.find((h) => h.endpoint === endpoint),
  knowsType: (_, type) => type === 'Example',
  log: silentLog,
});
