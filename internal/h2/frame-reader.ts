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

const none = Buffer.alloc(0);

export const createFrameReader = (frameSizeMax: number, handle: FrameHandler): FrameReader => {
  // The incomplete frame. Its room grows with what has come, never with what was announced, and doubles: a frame that comes byte by byte is not copied as often.
  let held: Buffer = none;
  let heldBytes = 0;

  /** The whole length of the frame that starts at `at`, or 0 while its head, of which `there` bytes have come, is incomplete. */
  const frameBytes = (bytes: Buffer, at: number, there: number): number => {
    if (there < frameHeaderBytes) return 0;
    const length = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    if (length > frameSizeMax)
      throw new H2Error(errorCode.frameSizeError, `frame of ${length} bytes is over ${frameSizeMax}`);
    return frameHeaderBytes + length;
  };

  const emit = (bytes: Buffer, at: number, end: number): void => {
    const id = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
    handle(bytes[at + 3] as number, bytes[at + 4] as number, id, bytes.subarray(at + frameHeaderBytes, end));
  };

  const hold = (part: Buffer): void => {
    const needed = heldBytes + part.length;
    if (needed > held.length) {
      const grown = Buffer.allocUnsafeSlow(
        Math.max(needed, Math.min(held.length * 2, frameHeaderBytes + frameSizeMax)),
      );
      held.copy(grown, 0, 0, heldBytes);
      held = grown;
    }
    part.copy(held, heldBytes);
    heldBytes = needed;
  };

  /** Fills the held frame from the chunk; answers how much of the chunk that took. */
  const complete = (chunk: Buffer): number => {
    let used = Math.min(Math.max(0, frameHeaderBytes - heldBytes), chunk.length);
    if (used > 0) hold(chunk.subarray(0, used));
    const whole = frameBytes(held, 0, heldBytes);
    if (whole === 0) return used;
    const more = Math.min(whole - heldBytes, chunk.length - used);
    if (more > 0) hold(chunk.subarray(used, used + more));
    used += more;
    if (heldBytes < whole) return used;
    const frame = held;
    held = none;
    heldBytes = 0;
    emit(frame, 0, whole);
    return used;
  };

  return {
    feed: (chunk) => {
      let at = 0;
      while (heldBytes > 0 && at < chunk.length) at += complete(at === 0 ? chunk : chunk.subarray(at));
      while (at < chunk.length) {
        const whole = frameBytes(chunk, at, chunk.length - at);
        if (whole === 0 || at + whole > chunk.length) return hold(chunk.subarray(at));
        emit(chunk, at, at + whole);
        at += whole;
      }
    },
    get heldBytes() {
      return heldBytes;
    },
  };
};
