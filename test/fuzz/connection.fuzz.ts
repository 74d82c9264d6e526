/**
 * A whole HTTP/2 connection under fuzz, as server or as client: a peer that may send anything. However its bytes are cut, the streams are told the same and the
 * same frames are answered; these are well-formed and within the peer's windows; nothing but the connection's own end comes of a fault.
 */

import { Duplex } from 'node:stream';

import * as assert from 'uvu/assert';

import { type Connection, createConnection } from '../../internal/h2/connection.ts';
import { connectionLimits } from '../../internal/h2/connection-limits.ts';
import { H2Error } from '../../internal/h2/error.ts';
import { clientPreface, flag, frameSizeDefault, frameType, windowDefault, windowMax } from '../../internal/h2/frame.ts';
import { createFrameReader } from '../../internal/h2/frame-reader.ts';
import { encodeFields } from '../../internal/h2/hpack/encoder.ts';
import { settingId } from '../../internal/h2/settings.ts';
import type { Stream, StreamReader } from '../../internal/h2/stream.ts';
import type { FuzzTarget } from './engine.ts';
import type { FrameStream } from './frame-stream.ts';
import { bytesOf, mutateStream, piecesOf, requestSeeds, responseSeeds, showStream } from './frame-stream.ts';

type Role = 'server' | 'client';

/** Our side of the connection is the role's. */
export const connectionTarget = (role: Role): FuzzTarget<FrameStream> => {
  let ran: { readonly input: FrameStream; readonly whole: Conversation; readonly cut: Conversation }[] = [];
  return {
    name: role,
    covers: /internal\/h2\/[a-z-]+\.ts$/,
    seeds: role === 'server' ? requestSeeds : responseSeeds,
    mutate: mutateStream,
    show: showStream,
    run: (input) => {
      const frames = bytesOf(input);
      const bytes = role === 'server' ? Buffer.concat([clientPreface, frames]) : frames;
      const whole = converse(role, [bytes]);
      const cut = converse(role, piecesOf(bytes, input.cuts));
      assert.equal(cut.told, whole.told);
      ran.push({ input, whole, cut });
      // A fault is sent at once, with its words.
      const last = whole.sent.length > 0 ? framesSent(role, whole).at(-1)! : '';
      const kinds = new Set([...whole.told, last].map((line) => line.replaceAll(/\d+/g, 'N')));
      return [...kinds].slice(-4).join(', ');
    },
    settle: async () => {
      // What a connection sends leaves at the end of the turn.
      await new Promise((resolve) => setImmediate(resolve));
      for (const { input, whole, cut } of ran) {
        try {
          const sent = framesSent(role, whole);
          assert.equal(framesSent(role, cut), sent);
          checkWindows(bytesOf(input), sent);
        } catch (e) {
          throw new Error(`${role}: input ${showStream(input)}`, { cause: e });
        }
        whole.end();
        cut.end();
      }
      ran = [];
      // Sockets close in a turn of their own.
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
};

interface Conversation {
  /** What streams were told, in order. */
  readonly told: readonly string[];
  /** What the peer was sent; complete when the turn is over. */
  readonly sent: readonly Buffer[];
  end(): void;
}

const request = encodeFields([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/a.B/C'],
]);
const response = encodeFields([
  [':status', '200'],
  ['content-type', 'application/grpc'],
]);
const trailers = encodeFields([['grpc-status', '0']]);

/** One connection with this peer: a server echoes, a client calls twice and then listens. */
const converse = (role: Role, pieces: readonly Buffer[]): Conversation => {
  const told: string[] = [];
  const sent: Buffer[] = [];
  const socket = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      sent.push(chunk);
      done();
    },
  });
  const connection = createConnection({
    role,
    socket,
    remote: 'fuzz',
    limits: {
      ...connectionLimits,
      streamsMax: 4,
      streamWindowBytes: 2_000,
      connectionWindowBytes: role === 'server' ? 70_000 : undefined,
    },
    now: () => 0,
    onStream: (stream, block, endStream) => {
      told.push(`opened ${stream.id} with ${block.fields.length} fields${endStream ? ', all' : ''}`);
      return echo(stream, told, endStream);
    },
    onGoaway: () => told.push('goaway'),
    onClose: () => undefined,
    onFault: (error) => {
      throw error;
    },
  });
  if (role === 'client') for (const bytes of [100, body.length]) call(connection, told, bytes);
  for (const piece of pieces) socket.emit('data', piece);
  return { told, sent, end: () => connection.destroy() };
};

/** More than the windows hold that every connection starts with. */
const body = Buffer.alloc(70_000);

/** Sends that many bytes and listens. */
const call = (connection: Connection, told: string[], bytes: number): void => {
  const reader = listen(told, () => stream);
  const stream = connection.open(request, false, reader);
  stream.sendData(body.subarray(0, bytes), true);
};

const echo = (stream: Stream, told: string[], endStream: boolean): StreamReader => {
  stream.sendHeaders(response, false);
  if (endStream) stream.sendHeaders(trailers, true);
  const heard = listen(told, () => stream);
  return {
    ...heard,
    headers: (block, end) => {
      heard.headers(block, end);
      stream.sendHeaders(trailers, true);
    },
    data: (chunk, end) => {
      heard.data(chunk, end);
      stream.sendData(Buffer.from(chunk), false);
      if (end) stream.sendHeaders(trailers, true);
    },
  };
};

const listen = (told: string[], stream: () => Stream): StreamReader => ({
  headers: (block, end) => told.push(`headers of ${stream().id}: ${block.fields.length}${end ? ', last' : ''}`),
  data: (chunk, end) => {
    told.push(`data of ${stream().id}: ${chunk.length}${end ? ', last' : ''}`);
    stream().consumed(chunk.length);
  },
  writable: () => told.push(`writable ${stream().id}`),
  reset: (code) => told.push(`reset ${stream().id} with ${code}`),
});

/** The frames that were sent, as type, stream and length, the last perhaps with the words of a GOAWAY; throws when they are none, or go on behind a GOAWAY for a fault. */
const framesSent = (role: Role, { sent }: Conversation): readonly string[] => {
  const kinds: string[] = [];
  let over = false;
  const reader = createFrameReader(0xff_ffff, (type, _flags, streamId, payload) => {
    if (over) throw new Error('a frame behind GOAWAY');
    over = type === frameType.goaway;
    kinds.push(`${type} ${streamId} ${over ? payload.toString('latin1', 8) : payload.length}`);
  });
  let preface = role === 'client' ? clientPreface : nothing;
  for (const bytes of sent) {
    const part = Math.min(preface.length, bytes.length);
    assert.ok(preface.subarray(0, part).equals(bytes.subarray(0, part)), 'no preface');
    preface = preface.subarray(part);
    if (part < bytes.length) reader.feed(bytes.subarray(part));
  }
  assert.is(reader.heldBytes, 0);
  return kinds;
};

const nothing = Buffer.alloc(0);

/** No more DATA, and no longer frames, than all that the peer has ever allowed. */
const checkWindows = (received: Buffer, sent: readonly string[]): void => {
  const credit = new Map<number, number>([[0, windowDefault]]);
  let initial = windowDefault;
  let frameMax = frameSizeDefault;
  const reader = createFrameReader(frameSizeDefault, (type, flags, streamId, payload) => {
    if (type === frameType.windowUpdate && payload.length === 4)
      credit.set(streamId, (credit.get(streamId) ?? 0) + (payload.readUInt32BE(0) & windowMax));
    if (type !== frameType.settings || (flags & flag.ack) !== 0) return;
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      const value = payload.readUInt32BE(at + 2);
      if (payload.readUInt16BE(at) === settingId.initialWindowSize) initial = Math.max(initial, value);
      if (payload.readUInt16BE(at) === settingId.maxFrameSize) frameMax = Math.max(frameMax, value);
    }
  });
  try {
    reader.feed(received);
  } catch (e) {
    // What stands behind the fault allows nothing.
    if (!(e instanceof H2Error)) throw e;
  }
  const used = new Map<number, number>();
  for (const line of sent) {
    const [type, streamId, bytes] = line.split(' ').map(Number) as [number, number, number];
    if (type !== frameType.goaway) assert.ok(bytes <= frameMax, line);
    if (type !== frameType.data) continue;
    for (const id of [0, streamId]) used.set(id, (used.get(id) ?? 0) + bytes);
  }
  for (const [id, bytes] of used) {
    const most = (credit.get(id) ?? 0) + (id === 0 ? 0 : initial);
    assert.ok(bytes <= most, `${bytes} bytes sent on ${id} where ${most} are allowed`);
  }
};
