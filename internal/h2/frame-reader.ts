/** Cuts the bytes of a connection into frames (RFC 9113 section 4.1), however they arrive. Holds at most one incomplete frame; checks its size and nothing else. */

import { errorCode, H2Error } from './error.ts';
import { frameHeaderBytes } from './frame.ts';

/** Takes one frame; the payload is a view of the bytes that were fed and must be copied to be kept. */
export type FrameHandler = (type: number, flags: number, streamId: number, payload: Buffer) => void;

export interface FrameReader {
  /** Hands over the frames these bytes complete. Throws H2Error for a frame over the size; nothing may be fed after that. */
  feed(chunk: Buffer): void;
  /** Bytes of a frame that is not complete yet. */
  readonly heldBytes: number;
}

export const createFrameReader = (frameSizeMax: number, handle: FrameHandler): FrameReader => {
  // The incomplete frame: its bytes so far, in a buffer that grows with what has come, never with what was announced.
  let held: Buffer = Buffer.alloc(0);

  /** The whole length of the frame that starts at `at`, or 0 while its head is incomplete. */
  const frameBytes = (bytes: Buffer, at: number): number => {
    if (bytes.length - at < frameHeaderBytes) return 0;
    const length = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    if (length > frameSizeMax)
      throw new H2Error(errorCode.frameSizeError, `frame of ${length} bytes is over ${frameSizeMax}`);
    return frameHeaderBytes + length;
  };

  const emit = (bytes: Buffer, at: number, end: number): void => {
    const id = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
    handle(bytes[at + 3] as number, bytes[at + 4] as number, id, bytes.subarray(at + frameHeaderBytes, end));
  };

  /** Fills the held frame from the chunk; answers how much of the chunk that took. */
  const complete = (chunk: Buffer): number => {
    let used = 0;
    if (held.length < frameHeaderBytes) {
      used = Math.min(frameHeaderBytes - held.length, chunk.length);
      held = Buffer.concat([held, chunk.subarray(0, used)]);
    }
    const whole = frameBytes(held, 0);
    if (whole === 0) return used;
    const more = Math.min(whole - held.length, chunk.length - used);
    if (more > 0) {
      held = Buffer.concat([held, chunk.subarray(used, used + more)]);
      used += more;
    }
    if (held.length < whole) return used;
    const frame = held;
    held = Buffer.alloc(0);
    emit(frame, 0, whole);
    return used;
  };

  return {
    feed: (chunk) => {
      let at = 0;
      while (held.length > 0 && at < chunk.length) at += complete(at === 0 ? chunk : chunk.subarray(at));
      while (at < chunk.length) {
        const whole = frameBytes(chunk, at);
        if (whole === 0 || at + whole > chunk.length) {
          held = Buffer.from(chunk.subarray(at));
          return;
        }
        emit(chunk, at, at + whole);
        at += whole;
      }
    },
    get heldBytes() {
      return held.length;
    },
  };
};
