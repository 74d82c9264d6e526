/** Byte streams of HTTP/2 frames as fuzz inputs: frames with the places where the stream is cut on its way, changed frame by frame and byte by byte. Shared by the targets that read frames. */

import type { HeadersOptions } from '../../internal/h2/frame.ts';
import { flag, frameOf, frameType, headersFrames, pingFrame, settingsFrame } from '../../internal/h2/frame.ts';
import { encodeFields } from '../../internal/h2/hpack/encoder.ts';
import type { Random } from './random.ts';

export interface FrameStream {
  /** Each a frame, or what changes have made of one. */
  readonly frames: readonly Buffer[];
  /** Lengths of the pieces in which the stream arrives, repeated to its end; empty for byte by byte. */
  readonly cuts: readonly number[];
}

const framesMax = 24;
const bytesMax = 48 * 1024;
/** What is left after so many pieces comes at once. */
const piecesMax = 200;

export const bytesOf = ({ frames }: FrameStream): Buffer => Buffer.concat(frames);

/** The stream's bytes in the pieces in which they arrive, each a buffer of its own as a socket's are. */
export const piecesOf = (bytes: Buffer, cuts: readonly number[]): readonly Buffer[] => {
  const pieces: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = i < piecesMax ? Math.max(1, cuts[i % cuts.length] ?? 1) : bytes.length;
    const end = Math.min(bytes.length, at + size);
    pieces.push(Buffer.from(bytes.subarray(at, end)));
    at = end;
  }
  return pieces;
};

export const showStream = ({ frames, cuts }: FrameStream): string =>
  JSON.stringify({ cuts, frames: frames.map((f) => f.toString('hex')) });

const request = encodeFields([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/a.B/C'],
  [':authority', 'localhost'],
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
]);
const response = encodeFields([
  [':status', '200'],
  ['content-type', 'application/grpc'],
]);
const trailers = encodeFields([
  ['grpc-status', '0'],
  ['grpc-message', ''],
]);
const trailersOnly = encodeFields([
  [':status', '200'],
  ['grpc-status', '5'],
]);
const interim = encodeFields([[':status', '103']]);
const head = { endStream: false, frameSizeMax: 16_384, sizeUpdate: false };
const settings = settingsFrame([
  [1, 0],
  [4, 1_000],
  [5, 16_384],
]);
const data = (streamId: number, flags: number, bytes: number): Buffer =>
  frameOf({ type: frameType.data, flags, streamId }, Buffer.alloc(bytes, 0x61));
const number32 = (type: number, streamId: number, value: number): Buffer => {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(value);
  return frameOf({ type, flags: 0, streamId }, payload);
};
const last = (streamId: number): HeadersOptions => ({ ...head, streamId, endStream: true });
const goaway = (lastStreamId: number): Buffer => {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(lastStreamId);
  return frameOf({ type: frameType.goaway, flags: 0, streamId: 0 }, payload);
};
const ack = frameOf({ type: frameType.settings, flags: flag.ack, streamId: 0 }, Buffer.alloc(0));

/** What a client sends, one conversation of each kind: a call, calls side by side, a block in parts, padding and priority, resets, credit, an end. */
export const requestSeeds: readonly FrameStream[] = [
  [settings, headersFrames(request, { ...head, streamId: 1 }), data(1, 0, 9), data(1, flag.endStream, 0)],
  [
    settings,
    ack,
    headersFrames(request, { ...head, streamId: 1, endStream: true }),
    headersFrames(request, { ...head, streamId: 3, endStream: true }),
  ],
  [settings, headersFrames(request, { ...head, streamId: 1, frameSizeMax: 20, endStream: true })],
  [
    settings,
    frameOf(
      { type: frameType.headers, flags: flag.padded | flag.endHeaders, streamId: 1 },
      Buffer.concat([Buffer.of(3), request, Buffer.alloc(3)]),
    ),
    frameOf(
      { type: frameType.headers, flags: flag.priority | flag.endHeaders, streamId: 3 },
      Buffer.concat([Buffer.alloc(5), request]),
    ),
    frameOf({ type: frameType.data, flags: flag.padded | flag.endStream, streamId: 1 }, Buffer.from([2, 97, 98, 0, 0])),
  ],
  [
    settings,
    headersFrames(request, { ...head, streamId: 1 }),
    number32(frameType.rstStream, 1, 8),
    number32(frameType.windowUpdate, 0, 100),
  ],
  [
    settings,
    pingFrame(Buffer.alloc(8), false),
    pingFrame(Buffer.alloc(8), true),
    frameOf({ type: frameType.priority, flags: 0, streamId: 5 }, Buffer.alloc(5)),
  ],
  [
    settings,
    headersFrames(request, { ...head, streamId: 1 }),
    number32(frameType.windowUpdate, 1, 70_000),
    data(1, flag.endStream, 1_500),
    frameOf({ type: frameType.goaway, flags: 0, streamId: 0 }, Buffer.alloc(8)),
  ],
  [
    settings,
    headersFrames(request, { ...head, streamId: 1 }),
    headersFrames(encodeFields([['x', 'y']]), { ...head, streamId: 1, endStream: true }),
  ],
].map((frames) => ({ frames, cuts: [7, 1, 30] }));

/** What a server sends to a client that has opened streams 1 and 3. */
export const responseSeeds: readonly FrameStream[] = [
  [settings, headersFrames(response, { ...head, streamId: 1 }), data(1, 0, 9), headersFrames(trailers, last(1))],
  [settings, ack, headersFrames(trailersOnly, last(3)), number32(frameType.rstStream, 3, 0)],
  [settings, headersFrames(interim, { ...head, streamId: 1 }), headersFrames(response, { ...head, streamId: 1 })],
  [settings, number32(frameType.windowUpdate, 0, 60_000), number32(frameType.windowUpdate, 3, 30_000)],
  [settings, headersFrames(response, { ...head, streamId: 3, frameSizeMax: 9 }), data(3, flag.endStream, 1_800)],
  [settings, headersFrames(trailersOnly, last(1)), goaway(1), data(3, 0, 4)],
  [settings, settingsFrame([[4, 70_000]]), pingFrame(Buffer.alloc(8), false), headersFrames(trailersOnly, last(1))],
].map((frames) => ({ frames, cuts: [9, 2, 100] }));

const cutLists: readonly (readonly number[])[] = [[], [9], [1, 8, 1], [10], [3, 50], [500], [16_393], [1_000_000]];
/** Numbers where rules change. */
const edges: readonly number[] = [0, 1, 2, 4, 5, 6, 8, 9, 100, 255, 16_384, 16_385, 65_535, 0xff_ffff];

export const mutateStream = (
  input: FrameStream,
  { random, other }: { random: Random; other: FrameStream },
): FrameStream => {
  const frames = [...input.frames];
  const at = random.below(frames.length + 1);
  const frame = frames[at];
  switch (random.below(12)) {
    case 0:
      return { frames, cuts: random.oneIn(2) ? random.pick(cutLists) : [1 + random.below(40), 1 + random.below(40)] };
    case 1:
      if (other.frames.length > 0) frames.splice(at, 0, random.pick(other.frames));
      break;
    case 2:
      if (frames.length > 1) frames.splice(at, 1);
      break;
    case 3:
      if (frame !== undefined) frames.splice(at, 0, frame);
      break;
    case 4:
      frames.splice(at, 0, randomFrame(random));
      break;
    case 5:
      if (frame !== undefined) frames.splice(at, 1, ...swapped(frame, frames[at + 1]));
      break;
    default:
      if (frame !== undefined) frames[at] = mutateFrame(frame, random);
  }
  return { frames: withinBounds(frames), cuts: input.cuts };
};

const withinBounds = (frames: readonly Buffer[]): readonly Buffer[] => {
  let bytes = 0;
  return frames.slice(0, framesMax).filter((frame) => {
    bytes += frame.length;
    return bytes <= bytesMax;
  });
};

const swapped = (a: Buffer, b: Buffer | undefined): readonly Buffer[] => (b === undefined ? [a] : [b, a]);

const randomFrame = (random: Random): Buffer => {
  const payload = Buffer.alloc(random.oneIn(20) ? random.pick(edges) % 20_000 : random.below(24), random.below(256));
  const flags = random.oneIn(2) ? random.pick([0, 1, 4, 5, 8, 0x20, 0x2d]) : random.below(256);
  return frameOf({ type: random.below(random.oneIn(8) ? 256 : 11), flags, streamId: random.below(10) }, payload);
};

const mutateFrame = (frame: Buffer, random: Random): Buffer => {
  const changed = Buffer.from(frame);
  const at = random.below(frame.length + 1);
  switch (random.below(9)) {
    case 0:
      if (at < frame.length) changed[at] = random.below(256);
      return changed;
    case 1:
      if (at < frame.length) changed[at]! ^= 1 << random.below(8);
      return changed;
    case 2:
      // The length alone, so that what follows is read in another way.
      if (frame.length >= 9) changed.writeUIntBE(random.pick(edges), 0, 3);
      return changed;
    case 3:
      if (frame.length >= 9) changed[4]! ^= random.pick([1, 4, 8, 0x20]);
      return changed;
    case 4:
      if (frame.length >= 9) changed[8] = random.below(10);
      return changed;
    case 5:
      if (frame.length >= 9) changed[3] = random.below(11);
      return changed;
    case 6:
      return withLength(
        Buffer.concat([frame.subarray(0, at), Buffer.alloc(random.below(9), random.below(256)), frame.subarray(at)]),
      );
    case 7:
      return withLength(Buffer.concat([frame.subarray(0, at), frame.subarray(at + 1 + random.below(5))]));
    default:
      // Four bytes of the payload: a window, a code, a setting.
      if (frame.length >= 13)
        changed.writeUInt32BE(random.pick(edges) * (random.oneIn(4) ? 256 : 1), 9 + random.below(frame.length - 12));
      return changed;
  }
};

/** A frame whose payload has changed, with the length it has now. */
const withLength = (frame: Buffer): Buffer => {
  const whole = frame.length >= 9 ? frame : Buffer.concat([frame, Buffer.alloc(9 - frame.length)]);
  whole.writeUIntBE(Math.min(whole.length - 9, 0xff_ffff), 0, 3);
  return whole;
};
