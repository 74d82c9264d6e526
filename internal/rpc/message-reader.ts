/** gRPC's message framing (a flag, four bytes of length, the message), out of pieces that are cut anywhere. Holds what has not been taken; owns no flow control. */

import { internal, type MicroError, tooMany } from '../contract/error.ts';
import { messageBytesMax } from '../contract/limits.ts';
import { serverErrorId } from './status.ts';

/** Flag and length in front of each message. */
export const prefixBytes = 5;

export interface FramedMessage {
  readonly compressed: boolean;
  readonly bytes: Buffer;
}

export interface MessageReader {
  /** Adds bytes as they come. */
  push(chunk: Buffer): void;
  /** The next whole message; undefined while it is not complete. Throws a MicroError as soon as its prefix shows that it must not come. */
  take(): FramedMessage | undefined;
  /** Bytes that are held. */
  readonly heldBytes: number;
}

const none = Buffer.alloc(0);
/** Room is made for a whole message up to this size; a larger one is believed as far as it has come. */
const believedBytesMax = 1_024 * 1_024;
const smallRoomBytes = 256;

export const createMessageReader = (): MessageReader => {
  // One buffer, not a list of pieces: a peer that sends single bytes would make each of them an object.
  let held: Buffer = none;
  let from = 0;
  let to = 0;

  const grow = (bytes: number): void => {
    const used = to - from;
    const announced = used >= prefixBytes ? prefixBytes + held.readUInt32BE(from + 1) : 0;
    const doubled = Math.max(2 * used, believedBytesMax);
    const larger = Buffer.allocUnsafe(Math.max(used + bytes, Math.min(announced, doubled), smallRoomBytes));
    held.copy(larger, 0, from, to);
    held = larger;
    from = 0;
    to = used;
  };

  const release = (): void => {
    held = none;
    from = 0;
    to = 0;
  };

  return {
    push: (chunk) => {
      // Most messages come in one piece, which is taken before the next one comes.
      if (to === from) {
        held = chunk;
        from = 0;
        to = chunk.length;
        return;
      }
      if (held.length - to < chunk.length) grow(chunk.length);
      chunk.copy(held, to);
      to += chunk.length;
    },
    take: () => {
      if (to - from < prefixBytes) return undefined;
      const flag = held[from] as number;
      const length = held.readUInt32BE(from + 1);
      const fault = faultOf(flag, length);
      if (fault !== undefined) throw fault;
      const start = from + prefixBytes;
      const end = start + length;
      if (to < end) return undefined;
      const bytes = detached(held, start, end);
      from = end;
      if (from === to) release();
      return { compressed: flag === 1, bytes };
    },
    get heldBytes() {
      return to - from;
    },
  };
};

const faultOf = (flag: number, length: number): MicroError | undefined => {
  if (flag > 1)
    return internal(serverErrorId, `a message starts with ${flag}, which is neither plain (0) nor compressed (1)`);
  if (length <= messageBytesMax) return undefined;
  return tooMany(serverErrorId, `request of ${length} bytes is over messageBytesMax (${messageBytesMax})`);
};

/** A small message is copied out of what it came in: a handler that keeps it must not keep a whole read of the socket. */
const detached = (held: Buffer, start: number, end: number): Buffer => {
  const bytes = held.subarray(start, end);
  return 2 * bytes.length < held.buffer.byteLength ? Buffer.from(bytes) : bytes;
};
