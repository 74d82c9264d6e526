/** String literals (RFC 7541 section 5.2): a length, a flag for Huffman code, the bytes. Texts are latin1: one character a byte. */

import { errorCode, H2Error } from '../error.ts';
import { decodedBytesMax, huffmanDecode } from './huffman.ts';
import type { Cursor } from './integer.ts';
import { integerBytesMax, readInteger, truncated, writeInteger } from './integer.ts';

declare global {
  interface Buffer {
    /** What toString('latin1', start, end) calls after looking at its arguments, which costs as much again for short texts. */
    latin1Slice(start: number, end: number): string;
  }
}

/** Room for most decoded strings; used within one call only. Longer ones get room of their own. */
const scratch = Buffer.allocUnsafeSlow(4096);

/** Reads the literal at the cursor. A length is believed only when its bytes are there, so it never decides about memory by itself. */
export const readString = (cursor: Cursor): string => {
  const bytes = cursor.bytes;
  const huffman = bytes[cursor.at]! >= 0x80;
  const length = readInteger(cursor, 7);
  const start = cursor.at;
  const end = start + length;
  if (end > bytes.length) throw truncated();
  cursor.at = end;
  if (length === 0) return '';
  if (!huffman) return bytes.latin1Slice(start, end);
  const most = decodedBytesMax(length);
  const out = most <= scratch.length ? scratch : Buffer.allocUnsafeSlow(most);
  return out.latin1Slice(0, huffmanDecode(bytes, start, end, out));
};

/** Bytes that writeString needs at most. */
export const stringBytesMax = (text: string): number => integerBytesMax + text.length;

/** Writes the literal without Huffman code; answers where the next byte goes. A character above U+00FF is the caller's mistake and is refused: cut to a byte it could become a separator. */
export const writeString = (out: Uint8Array, at: number, text: string): number => {
  const length = text.length;
  const start = writeInteger(out, at, { flags: 0, prefixBits: 7, value: length });
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw new H2Error(errorCode.internalError, 'header field: a character above U+00FF');
    out[start + i] = code;
  }
  return start + length;
};
