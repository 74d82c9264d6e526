/** Frames as bytes (RFC 9113 sections 4.1 and 6): types, flags, and how each kind that we send is written. Reads nothing. */

import { emptySizeUpdate } from './hpack/encoder.ts';

export const frameType = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

export const flag = {
  endStream: 0x1,
  ack: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

export const frameHeaderBytes = 9;
/** What every peer may send and takes before settings say otherwise (RFC 9113 section 4.2). */
export const frameSizeDefault = 16_384;
/** Windows start here and may not pass the largest (sections 6.5.2 and 6.9.1). */
export const windowDefault = 65_535;
export const windowMax = 2 ** 31 - 1;

/** The first bytes of every client (section 3.4). */
export const clientPreface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export interface FrameHead {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
}

const writeHead = (out: Buffer, at: number, length: number, head: FrameHead): void => {
  out[at] = length >>> 16;
  out[at + 1] = length >>> 8;
  out[at + 2] = length;
  out[at + 3] = head.type;
  out[at + 4] = head.flags;
  out[at + 5] = head.streamId >>> 24;
  out[at + 6] = head.streamId >>> 16;
  out[at + 7] = head.streamId >>> 8;
  out[at + 8] = head.streamId;
};

/** A frame's nine bytes alone; its payload follows as a buffer of its own. */
export const frameHeadOf = (length: number, head: FrameHead): Buffer => {
  const out = Buffer.allocUnsafe(frameHeaderBytes);
  writeHead(out, 0, length, head);
  return out;
};

/** A whole frame; for small payloads. */
export const frameOf = (head: FrameHead, payload: Uint8Array): Buffer => {
  const out = Buffer.allocUnsafe(frameHeaderBytes + payload.length);
  writeHead(out, 0, payload.length, head);
  out.set(payload, frameHeaderBytes);
  return out;
};

const number32 = (head: FrameHead, value: number): Buffer => {
  const out = Buffer.allocUnsafe(frameHeaderBytes + 4);
  writeHead(out, 0, 4, head);
  out.writeUInt32BE(value, frameHeaderBytes);
  return out;
};

export const rstStreamFrame = (streamId: number, code: number): Buffer =>
  number32({ type: frameType.rstStream, flags: 0, streamId }, code);

export const windowUpdateFrame = (streamId: number, bytes: number): Buffer =>
  number32({ type: frameType.windowUpdate, flags: 0, streamId }, bytes);

export const pingFrame = (payload: Uint8Array, ack: boolean): Buffer =>
  frameOf({ type: frameType.ping, flags: ack ? flag.ack : 0, streamId: 0 }, payload);

export const goawayFrame = (lastStreamId: number, code: number, text = ''): Buffer => {
  const payload = Buffer.alloc(8 + Buffer.byteLength(text, 'latin1'));
  payload.writeUInt32BE(lastStreamId, 0);
  payload.writeUInt32BE(code, 4);
  payload.write(text, 8, 'latin1');
  return frameOf({ type: frameType.goaway, flags: 0, streamId: 0 }, payload);
};

/** Pairs of identifier and value (section 6.5.1). */
export const settingsFrame = (pairs: readonly (readonly [id: number, value: number])[]): Buffer => {
  const payload = Buffer.alloc(pairs.length * 6);
  pairs.forEach(([id, value], i) => {
    payload.writeUInt16BE(id, i * 6);
    payload.writeUInt32BE(value, i * 6 + 2);
  });
  return frameOf({ type: frameType.settings, flags: 0, streamId: 0 }, payload);
};

export const settingsAck: Buffer = frameOf({ type: frameType.settings, flags: flag.ack, streamId: 0 }, Buffer.alloc(0));

export interface HeadersOptions {
  readonly streamId: number;
  readonly endStream: boolean;
  /** The peer's largest frame; what is longer goes on in CONTINUATION frames (section 6.10). */
  readonly frameSizeMax: number;
  /** Puts a dynamic table size update of zero first (RFC 7541 section 4.2). */
  readonly sizeUpdate: boolean;
}

/** A header block as one buffer of frames. */
export const headersFrames = (block: Buffer, o: HeadersOptions): Buffer => {
  const bytes = o.sizeUpdate ? Buffer.concat([emptySizeUpdate, block]) : block;
  const flags = o.endStream ? flag.endStream : 0;
  if (bytes.length <= o.frameSizeMax)
    return frameOf({ type: frameType.headers, flags: flags | flag.endHeaders, streamId: o.streamId }, bytes);
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += o.frameSizeMax) {
    const part = bytes.subarray(at, at + o.frameSizeMax);
    const last = at + o.frameSizeMax >= bytes.length ? flag.endHeaders : 0;
    const type = at === 0 ? frameType.headers : frameType.continuation;
    frames.push(frameOf({ type, flags: (at === 0 ? flags : 0) | last, streamId: o.streamId }, part));
  }
  return Buffer.concat(frames);
};
