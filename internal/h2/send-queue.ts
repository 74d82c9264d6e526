/** Sends bodies as the windows of the peer and the room in the socket allow (RFC 9113 section 5.2 and 6.9), streams taking turns. Owns the order in which they wait. */

import { flag, frameHeadOf, frameType, headersFrames, windowMax } from './frame.ts';
import type { Outbox } from './outbox.ts';
import type { PeerSettings } from './settings.ts';
import { keepable, type StreamState } from './stream-state.ts';

export interface SendQueue {
  /** DATA now or later; false when some of it waits. */
  data(s: StreamState, chunk: Buffer, end: boolean): boolean;
  /** HEADERS now, or as trailers after what waits. */
  headers(s: StreamState, block: Buffer, end: boolean): void;
  /** Connection credit; false when the window would pass its largest. */
  credit(bytes: number): boolean;
  /** Stream credit (also negative, from settings); false as above. */
  creditStream(s: StreamState, bytes: number): boolean;
  /** Sends what can be sent now. */
  pump(): void;
  /** Drops what a stream has waiting. */
  drop(s: StreamState): void;
}

export interface SendQueueOptions {
  readonly outbox: Outbox;
  /** The peer's settings as they stand. */
  peer(): PeerSettings;
  /** A block may have to start with a table size update. */
  takeSizeUpdate(): boolean;
  /** END_STREAM has been sent. */
  ended(s: StreamState): void;
  readonly window: number;
}

export const createSendQueue = (o: SendQueueOptions): SendQueue => {
  // Insertion order is the order of turns.
  const waiting = new Set<StreamState>();
  let window = o.window;

  const sendHeaders = (s: StreamState, block: Buffer, endStream: boolean): void => {
    const frameSizeMax = o.peer().maxFrameSize;
    o.outbox.push(headersFrames(block, { streamId: s.id, endStream, frameSizeMax, sizeUpdate: o.takeSizeUpdate() }));
    if (endStream) o.ended(s);
  };
  const sendFrame = (s: StreamState, payload: Buffer, endStream: boolean): void => {
    const flags = endStream ? flag.endStream : 0;
    const head = frameHeadOf(payload.length, { type: frameType.data, flags, streamId: s.id });
    if (payload.length < smallBytes) o.outbox.push(payload.length === 0 ? head : Buffer.concat([head, payload]));
    else {
      o.outbox.push(head);
      o.outbox.push(payload);
    }
    s.sendWindow -= payload.length;
    window -= payload.length;
    if (endStream) o.ended(s);
  };
  const allowed = (s: StreamState): number => Math.min(window, s.sendWindow, o.peer().maxFrameSize);

  /** One frame of what waits; false when the stream cannot go on now. */
  const sendOne = (s: StreamState): boolean => {
    const chunk = s.queue[0];
    if (chunk === undefined) return false;
    const size = Math.min(allowed(s), chunk.length);
    if (size <= 0) return false;
    const whole = size === chunk.length;
    if (whole) s.queue.shift();
    else s.queue[0] = chunk.subarray(size);
    s.pendingBytes -= size;
    const last = whole && s.queue.length === 0 && s.end === 'data';
    sendFrame(s, whole ? chunk : chunk.subarray(0, size), last);
    return true;
  };
  /** What follows the last byte that waited. */
  const settle = (s: StreamState): void => {
    waiting.delete(s);
    if (s.over) return;
    if (s.end === 'data' && !s.localEnd) sendFrame(s, nothing, true);
    else if (s.end === 'trailers' && s.trailers !== undefined) sendHeaders(s, s.trailers, true);
    else if (s.wantsRoom) {
      s.wantsRoom = false;
      s.reader.writable();
    }
  };

  const pump = (): void => {
    while (waiting.size > 0 && window > 0 && !o.outbox.full) {
      let moved = false;
      for (const s of [...waiting]) {
        if (o.outbox.full || window <= 0) return;
        if (!waiting.has(s)) continue;
        if (sendOne(s)) moved = true;
        if (s.queue.length === 0) settle(s);
        else if (s.sendWindow <= 0) waiting.delete(s);
      }
      if (!moved) return;
    }
  };

  return {
    data: (s, chunk, end) => {
      if (end) s.end = 'data';
      const direct = s.queue.length === 0 && chunk.length <= allowed(s) && !o.outbox.full;
      if (direct || (s.queue.length === 0 && chunk.length === 0)) {
        sendFrame(s, chunk, end);
        return true;
      }
      if (chunk.length > 0) s.queue.push(keepable(chunk));
      s.pendingBytes += chunk.length;
      s.wantsRoom = true;
      waiting.add(s);
      if (!o.outbox.full) sendSome(s);
      return s.queue.length === 0;
    },
    headers: (s, block, end) => {
      if (s.queue.length === 0) return sendHeaders(s, block, end);
      s.end = 'trailers';
      s.trailers = block;
    },
    credit: (bytes) => {
      window += bytes;
      return window <= windowMax;
    },
    creditStream: (s, bytes) => {
      s.sendWindow += bytes;
      if (s.queue.length > 0 && s.sendWindow > 0) waiting.add(s);
      return s.sendWindow <= windowMax;
    },
    pump,
    drop: (s) => {
      waiting.delete(s);
      s.queue = [];
      s.pendingBytes = 0;
      s.trailers = undefined;
    },
  };

  /** A chunk larger than one frame goes as far as it can at once. */
  function sendSome(s: StreamState): void {
    while (!o.outbox.full && sendOne(s));
    if (s.queue.length > 0) return;
    // Nothing waits after all: the caller learns it from the answer.
    s.wantsRoom = false;
    settle(s);
  }
};

const smallBytes = 2_048;
const nothing = Buffer.alloc(0);
