/** Integers with an N-bit prefix (RFC 7541 section 5.1), read and written; bounded to 32 bits, far above any length or index that is valid here. */

import { errorCode, H2Error } from '../error.ts';

/** Where a reader stands in the bytes of one header block. */
export interface Cursor {
  readonly bytes: Buffer;
  at: number;
}

/** Continuation bytes of the longest integer taken: 5 x 7 bits. */
const continuationMax = 5;

/** Reads the integer whose first byte the cursor is at and moves behind it. Longer encodings and values above 2^32 - 1 are faults. */
export const readInteger = (cursor: Cursor, prefixBits: number): number => {
  const mask = (1 << prefixBits) - 1;
  const first = cursor.bytes[cursor.at];
  if (first === undefined) throw truncated();
  cursor.at += 1;
  const prefix = first & mask;
  return prefix < mask ? prefix : readContinuation(cursor, mask);
};

const readContinuation = (cursor: Cursor, prefix: number): number => {
  let value = prefix;
  let weight = 1;
  for (let i = 0; i < continuationMax; i++) {
    const byte = cursor.bytes[cursor.at];
    if (byte === undefined) throw truncated();
    cursor.at += 1;
    // Multiplied, not shifted: 35 bits do not fit into a 32-bit operation.
    value += (byte & 0x7f) * weight;
    if (byte < 0x80) {
      if (value > 0xffff_ffff) break;
      return value;
    }
    weight *= 128;
  }
  throw new H2Error(errorCode.compressionError, 'header block: an integer above 32 bits');
};

/** The fault of a block that ends inside a representation. */
export const truncated = (): H2Error =>
  new H2Error(errorCode.compressionError, 'header block: ends in the middle of a field');

/** Writes `value` at `at`, its first byte marked with the bits of `flags`; answers where the next byte goes. */
export const writeInteger = (
  out: Uint8Array,
  at: number,
  { flags, prefixBits, value }: { flags: number; prefixBits: number; value: number },
): number => {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) {
    out[at] = flags | value;
    return at + 1;
  }
  out[at] = flags | mask;
  let rest = value - mask;
  let next = at + 1;
  while (rest >= 0x80) {
    out[next++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  out[next] = rest;
  return next + 1;
};

/** Bytes that writeInteger needs at most for a length or an index. */
export const integerBytesMax = 1 + continuationMax;
