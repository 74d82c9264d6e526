/** A whole HTTP/2 connection under fuzz, as server: a client that may send anything. However its bytes are cut, the streams are told the same and the same bytes are answered; what is answered is well-formed; nothing but the connection's own end comes of a fault. */

import { Duplex } from 'node:stream';

import * as assert from 'uvu/assert';

import { createConnection } from '../../internal/h2/connection.ts';
import { clientPreface, frameType } from '../../internal/h2/frame.ts';
import { createFrameReader } from '../../internal/h2/frame-reader.ts';
import { encodeFields } from '../../internal/h2/hpack/encoder.ts';
import type { Stream, StreamReader } from '../../internal/h2/stream.ts';
import type { FuzzTarget } from './engine.ts';
import type { FrameStream } from './frame-stream.ts';
import { bytesOf, frameSeeds, mutateStream, piecesOf, showStream } from './frame-stream.ts';

export const connectionTarget = (): FuzzTarget<FrameStream> => {
  let ran: { readonly input: FrameStream; readonly whole: Conversation; readonly cut: Conversation }[] = [];
  return {
    name: 'connection',
    covers: /internal\/h2\/[a-z-]+\.ts$/,
    seeds: frameSeeds,
    mutate: mutateStream,
    show: showStream,
    run: (input) => {
      const bytes = Buffer.concat([clientPreface, bytesOf(input)]);
      const whole = converse([bytes]);
      const cut = converse(piecesOf(bytes, input.cuts));
      assert.equal(cut.told, whole.told);
      ran.push({ input, whole, cut });
      // A fault is sent at once, with its words.
      const last = whole.sent.length > 0 ? framesSent(whole).at(-1)! : '';
      const kinds = new Set([...whole.told, last].map((line) => line.replaceAll(/\d+/g, 'N')));
      return [...kinds].slice(-4).join(', ');
    },
    settle: async () => {
      // What a connection sends leaves at the end of the turn.
      await new Promise((resolve) => setImmediate(resolve));
      for (const { input, whole, cut } of ran) {
        try {
          assert.equal(framesSent(cut), framesSent(whole));
        } catch (e) {
          throw new Error(`connection: input ${showStream(input)}`, { cause: e });
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

const response = encodeFields([
  [':status', '200'],
  ['content-type', 'application/grpc'],
]);
const trailers = encodeFields([['grpc-status', '0']]);

/** Serves one connection that echoes what it is sent. */
const converse = (pieces: readonly Buffer[]): Conversation => {
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
    role: 'server',
    socket,
    remote: 'fuzz',
    streamsMax: 4,
    streamWindowBytes: 2_000,
    connectionWindowBytes: 70_000,
    now: () => 0,
    onStream: (stream, block, endStream) => {
      told.push(`opened ${stream.id} with ${block.fields.length} fields${endStream ? ', all' : ''}`);
      return echo(stream, told, endStream);
    },
    onClose: () => undefined,
    onFault: (error) => {
      throw error;
    },
  });
  for (const piece of pieces) socket.emit('data', piece);
  return { told, sent, end: () => connection.destroy() };
};

const echo = (stream: Stream, told: string[], endStream: boolean): StreamReader => {
  stream.sendHeaders(response, false);
  if (endStream) stream.sendHeaders(trailers, true);
  return {
    headers: (block) => {
      told.push(`trailers of ${stream.id}: ${block.fields.length} fields`);
      stream.sendHeaders(trailers, true);
    },
    data: (chunk, end) => {
      told.push(`data of ${stream.id}: ${chunk.length}${end ? ', last' : ''}`);
      stream.consumed(chunk.length);
      stream.sendData(Buffer.from(chunk), false);
      if (end) stream.sendHeaders(trailers, true);
    },
    writable: () => told.push(`writable ${stream.id}`),
    reset: (code) => told.push(`reset ${stream.id} with ${code}`),
  };
};

/** The frames that were sent, as type, stream and length, the last perhaps with the words of a GOAWAY; throws when they are none, or go on behind a GOAWAY for a fault. */
const framesSent = ({ sent }: Conversation): readonly string[] => {
  const kinds: string[] = [];
  let over = false;
  const reader = createFrameReader(16_384, (type, _flags, streamId, payload) => {
    if (over) throw new Error('a frame behind GOAWAY');
    over = type === frameType.goaway;
    kinds.push(`${type} ${streamId} ${over ? payload.toString('latin1', 8) : payload.length}`);
  });
  for (const bytes of sent) reader.feed(bytes);
  assert.is(reader.heldBytes, 0);
  return kinds;
};
