/** The proxy on the wire: every kind of call to a served handler, routing, refusals, cancellation both ways, hostile peers, stopping. */

import assert from 'node:assert/strict';
import { createServer as createHttp2, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';

import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';

import type { Account, Auth, Rule } from '../../../internal/contract/auth.ts';
import { badRequest, parseMicroError } from '../../../internal/contract/error.ts';
import { serve } from '../../../internal/host/serve.ts';
import { exampleHandlers } from '../../../test/conformance/example-handlers.ts';
import { openAuth, openProxy } from '../../../test/conformance/open-client.ts';
import { openRegistryRouter } from '../../../test/conformance/open-router.ts';
import { frame, garbage, openSession, rawCall, sendGarbage } from '../../../test/conformance/raw-grpc.ts';
import { poll } from '../../../test/support/poll.ts';
import { silentLog } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';

const test = suite('proxy');

type TestAuth = Pick<Auth, 'inspect' | 'rules'>;

/** The proxy with the example service behind it, in namespace `micro` unless told otherwise. */
const start = async (o: { auth?: TestAuth; namespace?: string; grpcNames?: readonly string[] } = {}) => {
  const base = await openRegistryRouter();
  const { handlers, seen } = exampleHandlers();
  const served = await serve({
    services: [{ name: 'example', namespace: o.namespace ?? 'micro', handlers, grpcNames: o.grpcNames }],
    address: '127.0.0.1:0',
    registry: base.driver.registry,
    auth: openAuth,
    log: silentLog,
    signal: new AbortController().signal,
  });
  const proxy = await openProxy(base.driver, o.auth);
  const session = openSession(proxy.address);
  const addNode = (name: string, address: string, metadata: Record<string, string> = {}): Promise<void> =>
    base.driver.registry.register({
      name,
      version: 'latest',
      metadata: {},
      endpoints: [],
      nodes: [{ id: `${name}-${address}`, address, metadata }],
    });
  const stop = async (): Promise<void> => {
    session.destroy();
    await proxy.stop();
    await served.stop();
    await base.close();
  };
  return { base, session, seen, stop, addNode, address: proxy.address, proxy, served };
};

const same = (b: Buffer): Buffer => b;

test('carries all four kinds of calls of a standard gRPC client', async () => {
  const { address, stop } = await start();
  const client = new Client(address, credentials.createInsecure());
  const unary = await new Promise<Buffer | undefined>((resolve, reject) => {
    const done = (e: ServiceError | null, r?: Buffer): void => (e === null ? resolve(r) : reject(e));
    client.makeUnaryRequest('/example.Example/Echo', same, same, Buffer.from('hi'), new Metadata(), {}, done);
  });
  assert.equal(String(unary), 'hi');
  const counted: string[] = [];
  const count = client.makeServerStreamRequest('/example.Example/Count', same, same, Buffer.from('3'), new Metadata());
  for await (const m of count) counted.push(String(m).slice(0, 1));
  assert.deepEqual(counted, ['0', '1', '2']);
  const joined = await new Promise<Buffer | undefined>((resolve, reject) => {
    const done = (e: ServiceError | null, r?: Buffer): void => (e === null ? resolve(r) : reject(e));
    const call = client.makeClientStreamRequest('/example.Example/Join', same, same, new Metadata(), {}, done);
    for (const text of ['a', 'b']) call.write(Buffer.from(text));
    call.end();
  });
  assert.equal(String(joined), 'a+b');
  const chat = client.makeBidiStreamRequest('/example.Example/Chat', same, same, new Metadata());
  chat.write(Buffer.from('you'));
  for await (const m of chat) {
    assert.equal(String(m), 'you said you');
    chat.end();
  }
  client.close();
  await stop();
});

test('answers for services of its own process without a connection to them', async () => {
  const { served, base, stop } = await start();
  const local = (service: string, namespace: string) =>
    service === 'example' && namespace === 'micro' ? served.calls : undefined;
  const proxy = await openProxy(base.driver, openAuth, local);
  const session = openSession(proxy.address);
  // The port behind the service's node is closed: only a call that needs no connection can be answered.
  await served.stop();
  const answer = await rawCall(session, { path: '/example.Example/Echo', body: frame('x') });
  assert.deepEqual(answer.messages.map(String), ['x']);
  assert.equal(answer.status, 0);
  const headers = { 'micro-namespace': 'other' };
  const elsewhere = await rawCall(session, { path: '/example.Example/Echo', headers, body: frame('x') });
  assert.equal(parseMicroError(elsewhere.message)?.detail, 'service example: route not found');
  session.destroy();
  await proxy.stop();
  await stop();
});

for (const path of ['/example.Example/Echo', '/echo.v1.Example/Echo'])
  test(`routes ${path}`, async () => {
    const { session, stop } = await start({ grpcNames: ['echo.v1.Example'] });
    const answer = await rawCall(session, { path, body: frame('x'), open: true });
    assert.deepEqual(answer.messages.map(String), ['x']);
    assert.equal(answer.status, 0);
    await stop();
  });

test('refuses a proto full name that two services hold', async () => {
  const { session, addNode, stop } = await start({ grpcNames: ['echo.v1.Example'] });
  await addNode('other', '127.0.0.1:1', { grpc: 'echo.v1.Example' });
  const answer = await poll('the second service to be known', async () => {
    const a = await rawCall(session, { path: '/echo.v1.Example/Echo', body: frame('x') });
    return a.status === 6 ? a : undefined;
  });
  assert.equal(parseMicroError(answer.message)?.detail, 'echo.v1.Example is served by example and other');
  await stop();
});

for (const c of [
  { path: '/nobody.Example/Echo', status: 12, detail: 'service nobody: route not found' },
  { path: '/Example/Echo', status: 3, detail: 'service name is blank' },
  { path: '/example.Example/Echo/', status: 3, detail: 'malformed method name: "/example.Example/Echo/"' },
  { path: '/example.Example/Echo?x', status: 3, detail: 'malformed method name: "/example.Example/Echo?x"' },
  { path: '/../example.Example/Echo', status: 3, detail: 'malformed method name: "/../example.Example/Echo"' },
])
  test(`refuses ${c.path}`, async () => {
    const { session, stop } = await start();
    const answer = await rawCall(session, { path: c.path, body: frame('x'), open: true });
    assert.equal(answer.status, c.status);
    assert.equal(parseMicroError(answer.message)?.detail, c.detail);
    await stop();
  });

test('passes statuses on as the service sent them', async () => {
  const { session, stop } = await start();
  const unknown = await rawCall(session, { path: '/example.Nope/Echo', body: frame('x') });
  assert.equal(unknown.status, 12);
  assert.equal(unknown.message, 'unknown service Nope');
  const failed = await rawCall(session, { path: '/example.Example/Fail', body: frame('100% é <x>') });
  assert.equal(failed.status, 3);
  assert.equal(parseMicroError(failed.message)?.detail, '100% é <x>');
  assert.equal(failed.headers[':status'], 200);
  await stop();
});

test('passes metadata and trace on, and writes the namespace in', async () => {
  const { session, seen, stop } = await start();
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const headers = { 'my-key': 'v', traceparent, authorization: 'Bearer nonsense' };
  await rawCall(session, { path: '/example.Example/Context', headers, body: frame('x') });
  assert.equal(seen.context?.metadata['my-key'], 'v');
  assert.equal(seen.context?.metadata['micro-namespace'], 'micro');
  assert.equal(seen.context?.metadata.authorization, 'Bearer nonsense');
  assert.ok(seen.context?.metadata.traceparent?.startsWith('00-0af7651916cd43dd8448eb211c80319c-'));
  assert.ok(!seen.context?.metadata.traceparent?.includes('b7ad6b7169203331'));
  await stop();
});

test('answers an HTTP client in its own terms', async () => {
  const { session, stop } = await start();
  const answer = await rawCall(session, { path: '/', headers: { 'content-type': 'text/plain' } });
  assert.equal(answer.headers[':status'], 415);
  assert.equal(answer.status, 3);
  const web = await rawCall(session, { path: '/a.B/C', headers: { 'content-type': 'application/grpc-web+proto' } });
  assert.equal(web.headers[':status'], 415);
  await stop();
});

const account: Account = { id: 'john', type: 'user', issuer: 'micro', metadata: {}, scopes: [], name: 'john' };
const rule = (scope: string, access: Rule['access'], name = '*', priority = 0): Rule => ({
  id: `${scope}-${access}-${name}`,
  scope,
  resource: { type: '*', name, endpoint: '*' },
  access,
  priority,
});
const authWith = (...rules: readonly Rule[]): TestAuth => ({
  inspect: async (token) => {
    if (token !== 'good') throw badRequest('auth.Auth.Inspect', 'invalid token provided');
    return account;
  },
  rules: async () => rules,
});

for (const c of [
  { name: 'anonymous under a rule for accounts', auth: authWith(rule('*', 'granted')), headers: {}, status: 16 },
  {
    name: 'a bad token under a rule for accounts',
    auth: authWith(rule('*', 'granted')),
    headers: { authorization: 'Bearer bad' },
    status: 16,
  },
  {
    name: 'an account under a rule for accounts',
    auth: authWith(rule('*', 'granted')),
    headers: { authorization: 'Bearer good' },
    status: 0,
  },
  {
    name: 'an account with Basic',
    auth: authWith(rule('*', 'granted')),
    headers: { authorization: `Basic ${Buffer.from('x:good').toString('base64')}` },
    status: 0,
  },
  {
    name: 'an account that a rule denies',
    auth: authWith(rule('*', 'denied', 'example', 1), rule('', 'granted')),
    headers: { authorization: 'Bearer good' },
    status: 7,
  },
  {
    name: 'an unknown scheme',
    auth: authWith(rule('', 'granted')),
    headers: { authorization: 'Digest x' },
    status: 16,
  },
  {
    name: 'an account in a namespace that is not its own',
    auth: authWith(rule('', 'granted')),
    headers: { authorization: 'Bearer good', 'micro-namespace': 'other' },
    status: 7,
  },
  { name: 'no rule at all', auth: authWith(), headers: {}, status: 16 },
])
  test(`answers ${c.name} with status ${c.status}`, async () => {
    const { session, seen, stop } = await start({ auth: c.auth });
    const answer = await rawCall(session, {
      path: '/example.Example/Context',
      headers: c.headers,
      body: frame('x'),
      open: true,
    });
    assert.equal(answer.status, c.status);
    assert.equal(seen.context !== undefined, c.status === 0);
    await stop();
  });

test('a rule about a service also holds under its proto full name', async () => {
  const auth = authWith(rule('', 'denied', 'example', 1), rule('', 'granted'));
  const { session, stop } = await start({ auth, grpcNames: ['echo.v1.Example'] });
  const answer = await rawCall(session, { path: '/echo.v1.Example/Echo', body: frame('x') });
  assert.equal(answer.status, 16);
  assert.equal(parseMicroError(answer.message)?.detail, 'Unauthorized call made to example:Example.Echo');
  await stop();
});

test('who may not call a service does not learn whether it runs', async () => {
  const { session, stop } = await start({ auth: authWith(rule('*', 'granted')) });
  const known = await rawCall(session, { path: '/example.Example/Echo', body: frame('x') });
  const unknown = await rawCall(session, { path: '/nobody.Example/Echo', body: frame('x') });
  assert.equal(known.message.replaceAll('example', 'nobody'), unknown.message);
  await stop();
});

test('a header that decides may not come twice', async () => {
  const { session, stop } = await start();
  const headers = { 'micro-namespace': ['micro', 'other'] };
  const answer = await rawCall(session, { path: '/example.Example/Echo', headers, body: frame('x') });
  assert.notEqual(answer.status, 0);
  await stop();
});

test('routes within the namespace of the call', async () => {
  const { session, stop } = await start({ namespace: 'other' });
  const missing = await rawCall(session, { path: '/example.Example/Echo', body: frame('x') });
  assert.equal(parseMicroError(missing.message)?.detail, 'service example: route not found');
  const headers = { 'micro-namespace': 'other' };
  const found = await rawCall(session, { path: '/example.Example/Echo', headers, body: frame('x') });
  assert.equal(found.status, 0);
  await stop();
});

test('a caller that resets its call ends the handler', async () => {
  const { session, seen, stop } = await start();
  const stream = session.request({
    ':method': 'POST',
    ':path': '/example.Example/Wait',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => undefined);
  stream.write(frame('x'));
  await poll('the call to arrive', () => seen.waiting > 0);
  stream.close(8);
  await poll('the handler to learn of it', () => seen.aborted.includes('context canceled'));
  await stop();
});

test('a caller whose connection dies ends the handler', async () => {
  const { address, seen, stop } = await start();
  const session = openSession(address);
  const call = rawCall(session, { path: '/example.Example/Count', body: frame('1000000') });
  await poll('the handler to produce', () => seen.produced > 0);
  session.destroy();
  await call;
  await poll('the handler to end', () => seen.finished === 1);
  await stop();
});

/** A node that is an HTTP/2 server of the test's own making. */
const startNode = async (onStream: (stream: ServerHttp2Stream) => void) => {
  const server = createHttp2();
  server.on('session', (s) => s.on('error', () => undefined));
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    onStream(stream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { address, close: () => server.close() };
};

const grpcHeaders = { ':status': 200, 'content-type': 'application/grpc' };

for (const c of [
  {
    name: 'resets the call',
    behave: (s: ServerHttp2Stream) => s.close(2),
    status: 14,
    text: /node .* broke the call off/,
  },
  {
    name: 'refuses the call',
    behave: (s: ServerHttp2Stream) => s.close(7),
    status: 14,
    text: /refused the call/,
  },
  {
    name: 'drops the connection after half an answer',
    behave: (s: ServerHttp2Stream) => {
      s.respond(grpcHeaders);
      s.write(frame('part'), () => s.session?.destroy());
    },
    status: 14,
    text: /was lost/,
  },
  {
    name: 'ends without a status',
    behave: (s: ServerHttp2Stream) => {
      s.respond(grpcHeaders);
      s.end(frame('all'));
    },
    status: 13,
    text: /without a status/,
  },
])
  test(`tells the caller when a node ${c.name}`, async () => {
    const { session, addNode, stop } = await start();
    const node = await startNode(c.behave);
    await addNode('odd', node.address);
    const answer = await rawCall(session, { path: '/odd.A/B', body: frame('x'), open: true });
    assert.equal(answer.status, c.status);
    assert.match(parseMicroError(answer.message)?.detail ?? '', c.text);
    await stop();
    node.close();
  });

test('tells the caller when a node does not speak HTTP/2', async () => {
  const { session, addNode, stop } = await start();
  const server = createSocketServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await addNode('odd', `127.0.0.1:${(server.address() as AddressInfo).port}`);
  const answer = await rawCall(session, { path: '/odd.A/B', body: frame('x') });
  assert.notEqual(answer.status, 0);
  assert.notEqual(parseMicroError(answer.message), undefined);
  await stop();
  server.close();
});

test('tells the caller when no node can be reached, in words that make Go clients try again', async () => {
  const { session, addNode, stop } = await start();
  await addNode('dead', '127.0.0.1:1');
  const answer = await rawCall(session, { path: '/dead.A/B', body: frame('x') });
  const error = parseMicroError(answer.message);
  assert.equal(error?.code, 500);
  assert.equal(error?.detail, 'Error creating stream: dial tcp 127.0.0.1:1: connect: connection refused');
  await stop();
});

test('calls a node again after it came back on the same address', async () => {
  const { session, addNode, stop } = await start();
  const echo = (s: ServerHttp2Stream): void => {
    s.respond({ ...grpcHeaders, 'grpc-status': '0' }, { endStream: true });
  };
  const server = createHttp2();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (s) => sessions.add(s));
  server.on('stream', echo);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await addNode('back', `127.0.0.1:${(server.address() as AddressInfo).port}`);
  assert.equal((await rawCall(session, { path: '/back.A/B', body: frame('x') })).status, 0);
  for (const s of sessions) s.destroy();
  await poll('the call to work again', async () => {
    const answer = await rawCall(session, { path: '/back.A/B', body: frame('x') });
    return answer.status === 0;
  });
  await stop();
  server.close();
});

for (const [name, bytes] of Object.entries(garbage))
  test(`survives ${name}`, async () => {
    const { address, session, stop } = await start();
    await sendGarbage(address, bytes);
    const answer = await rawCall(session, { path: '/example.Example/Echo', body: frame('alive') });
    assert.deepEqual(answer.messages.map(String), ['alive']);
    await stop();
  });

test('survives headers beyond the limit', async () => {
  const { address, session, stop } = await start();
  const hostile = openSession(address);
  const headers = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`key-${i}`, 'x'.repeat(2_000)]));
  const answer = await rawCall(hostile, { path: '/example.Example/Echo', headers, body: frame('x') });
  assert.notEqual(answer.status, 0);
  hostile.destroy();
  const next = await rawCall(session, { path: '/example.Example/Echo', body: frame('alive') });
  assert.deepEqual(next.messages.map(String), ['alive']);
  await stop();
});

test('survives calls that are opened and reset at once', async () => {
  const { address, session, stop } = await start();
  const hostile = openSession(address);
  await new Promise<void>((resolve) => hostile.once('connect', () => resolve()));
  for (let i = 0; i < 500 && !hostile.closed && !hostile.destroyed; i += 1) {
    const stream = hostile.request({
      ':method': 'POST',
      ':path': '/example.Example/Count',
      'content-type': 'application/grpc',
    });
    stream.on('error', () => undefined);
    stream.close(8);
  }
  const next = await rawCall(session, { path: '/example.Example/Echo', body: frame('alive') });
  assert.deepEqual(next.messages.map(String), ['alive']);
  hostile.destroy();
  await stop();
});

test('stopping ends calls in flight with a status and closes the port', async () => {
  const { session, seen, address, proxy, stop } = await start();
  const call = rawCall(session, { path: '/example.Example/Chat', body: frame('x'), open: true });
  const wait = rawCall(session, { path: '/example.Example/Wait', body: frame('x') });
  await poll('the call to arrive', () => seen.waiting > 0);
  await proxy.stop();
  assert.equal((await call).status, 14);
  assert.equal((await wait).status, 14);
  await poll('the handler to learn of it', () => seen.aborted.length === 1);
  const again = openSession(address);
  await new Promise<void>((resolve) => again.once('close', () => resolve()));
  await stop();
});

test.run();
