/** Nodes that die or fall silent: calls go to those that answer, and come back when the node does. */

import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

import { connectionLimits } from '../../../internal/h2/connection-limits.ts';
import { errorCode } from '../../../internal/h2/error.ts';
import { settingsAck, settingsFrame } from '../../../internal/h2/frame.ts';
import { fieldValue } from '../../../internal/h2/header-block.ts';
import { encodeFields } from '../../../internal/h2/hpack/encoder.ts';
import { createListener } from '../../../internal/h2/listener.ts';
import { deafReader } from '../../../internal/h2/stream-state.ts';
import { openProxy } from '../../../test/conformance/open-client.ts';
import { openRegistryRouter } from '../../../test/conformance/open-router.ts';
import { frame, openSession, rawCall } from '../../../test/conformance/raw-grpc.ts';
import { poll } from '../../../test/support/poll.ts';
import { suite } from '../../../test/support/suite.ts';

const test = suite('proxy: nodes that fail');

const okAlone = encodeFields([
  [':status', '200'],
  ['content-type', 'application/grpc'],
  ['grpc-status', '0'],
]);

/** A node that answers every call with OK and nothing, but for calls of `Wait`, which it keeps. */
const openGoodNode = async () => {
  let calls = 0;
  let kept = 0;
  let bytes = 0;
  const listener = createListener({
    connectionsMax: 10,
    limits: { ...connectionLimits, streamsMax: 1_000, streamWindowBytes: 65_535, connectionWindowBytes: 1_048_576 },
    now: Date.now,
    onFault: (error) => {
      throw error;
    },
    onStream: (stream, block) => {
      if (fieldValue(block, ':path')?.endsWith('/Wait')) {
        kept += 1;
        return deafReader;
      }
      calls += 1;
      const answer = (): void => stream.sendHeaders(okAlone, true);
      return {
        ...deafReader,
        data: (chunk, endStream) => {
          bytes += chunk.length;
          if (endStream) answer();
        },
      };
    },
  });
  const { port } = await listener.listen('127.0.0.1', 0);
  return {
    address: `127.0.0.1:${port}`,
    calls: () => calls,
    bytes: () => bytes,
    kept: () => kept,
    close: () => listener.close(),
  };
};

/** A node that refuses every stream unread, as one that is about to leave does. */
const openRefusingNode = async () => {
  let refused = 0;
  const listener = createListener({
    connectionsMax: 10,
    limits: { ...connectionLimits, streamsMax: 1_000, streamWindowBytes: 65_535, connectionWindowBytes: 1_048_576 },
    now: Date.now,
    onFault: (error) => {
      throw error;
    },
    onStream: (stream) => {
      refused += 1;
      stream.reset(errorCode.refusedStream);
      return deafReader;
    },
  });
  const { port } = await listener.listen('127.0.0.1', 0);
  return { address: `127.0.0.1:${port}`, refused: () => refused, close: () => listener.close() };
};

/** A node that takes connections and says SETTINGS, and then hears nothing: as a stopped process does. */
const openSilentNode = async () => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.write(Buffer.concat([settingsFrame([]), settingsAck]));
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => sockets.size,
    close: async (): Promise<void> => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const start = async (addresses: readonly string[]) => {
  const base = await openRegistryRouter();
  const add = (...added: readonly string[]): Promise<void> =>
    base.driver.registry.register({
      name: 'example',
      version: 'latest',
      metadata: {},
      endpoints: [],
      nodes: added.map((address) => ({ id: address, address, metadata: {} })),
    });
  await add(...addresses);
  const proxy = await openProxy(base.driver);
  const session = openSession(proxy.address);
  return {
    add,
    call: async (timeoutMs: number, method = 'Echo', go = false): Promise<number | undefined> => {
      const headers = go ? { timeout: `${timeoutMs}000000` } : { 'grpc-timeout': `${timeoutMs}m` };
      return (await rawCall(session, { path: `/example.Example/${method}`, headers, body: frame('x') })).status;
    },
    stop: async (): Promise<void> => {
      session.destroy();
      await proxy.stop();
      await base.close();
    },
  };
};

const deadAddress = '127.0.0.1:1';

test('no call is lost to a node that cannot be reached', async () => {
  const good = await openGoodNode();
  const proxy = await start([deadAddress, good.address]);
  const statuses = await Promise.all(Array.from({ length: 50 }, () => proxy.call(20_000)));
  assert.deepEqual(new Set(statuses), new Set([0]));
  assert.equal(good.calls(), 50);
  await proxy.stop();
  await good.close();
});

test('a node whose connection breaks leaves routing with its last call', async () => {
  const [good, other] = [await openGoodNode(), await openGoodNode()];
  const proxy = await start([good.address, other.address]);
  await poll('both nodes to be called', async () => {
    await proxy.call(20_000);
    return good.calls() > 0 && other.calls() > 0;
  });
  await other.close();
  for (let n = 0; n < 50; n += 1) assert.equal(await proxy.call(20_000), 0);
  await proxy.stop();
  await good.close();
});

test('a call that a node refused unread goes whole to another one, once', async () => {
  const [good, refusing] = [await openGoodNode(), await openRefusingNode()];
  const proxy = await start([good.address, refusing.address]);
  for (let n = 0; n < 50; n += 1) assert.equal(await proxy.call(20_000), 0);
  assert.ok(refusing.refused() > 0);
  assert.equal(good.calls(), 50);
  assert.equal(good.bytes(), 50 * frame('x').length);
  await good.close();
  assert.equal(await proxy.call(20_000), 14);
  await proxy.stop();
  await refusing.close();
});

for (const go of [false, true])
  test(`a call ends with its deadline whatever the node does, ${go ? 'as Go micro says it' : 'as gRPC says it'}`, async () => {
    const silent = await openSilentNode();
    const proxy = await start([silent.address]);
    assert.equal(await proxy.call(50, 'Echo', go), 4);
    await proxy.stop();
    await silent.close();
  });

test('a node that falls silent is routed around, though the other is busier', async () => {
  const [good, silent] = [await openGoodNode(), await openSilentNode()];
  const proxy = await start([good.address]);
  const kept = Array.from({ length: 20 }, () => proxy.call(60_000, 'Wait'));
  await poll('the calls to be kept', () => good.kept() === kept.length);
  await proxy.add(silent.address);
  // It is the less busy one, so every call goes there until the proxy has found out; this one stays.
  const waiting = proxy.call(60_000);
  await poll('the silent node to be called', () => silent.connections() > 0);
  await poll('ten calls in a row to be answered', async () => {
    for (let n = 0; n < 10; n += 1) if ((await proxy.call(500)) !== 0) return false;
    return true;
  });
  await silent.close();
  assert.equal(await waiting, 14);
  assert.equal(await proxy.call(20_000), 0);
  await proxy.stop();
  await Promise.all(kept);
  await good.close();
});

test.run();
