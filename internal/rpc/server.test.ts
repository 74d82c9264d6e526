/** The grpc-js server passes the cases of every server, and stops as it should. */

import assert from 'node:assert/strict';

import { exampleHandlers } from '../../test/conformance/example-handlers.ts';
import { frame, openSession, rawCall } from '../../test/conformance/raw-grpc.ts';
import { exampleOptions, rpcServerCases } from '../../test/conformance/rpc-server.ts';
import { poll } from '../../test/support/poll.ts';
import { silentLog } from '../../test/support/start-driver.ts';
import { suite } from '../../test/support/suite.ts';
import { createRpcServer, type RpcServerOptions } from './server.ts';

const test = suite('rpc server');

rpcServerCases(test, async (o) => {
  const server = createRpcServer(o);
  const address = await server.listen('127.0.0.1:0');
  return { address, close: () => server.close(AbortSignal.timeout(1_000)) };
});

const start = async (o: Partial<RpcServerOptions> = {}) => {
  const { handlers, seen } = exampleHandlers();
  const server = createRpcServer({ ...exampleOptions(handlers), ...o });
  const address = await server.listen('127.0.0.1:0');
  const session = openSession(address);
  const stop = async (): Promise<void> => {
    session.destroy();
    await server.close(AbortSignal.timeout(1_000));
  };
  return { server, address, session, seen, stop };
};

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
