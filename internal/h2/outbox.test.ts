/** A peer that asks without end and reads nothing: its connection ends with a word, and nothing else does. */

import { Duplex } from 'node:stream';

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { outboxBytesMax } from '../contract/limits.ts';
import { createConnection } from './connection.ts';
import { connectionLimits } from './connection-limits.ts';
import { clientPreface, pingFrame, settingsFrame } from './frame.ts';
import { createOutbox } from './outbox.ts';

const test = suite('outbox');

/** Takes what is written and never says that it has left. */
const deafSocket = (): Duplex => new Duplex({ read: () => undefined, write: () => undefined });

test('tells once that the peer makes it queue too much', () => {
  let told = 0;
  const outbox = createOutbox(deafSocket(), outboxBytesMax, {
    drained: () => undefined,
    flooded: () => {
      told += 1;
      outbox.push(Buffer.alloc(1));
    },
  });
  outbox.push(Buffer.alloc(outboxBytesMax));
  assert.is(told, 0);
  outbox.push(Buffer.alloc(1));
  outbox.push(Buffer.alloc(1));
  assert.is(told, 1);
  outbox.close();
});

test('many small pieces leave in few writes, large ones as they are, and all in order', async () => {
  const written: Buffer[] = [];
  const socket = new Duplex({
    read: () => undefined,
    writev: (chunks, done) => {
      for (const { chunk } of chunks) written.push(chunk);
      done();
    },
  });
  const outbox = createOutbox(socket, outboxBytesMax, { drained: () => undefined, flooded: () => undefined });
  const large = Buffer.alloc(20_000, 1);
  const pieces = [
    ...Array.from({ length: 100 }, (_, i) => Buffer.alloc(900, i)),
    large,
    Buffer.from('a'),
    Buffer.from('b'),
  ];
  for (const piece of pieces) outbox.push(piece);
  outbox.flush();
  assert.ok(Buffer.concat(written).equals(Buffer.concat(pieces)));
  // 90,000 bytes in buffers of up to 32 KiB, the large piece itself, and what follows it.
  assert.is(written.length, 5);
  assert.ok(written.includes(large));
  outbox.close();
  socket.destroy();
});

test('a peer that pings and never reads is let go, whatever its patience', () => {
  const socket = deafSocket();
  const faults: unknown[] = [];
  let time = 0;
  createConnection({
    role: 'server',
    socket,
    remote: '',
    limits: { ...connectionLimits, streamsMax: 1, streamWindowBytes: 65_535, connectionWindowBytes: 65_535 },
    now: () => time,
    onClose: () => undefined,
    onFault: (error) => faults.push(error),
  });
  socket.emit('data', Buffer.concat([clientPreface, settingsFrame([])]));
  const pings = Buffer.concat(Array.from({ length: 100 }, () => pingFrame(Buffer.alloc(8), false)));
  // One hundred a second is within every rate.
  for (let bytes = 0; bytes <= outboxBytesMax && !socket.writableEnded; bytes += pings.length) {
    time += 1_000;
    socket.emit('data', pings);
  }
  assert.ok(socket.writableEnded);
  assert.equal(faults, []);
  assert.ok(socket.writableLength <= outboxBytesMax + 1_000);
  socket.destroy();
});

test.run();
