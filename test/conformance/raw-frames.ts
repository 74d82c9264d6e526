/** An HTTP/2 peer that sends any frames it likes over a plain socket, and notes what comes back. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { clientPreface, frameOf, frameType, settingsAck, settingsFrame } from '../../internal/h2/frame.ts';
import { createFrameReader } from '../../internal/h2/frame-reader.ts';
import { encodeFields } from '../../internal/h2/hpack/encoder.ts';
import { poll } from '../support/poll.ts';

export interface SeenFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export interface RawPeer {
  readonly socket: Socket;
  readonly seen: readonly SeenFrame[];
  send(...parts: readonly Uint8Array[]): void;
  /** Waits for a frame that fits. */
  until(what: string, fits: (frame: SeenFrame) => boolean): Promise<SeenFrame>;
  /** Resolves when the other side has closed the connection. */
  readonly closed: Promise<void>;
  /** The code of its GOAWAY; undefined when none came. */
  goaway(): number | undefined;
}

/** A frame is waited for so long. */
const untilMs = 20_000;

/** Connects, and unless told otherwise says the preface and answers SETTINGS as every client does. */
export const openRawPeer = async (address: string, o: { readonly silent?: boolean } = {}): Promise<RawPeer> => {
  const [host, port] = address.split(':') as [string, string];
  const socket = connect(Number(port), host);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const seen: SeenFrame[] = [];
  const waiting = new Set<(frame: SeenFrame) => void>();
  const reader = createFrameReader(2 ** 24, (type, flags, streamId, payload) => {
    const frame = { type, flags, streamId, payload: Buffer.from(payload) };
    seen.push(frame);
    for (const look of waiting) look(frame);
    if (type === frameType.settings && flags === 0 && o.silent !== true) socket.write(settingsAck);
  });
  socket.on('data', (chunk: Buffer) => reader.feed(chunk));
  if (o.silent !== true) {
    socket.write(Buffer.concat([clientPreface, settingsFrame([])]));
    await poll('SETTINGS', () => seen.some((f) => f.type === frameType.settings));
  }
  return {
    socket,
    seen,
    closed,
    send: (...parts) => void socket.write(Buffer.concat(parts)),
    until: (what, fits) => {
      const known = seen.find(fits);
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`not within ${untilMs} ms: ${what}`));
        }, untilMs);
        const look = (frame: SeenFrame): void => {
          if (!fits(frame)) return;
          waiting.delete(look);
          clearTimeout(timer);
          resolve(frame);
        };
        waiting.add(look);
      });
    },
    goaway: () => seen.find((f) => f.type === frameType.goaway)?.payload.readUInt32BE(4),
  };
};

export const endHeaders = 0x4;
export const endStream = 0x1;

/** HEADERS with any bytes as their block. */
export const headersFrame = (streamId: number, block: Uint8Array, flags = endHeaders): Buffer =>
  frameOf({ type: frameType.headers, flags, streamId }, block);

export const continuationFrame = (streamId: number, block: Uint8Array, flags = 0): Buffer =>
  frameOf({ type: frameType.continuation, flags, streamId }, block);

export const dataFrame = (streamId: number, bytes: Uint8Array, flags = 0): Buffer =>
  frameOf({ type: frameType.data, flags, streamId }, bytes);

/** The header block of a gRPC call. */
export const callBlock = (path: string, more: readonly (readonly [string, string])[] = []): Buffer =>
  encodeFields([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ...more,
  ]);
