/** Huffman coding of strings (RFC 7541 section 5.2). Decoding walks tables of 256 entries, one for each whole byte of prefix, so most symbols cost one look-up; the padding is checked to the bit. */

import { errorCode, H2Error } from '../error.ts';
import { codeLengths, codes, eos } from './huffman-code.ts';

/** An entry holds a symbol (bits 0-8) and the bits it takes (from bit 9), or with `link` set the offset of the next table, or `hole`. */
const link = 1 << 20;
const hole = 1 << 21;
const symbolMask = 0x1ff;
const lengthShift = 9;

const tables = buildTables();

function buildTables(): Int32Array {
  const made: number[] = new Array(256).fill(hole);
  for (let symbol = 0; symbol <= eos; symbol++) {
    const code = codes[symbol]!;
    let bits = codeLengths[symbol]!;
    let table = 0;
    for (; bits > 8; bits -= 8) {
      const at = table + ((code >>> (bits - 8)) & 0xff);
      if (made[at] === hole) {
        made[at] = link | made.length;
        for (let i = 0; i < 256; i++) made.push(hole);
      }
      table = made[at]! & (link - 1);
    }
    const first = table + ((code << (8 - bits)) & 0xff);
    // Every byte that begins with the code's last bits leads to the symbol.
    made.fill((bits << lengthShift) | symbol, first, first + (1 << (8 - bits)));
  }
  return Int32Array.from(made);
}

/** Bytes that decoding `bytes` of Huffman code fills at most: the shortest code has 5 bits. */
export const decodedBytesMax = (bytes: number): number => Math.ceil((bytes * 8) / 5);

/** Decodes bytes[start, end) into `out`, which has room for decodedBytesMax, and answers how many bytes that made. */
export const huffmanDecode = (bytes: Uint8Array, start: number, end: number, out: Uint8Array): number => {
  let made = 0;
  /** Bits that wait, right-aligned in `held`; what stands above them is spent. */
  let held = 0;
  let count = 0;
  let table = 0;
  for (let at = start; at < end; at++) {
    held = (held << 8) | bytes[at]!;
    count += 8;
    while (count >= 8) {
      const entry = tables[table + ((held >>> (count - 8)) & 0xff)]!;
      if (entry < link) {
        const symbol = entry & symbolMask;
        if (symbol === eos) throw fault('EOS inside a string');
        out[made++] = symbol;
        count -= entry >>> lengthShift;
        table = 0;
      } else {
        table = entry & (link - 1);
        count -= 8;
      }
    }
  }
  return finish({ held, count, table, made, out });
};

/** The last, less than eight bits: symbols that fit into them, then padding, which is the first bits of EOS and shorter than a byte. */
const finish = (o: { held: number; count: number; table: number; made: number; out: Uint8Array }): number => {
  let { count, table, made } = o;
  while (count > 0) {
    const entry = tables[table + ((o.held << (8 - count)) & 0xff)]!;
    if (entry >= link || entry >>> lengthShift > count) break;
    const symbol = entry & symbolMask;
    if (symbol === eos) throw fault('EOS inside a string');
    o.out[made++] = symbol;
    count -= entry >>> lengthShift;
    table = 0;
  }
  // Inside a later table a whole byte of the unfinished code is spent already.
  if (table !== 0) throw fault('padding of a byte or more');
  const padding = (1 << count) - 1;
  if ((o.held & padding) !== padding) throw fault('padding that is not the start of EOS');
  return made;
};

const fault = (what: string): H2Error => new H2Error(errorCode.compressionError, `header block: Huffman code: ${what}`);

/** Bytes that `text`, one character a byte, takes when encoded. */
export const huffmanBytes = (text: string): number => {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += codeLengths[text.charCodeAt(i) & 0xff]!;
  return Math.ceil(bits / 8);
};

/** Encodes `text`, one character a byte, into `out` from `at`; answers where the next byte goes. */
export const huffmanEncode = (text: string, out: Uint8Array, at: number): number => {
  let next = at;
  let held = 0;
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i) & 0xff;
    // Up to 7 bits wait and up to 30 come: more than a 32-bit operation holds, so a long code comes in two parts.
    for (let left = codeLengths[symbol]!; left > 0; ) {
      const part = Math.min(left, 16);
      left -= part;
      held = (held << part) | ((codes[symbol]! >>> left) & ((1 << part) - 1));
      count += part;
      for (; count >= 8; count -= 8) out[next++] = held >>> (count - 8);
      held &= (1 << count) - 1;
    }
  }
  if (count > 0) out[next++] = (held << (8 - count)) | ((1 << (8 - count)) - 1);
  return next;
};
