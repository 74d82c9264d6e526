/** Flat messages as protobuf bytes and back, without any code made at run time. Fields are numbered from 1 in the order of their table; unknown ones are passed over. */

import type { FieldSpec, FieldSpecs } from '../internal/contract/field.ts';

type Plain = Readonly<Record<string, unknown>>;

const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
/** A varint of 64 bits. */
const varintBytesMax = 10;

const wireTypeOf = (spec: FieldSpec): number => {
  switch (spec.type) {
    case 'string':
    case 'bytes':
      return wireTypes.bytes;
    case 'double':
      return wireTypes.fixed64;
    default:
      return wireTypes.varint;
  }
};

/** Zero values are left out, as proto3 does. */
export const writeMessage = (specs: FieldSpecs, value: Plain): Uint8Array => {
  const parts: Uint8Array[] = [];
  for (const [at, [name, spec]] of Object.entries(specs).entries()) {
    const items = spec.list ? (value[name] as readonly unknown[]) : [value[name]];
    for (const item of items) {
      if (!spec.list && isZero(item)) continue;
      parts.push(varint(BigInt(((at + 1) << 3) | wireTypeOf(spec))), ...scalar(spec, item));
    }
  }
  return new Uint8Array(Buffer.concat(parts));
};

const isZero = (item: unknown): boolean =>
  item instanceof Uint8Array ? item.length === 0 : !item && !Object.is(item, -0);

const scalar = (spec: FieldSpec, item: unknown): readonly Uint8Array[] => {
  switch (spec.type) {
    case 'string':
    case 'bytes': {
      const bytes = typeof item === 'string' ? Buffer.from(item) : (item as Uint8Array);
      return [varint(BigInt(bytes.length)), bytes];
    }
    case 'double': {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(item as number);
      return [bytes];
    }
    case 'bool':
      return [varint(item ? 1n : 0n)];
    default:
      return [varint(BigInt(item as number | bigint))];
  }
};

/** Negative numbers take ten bytes, as protobuf has it. */
const varint = (value: bigint): Uint8Array => {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, value);
  while (left > 0x7fn) {
    bytes.push(Number(left & 0x7fn) | 0x80);
    left >>= 7n;
  }
  bytes.push(Number(left));
  return Uint8Array.from(bytes);
};

/** Only the fields that are in the bytes. Throws an Error for bytes that are no message of this table. */
export const readMessage = (specs: FieldSpecs, bytes: Uint8Array): Record<string, unknown> => {
  const value: Record<string, unknown> = Object.create(null);
  const entries = Object.entries(specs);
  const reader = openReader(bytes);
  while (!reader.ended()) {
    const tag = Number(reader.varint());
    const entry = entries[Math.floor(tag / 8) - 1];
    const wire = tag % 8;
    if (entry === undefined) reader.skip(wire);
    else if (entry[1].list && wire === wireTypes.bytes && wireTypeOf(entry[1]) !== wireTypes.bytes) {
      const packed = openReader(reader.bytes());
      while (!packed.ended()) add(value, entry, read(entry[1], packed));
    } else if (wire !== wireTypeOf(entry[1])) throw new Error(`field ${entry[0]} is of another type`);
    else add(value, entry, read(entry[1], reader));
  }
  return value;
};

const add = (value: Record<string, unknown>, [name, spec]: readonly [string, FieldSpec], item: unknown): void => {
  if (!spec.list) value[name] = item;
  else if (Array.isArray(value[name])) value[name].push(item);
  else value[name] = [item];
};

interface Reader {
  ended(): boolean;
  varint(): bigint;
  bytes(): Uint8Array;
  double(): number;
  skip(wire: number): void;
}

const read = (spec: FieldSpec, reader: Reader): unknown => {
  switch (spec.type) {
    case 'string':
      return new TextDecoder('utf-8', { fatal: true }).decode(reader.bytes());
    case 'bytes':
      return reader.bytes();
    case 'double':
      return reader.double();
    case 'bool':
      return reader.varint() !== 0n;
    case 'int64':
      return BigInt.asIntN(64, reader.varint());
    case 'uint64':
      return reader.varint();
    case 'uint32':
      return Number(BigInt.asUintN(32, reader.varint()));
    default:
      return Number(BigInt.asIntN(32, reader.varint()));
  }
};

const openReader = (bytes: Uint8Array): Reader => {
  let at = 0;
  const take = (count: number): Uint8Array => {
    if (count > bytes.length - at) throw new Error('the message is cut off');
    at += count;
    return bytes.slice(at - count, at);
  };
  const varint = (): bigint => {
    let value = 0n;
    for (let i = 0; i < varintBytesMax; i += 1) {
      const [byte = 0] = take(1);
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new Error('a number is too long');
  };
  return {
    ended: () => at >= bytes.length,
    varint,
    bytes: () => take(Number(varint())),
    double: () => Buffer.from(take(8)).readDoubleLE(),
    skip: (wire) => {
      if (wire === wireTypes.varint) varint();
      else if (wire === wireTypes.fixed64) take(8);
      else if (wire === wireTypes.fixed32) take(4);
      else if (wire === wireTypes.bytes) take(Number(varint()));
      else throw new Error(`unknown wire type ${wire}`);
    },
  };
};
