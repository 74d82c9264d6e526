/** HPACK once more, as plainly as RFC 7541 puts it and as slowly: Huffman code bit by bit, the dynamic table a list. What tests compare internal/h2/hpack with; shares only the two tables of the RFC with it. */

import { codeLengths, codes } from '../../internal/h2/hpack/huffman-code.ts';
import { staticTable } from '../../internal/h2/hpack/static-table.ts';

type Field = readonly [name: string, value: string];

/** For each length of a code: the code -> its symbol. */
const symbols: readonly ReadonlyMap<number, number>[] = Array.from(
  { length: 31 },
  (_, length) => new Map(codes.flatMap((code, symbol) => (codeLengths[symbol] === length ? [[code, symbol]] : []))),
);

/** Section 5.2; throws what is wrong with the padding. */
export const plainHuffmanDecode = (bytes: Uint8Array): string => {
  let text = '';
  let code = 0;
  let length = 0;
  for (const byte of bytes)
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1);
      length += 1;
      const symbol = symbols[length]!.get(code);
      if (symbol === 256) throw new Error('EOS');
      if (symbol === undefined) continue;
      text += String.fromCharCode(symbol);
      code = 0;
      length = 0;
    }
  if (length > 7 || code !== 2 ** length - 1) throw new Error('padding');
  return text;
};

export interface PlainDecoder {
  /** The whole list; throws an Error for a fault. */
  decode(block: Uint8Array): readonly Field[];
  setTableLimit(bytes: number): void;
}

/** The decoder of one connection, with the same rule on owed size updates as the engine's. */
export const createPlainDecoder = (tableBytes: number): PlainDecoder => {
  let table: Field[] = [];
  let sizeMax = tableBytes;
  let limit = tableBytes;
  let owed: number | undefined;

  const sizeOf = (all: readonly Field[]): number =>
    all.reduce((n, [name, value]) => n + name.length + value.length + 32, 0);
  const evict = (): void => {
    while (sizeOf(table) > sizeMax) table.pop();
  };
  const at = (index: number): Field => {
    const field = index === 0 ? undefined : [...staticTable, ...table][index - 1];
    if (field === undefined) throw new Error('index');
    return field;
  };

  const decode = (block: Uint8Array): readonly Field[] => {
    let next = 0;
    const byte = (): number => {
      if (next >= block.length) throw new Error('truncated');
      return block[next++]!;
    };
    const integer = (first: number, bits: number): number => {
      const mask = 2 ** bits - 1;
      let value = first & mask;
      if (value < mask) return value;
      for (let i = 0; i < 5; i++) {
        const more = byte();
        value += (more & 127) * 128 ** i;
        if (value > 2 ** 32 - 1) throw new Error('integer');
        if (more < 128) return value;
      }
      throw new Error('integer');
    };
    const string = (): string => {
      const first = byte();
      const length = integer(first, 7);
      if (next + length > block.length) throw new Error('truncated');
      next += length;
      const bytes = block.subarray(next - length, next);
      return first >= 128 ? plainHuffmanDecode(bytes) : Buffer.from(bytes).toString('latin1');
    };
    const literal = (first: number, bits: number): Field => {
      const index = integer(first, bits);
      return [index === 0 ? string() : at(index)[0], string()];
    };

    const fields: Field[] = [];
    while (next < block.length) {
      const first = byte();
      const isUpdate = first >= 32 && first < 64;
      if (fields.length === 0 && owed !== undefined && !isUpdate) throw new Error('update owed');
      if (first >= 128) fields.push(at(integer(first, 7)));
      else if (first >= 64) {
        const field = literal(first, 6);
        fields.push(field);
        table = [field, ...table];
        evict();
      } else if (isUpdate) {
        const size = integer(first, 5);
        if (fields.length > 0 || size > limit || size > (owed ?? limit)) throw new Error('update');
        owed = undefined;
        sizeMax = size;
        evict();
      } else fields.push(literal(first, 4));
    }
    if (owed !== undefined) throw new Error('update owed');
    return fields;
  };

  return {
    decode,
    setTableLimit: (bytes) => {
      if (sizeOf(table) > bytes) owed = Math.min(bytes, owed ?? bytes);
      limit = bytes;
      sizeMax = Math.min(sizeMax, bytes);
      evict();
    },
  };
};
