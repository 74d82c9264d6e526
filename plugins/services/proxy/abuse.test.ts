/** The proxy against peers that mean harm, each with the limit that stops it: the peer is told or cut, memory stays bounded, others are served. */

import assert from 'node:assert/strict';

import type { Values } from '../../../internal/contract/field.ts';
import { errorCode } from '../../../internal/h2/error.ts';
import { frameType, pingFrame, rstStreamFrame, settingsFrame } from '../../../internal/h2/frame.ts';
import { serve } from '../../../internal/host/serve.ts';
import { exampleHandlers } from '../../../test/conformance/example-handlers.ts';
import { openAuth, openProxy } from '../../../test/conformance/open-client.ts';
import { openRegistryRouter } from '../../../test/conformance/open-router.ts';
import {
  callBlock,
  continuationFrame,
  dataFrame,
  endHeaders,
  endStream,
  headersFrame,
  openRawPeer,
  type RawPeer,
} from '../../../test/conformance/raw-frames.ts';
import { frame, openSession, rawCall } from '../../../test/conformance/raw-grpc.ts';
import { poll } from '../../../test/support/poll.ts';
import { silentLog } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';
import type { config } from './plugin.ts';

const test = suite('proxy: abuse');

const echo = '/example.Example/Echo';

/** The proxy with the example service behind it. */
const start = async (settings: Partial<Values<typeof config>> = {}) => {
  const base = await openRegistryRouter();
  const { handlers, seen } = exampleHandlers();
  const served = await serve({
    services: [{ name: 'example', namespace: 'micro', handlers }],
    address: '127.0.0.1:0',
    registry: base.driver.registry,
    auth: openAuth,
    log: silentLog,
    signal: new AbortController().signal,
  });
  const proxy = await openProxy(base.driver, openAuth, () => undefined, settings);
  const stop = async (): Promise<void> => {
    await proxy.stop();
    await served.stop();
    await base.close();
  };
  /** Others are served as if nothing had happened. */
  const unharmed = async (): Promise<void> => {
    const session = openSession(proxy.address);
    const answer = await rawCall(session, { path: echo, body: frame('x') });
    session.destroy();
    assert.deepEqual(answer.messages.map(String), ['x']);
  };
  return { address: proxy.address, seen, unharmed, stop };
};

const calmOnly = [errorCode.enhanceYourCalm];

interface Attack {
  readonly name: string;
  readonly settings?: Partial<Values<typeof config>>;
  /** Says no preface. */
  readonly silent?: boolean;
  readonly attack: (peer: RawPeer) => void | Promise<void>;
  /** GOAWAY codes that are right; none: the connection is just cut. */
  readonly goaway?: readonly number[];
}

const header = (name: string, value: string): Buffer =>
  Buffer.concat([Buffer.from([0x00, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)]);

/** Each ends the connection that it comes on. */
const fatal: readonly Attack[] = [
  { name: 'a peer that says nothing', settings: { handshake_timeout: 1 }, silent: true, attack: () => undefined },
  {
    name: 'a preface that never ends',
    settings: { handshake_timeout: 1 },
    silent: true,
    attack: (peer) => peer.send(Buffer.from('PRI * HTTP/2.0\r\n')),
  },
  {
    name: 'a frame that never ends',
    settings: { frame_timeout: 1 },
    attack: (peer) => peer.send(dataFrame(1, Buffer.alloc(100)).subarray(0, 50)),
    goaway: calmOnly,
  },
  {
    name: 'a header block that never ends',
    settings: { frame_timeout: 1 },
    attack: (peer) => peer.send(headersFrame(1, callBlock(echo), 0)),
    goaway: calmOnly,
  },
  {
    name: 'a connection without calls',
    settings: { idle_timeout: 1 },
    attack: () => undefined,
    goaway: [errorCode.noError],
  },
  {
    name: 'a flood of CONTINUATION frames',
    attack: (peer) => {
      peer.send(headersFrame(1, callBlock(echo), 0));
      peer.send(...Array.from({ length: 10_000 }, () => continuationFrame(1, Buffer.alloc(0))));
    },
    goaway: calmOnly,
  },
  {
    name: 'a header block of megabytes',
    attack: (peer) => {
      peer.send(headersFrame(1, callBlock(echo), 0));
      const part = Buffer.concat(Array.from({ length: 120 }, (_, i) => header(`x-${i}`, 'v'.repeat(100))));
      for (let n = 0; n < 500; n += 1) peer.send(continuationFrame(1, part));
    },
    goaway: calmOnly,
  },
  {
    name: 'a frame over the size that was announced',
    attack: (peer) => peer.send(dataFrame(1, Buffer.alloc(16_385))),
    goaway: [errorCode.frameSizeError],
  },
  {
    name: 'DATA beyond the window of the connection',
    settings: { connection_window: 65_535, stream_window: 1_048_576 },
    attack: (peer) => {
      peer.send(headersFrame(1, callBlock('/example.Example/Wait')));
      for (let n = 0; n < 10; n += 1) peer.send(dataFrame(1, Buffer.alloc(16_384)));
    },
    goaway: [errorCode.flowControlError],
  },
  {
    name: 'rapid reset',
    settings: { resets_max: 100, resets_per_second: 1 },
    attack: (peer) => {
      for (let n = 0; n < 1_000; n += 1) {
        const id = 2 * n + 1;
        peer.send(headersFrame(id, callBlock('/example.Example/Wait')), rstStreamFrame(id, errorCode.cancel));
      }
    },
    goaway: calmOnly,
  },
  ...[
    { name: 'PING', frames: () => pingFrame(Buffer.alloc(8), false) },
    { name: 'SETTINGS', frames: () => settingsFrame([]) },
    { name: 'unknown frames', frames: () => Buffer.from([0, 0, 0, 0xfa, 0, 0, 0, 0, 0]) },
    { name: 'refused streams', frames: (n: number) => headersFrame(2 * n + 1, Buffer.alloc(0)) },
  ].map(
    ({ name, frames }): Attack => ({
      name: `a flood of ${name}`,
      settings: { control_frames_max: 500, control_frames_per_second: 1 },
      attack: (peer) => {
        for (let n = 0; n < 2_000; n += 1) peer.send(frames(n));
      },
      goaway: calmOnly,
    }),
  ),
  {
    name: 'a flood of empty DATA frames',
    settings: { control_frames_max: 500, control_frames_per_second: 1 },
    attack: (peer) => {
      peer.send(headersFrame(1, callBlock('/example.Example/Wait')));
      for (let n = 0; n < 2_000; n += 1) peer.send(dataFrame(1, Buffer.alloc(0)));
    },
    goaway: calmOnly,
  },
  {
    name: 'a broken header block',
    attack: (peer) => peer.send(headersFrame(1, Buffer.from('ffffffffffffffffffff', 'hex'))),
    goaway: [errorCode.compressionError],
  },
];

for (const c of fatal)
  test(`${c.name} costs only its own connection`, async () => {
    const proxy = await start(c.settings);
    const peer = await openRawPeer(proxy.address, { silent: c.silent ?? false });
    await c.attack(peer);
    await peer.closed;
    if (c.goaway === undefined) assert.equal(peer.goaway(), undefined);
    else assert.ok(c.goaway.includes(peer.goaway() ?? -1), `GOAWAY ${peer.goaway()}`);
    await proxy.unharmed();
    await proxy.stop();
  });

test('an HTTP/1.1 client is told where it should ask', async () => {
  const proxy = await start();
  const answer = await fetch(`http://${proxy.address}/helloworld`);
  assert.equal(answer.status, 400);
  assert.match(JSON.stringify(await answer.json()), /this port speaks HTTP\/2.*8080/);
  await proxy.stop();
});

test('more fields than fit are answered by status, and the connection goes on', async () => {
  const proxy = await start();
  const peer = await openRawPeer(proxy.address);
  const fields = Array.from({ length: 1_500 }, (_, i): readonly [string, string] => [`x-${i}`, 'v']);
  const block = callBlock(echo, fields);
  peer.send(
    headersFrame(1, block.subarray(0, 16_000), endStream),
    continuationFrame(1, block.subarray(16_000), endHeaders),
  );
  await peer.until('a refusal', (f) => f.type === frameType.headers && f.streamId === 1);
  peer.send(headersFrame(3, callBlock(echo)), dataFrame(3, frame('x'), endStream));
  await peer.until('an answer', (f) => f.type === frameType.data && f.streamId === 3);
  peer.socket.destroy();
  await proxy.stop();
});

test('a small block that unfolds to megabytes is refused, and the connection goes on', async () => {
  const proxy = await start();
  const peer = await openRawPeer(proxy.address);
  // One field of 3,900 bytes into the dynamic table (RFC 7541 section 6.2.1), then a thousand references to it.
  const value = Buffer.alloc(3_900, 'v');
  const literal = Buffer.concat([Buffer.from([0x40, 1, 0x78, 0x7f, 0xbd, 0x1d]), value]);
  peer.send(
    headersFrame(1, Buffer.concat([callBlock(echo), literal, Buffer.alloc(1_000, 0xbe)]), endHeaders | endStream),
  );
  await peer.until('a refusal', (f) => f.type === frameType.headers && f.streamId === 1);
  peer.send(headersFrame(3, callBlock(echo)), dataFrame(3, frame('x'), endStream));
  await peer.until('an answer', (f) => f.type === frameType.data && f.streamId === 3);
  peer.socket.destroy();
  await proxy.stop();
});

test('calls over streams_max are refused one by one', async () => {
  const proxy = await start({ streams_max: 10 });
  const peer = await openRawPeer(proxy.address);
  for (let n = 0; n < 20; n += 1) peer.send(headersFrame(2 * n + 1, callBlock('/example.Example/Wait')));
  await peer.until('the last refusal', (f) => f.type === frameType.rstStream && f.streamId === 39);
  const refused = peer.seen.filter((f) => f.type === frameType.rstStream);
  assert.deepEqual(
    refused.map((f) => [f.streamId, f.payload.readUInt32BE(0)]),
    Array.from({ length: 10 }, (_, i) => [21 + 2 * i, errorCode.refusedStream]),
  );
  await proxy.unharmed();
  peer.socket.destroy();
  await proxy.stop();
});

test('connections over connections_max are closed, those that stand are served', async () => {
  const proxy = await start({ connections_max: 5 });
  const peers = await Promise.all(Array.from({ length: 5 }, () => openRawPeer(proxy.address)));
  const extra = await openRawPeer(proxy.address, { silent: true });
  await extra.closed;
  for (const peer of peers) {
    peer.send(headersFrame(1, callBlock(echo)), dataFrame(1, frame('x'), endStream));
    await peer.until('an answer', (f) => f.type === frameType.data);
    peer.socket.destroy();
  }
  await poll('room for others', () => proxy.unharmed().then(() => true));
  await proxy.stop();
});

test('a caller that never gives credit stops its own call, and nothing piles up', async () => {
  const proxy = await start();
  const peer = await openRawPeer(proxy.address);
  peer.send(headersFrame(1, callBlock('/example.Example/Count')), dataFrame(1, frame('1000000000'), endStream));
  let produced = -1;
  await poll('the service to stop producing', () => {
    const still = proxy.seen.produced === produced;
    produced = proxy.seen.produced;
    return still && produced > 0;
  });
  const bytes = peer.seen.filter((f) => f.type === frameType.data).reduce((n, f) => n + f.payload.length, 0);
  assert.equal(bytes, 65_535, 'the window that HTTP/2 starts with, and no more');
  await proxy.unharmed();
  peer.socket.destroy();
  await poll('the service to learn that the caller has gone', () => proxy.seen.finished === 1);
  await proxy.stop();
});

test.run();
