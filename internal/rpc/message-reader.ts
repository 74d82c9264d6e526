/** gRPC's message framing (a flag, four bytes of length, the message), out of pieces that are cut anywhere. Holds what has not been taken; owns no flow control. */

import { internal, type MicroError, microError, tooMany } from '../contract/error.ts';
import { messageBytesMax } from '../contract/limits.ts';
import { clientErrorId, serverErrorId } from './status.ts';

/** Flag and length in front of each message. */
export const prefixBytes = 5;

const none = Buffer.alloc(0);
/** Room is made for a whole message up to this size; a larger one is believed as far as it has come. */
const believedBytesMax = 1_024 * 1_024;
const smallRoomBytes = 256;

/** What messages are part of: faults are worded for who reads them. */
export type MessageKind = 'request' | 'response';

export class MessageReader {
  readonly #kind: MessageKind;
  /** Whether the message that was taken last is compressed. */
  takenCompressed = false;
  // One buffer, not a list of pieces: a peer that sends single bytes would make each of them an object.
  #held: Buffer = none;
  #from = 0;
  #to = 0;

  constructor(kind: MessageKind) {
    this.#kind = kind;
  }

  /** Bytes that are held. */
  get heldBytes(): number {
    return this.#to - this.#from;
  }

  /** Adds bytes as they come. */
  push(chunk: Buffer): void {
    // Most messages come in one piece, which is taken before the next one comes.
    if (this.#to === this.#from) {
      this.#held = chunk;
      this.#from = 0;
      this.#to = chunk.length;
      return;
    }
    if (this.#held.length - this.#to < chunk.length) this.#grow(chunk.length);
    chunk.copy(this.#held, this.#to);
    this.#to += chunk.length;
  }

  /** The next whole message; undefined while it is not complete. Throws a MicroError as soon as its prefix shows that it must not come. */
  take(): Buffer | undefined {
    if (this.#to - this.#from < prefixBytes) return undefined;
    const flag = this.#held[this.#from] as number;
    const length = this.#held.readUInt32BE(this.#from + 1);
    const fault = faultOf(this.#kind, flag, length);
    if (fault !== undefined) throw fault;
    const start = this.#from + prefixBytes;
    const end = start + length;
    if (this.#to < end) return undefined;
    const message = detached(this.#held, start, end);
    this.takenCompressed = flag === 1;
    this.#from = end;
    if (this.#from === this.#to) this.#held = none;
    return message;
  }

  /** Forgets what is held. */
  drop(): void {
    this.#held = none;
    this.#from = 0;
    this.#to = 0;
  }

  #grow(bytes: number): void {
    const used = this.heldBytes;
    const announced = used >= prefixBytes ? prefixBytes + this.#held.readUInt32BE(this.#from + 1) : 0;
    const doubled = Math.max(2 * used, believedBytesMax);
    const larger = Buffer.allocUnsafe(Math.max(used + bytes, Math.min(announced, doubled), smallRoomBytes));
    this.#held.copy(larger, 0, this.#from, this.#to);
    this.#held = larger;
    this.#from = 0;
    this.#to = used;
  }
}

const faultOf = (kind: MessageKind, flag: number, length: number): MicroError | undefined => {
  const id = kind === 'request' ? serverErrorId : clientErrorId;
  if (flag > 1) return internal(id, `a message starts with ${flag}, which is neither plain (0) nor compressed (1)`);
  if (length <= messageBytesMax) return undefined;
  const text = `${kind} of ${length} bytes is over messageBytesMax (${messageBytesMax})`;
  return kind === 'request' ? tooMany(id, text) : microError(413, id, text);
};

/** A small message is copied out of what it came in: a handler that keeps it must not keep a whole read of the socket. */
const detached = (held: Buffer, start: number, end: number): Buffer => {
  const bytes = held.subarray(start, end);
  return 2 * bytes.length < held.buffer.byteLength ? Buffer.from(bytes) : bytes;
};
