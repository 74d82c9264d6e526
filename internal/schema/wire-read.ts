/**
 * Protobuf bytes -> plain values by a message layout, with no code made at run time: for schemas of other people's services. Every field is
 * there, as writeJson wants it: zero values, unset messages as null. Unknown fields are passed over. Bounded by messageDepthMax and, before it, by item-bounds.ts.
 */

import { badRequest } from '../contract/error.ts';
import { messageDepthMax } from '../contract/limits.ts';
import { type FieldData, fieldsOf, type SchemaData } from './schema-data.ts';
import { entryFields, wireTypeOf, wireTypes } from './wire-write.ts';

/** The message as a value. Throws badRequest for bytes that are none. */
export const readWire = (schema: SchemaData, message: string, bytes: Uint8Array): Record<string, unknown> =>
  readMessage({ schema, message }, message, openReader(bytes, message), 0);

interface Reading {
  readonly schema: SchemaData;
  /** The outermost message, for errors. */
  readonly message: string;
}

type Plain = Record<string, unknown>;

const readMessage = (r: Reading, message: string, reader: Reader, depth: number): Plain => {
  if (depth > messageDepthMax) throw bad(r.message, `nested deeper than ${messageDepthMax} messages (messageDepthMax)`);
  const fields = fieldsOf(r.schema, message);
  const value: Plain = Object.create(null);
  for (const field of fields) value[field.name] = emptyOf(r.schema, field);
  while (!reader.ended()) {
    const tag = Number(reader.varint());
    const wireType = tag % 8;
    const id = Math.floor(tag / 8);
    const field = fields.find((f) => f.id === id);
    if (id === 0) throw bad(r.message, 'field number 0');
    if (field === undefined || !readField({ ...r, field, reader, depth }, value, wireType)) reader.skip(wireType, id);
  }
  return value;
};

interface FieldReading extends Reading {
  readonly field: FieldData;
  readonly reader: Reader;
  readonly depth: number;
}

/** False when the bytes are of another type than the field, which is then treated as unknown. */
const readField = (r: FieldReading, value: Plain, wireType: number): boolean => {
  const { field, reader } = r;
  if (field.key !== undefined) {
    if (wireType !== wireTypes.bytes) return false;
    readEntry(r, value[field.name] as Plain);
    return true;
  }
  const own = wireTypeOf(field.type);
  if (field.repeated && wireType === wireTypes.bytes && own !== wireTypes.bytes) {
    const packed = openReader(reader.bytes(), r.message);
    while (!packed.ended()) (value[field.name] as unknown[]).push(readOne(r, field, packed));
    return true;
  }
  if (wireType !== own) return false;
  const item = readOne(r, field, reader);
  if (field.repeated) (value[field.name] as unknown[]).push(item);
  else value[field.name] = item;
  return true;
};

const readEntry = (r: FieldReading, map: Plain): void => {
  const fields = entryFields(r.field);
  const entry = openReader(r.reader.bytes(), r.message);
  let key: unknown = emptyOf(r.schema, fields.key);
  let item: unknown = fields.value.type === 'message' ? undefined : emptyOf(r.schema, fields.value);
  while (!entry.ended()) {
    const tag = Number(entry.varint());
    const [id, wireType] = [Math.floor(tag / 8), tag % 8];
    if (id === 1 && wireType === wireTypeOf(fields.key.type)) key = readOne(r, fields.key, entry);
    else if (id === 2 && wireType === wireTypeOf(fields.value.type)) item = readOne(r, fields.value, entry);
    else entry.skip(wireType, id);
  }
  map[String(key)] =
    item ?? readMessage(r, fields.value.of ?? '', openReader(new Uint8Array(), r.message), r.depth + 1);
};

const emptyOf = (schema: SchemaData, field: FieldData): unknown => {
  if (field.key !== undefined) return Object.create(null);
  if (field.repeated) return [];
  if (field.type === 'message' || field.optional) return null;
  switch (field.type) {
    case 'enum':
      return enumName(schema, field, 0);
    case 'string':
      return '';
    case 'bytes':
      return new Uint8Array();
    case 'bool':
      return false;
    default:
      return field.type.endsWith('64') ? 0n : 0;
  }
};

const readOne = (r: FieldReading, field: FieldData, reader: Reader): unknown => {
  switch (field.type) {
    case 'message':
      return readMessage(r, field.of ?? '', openReader(reader.bytes(), r.message), r.depth + 1);
    case 'string':
      return textOf(reader.bytes(), r.message, field.name);
    case 'bytes':
      return reader.bytes();
    case 'bool':
      return reader.varint() !== 0n;
    case 'enum':
      return enumName(r.schema, field, Number(BigInt.asIntN(32, reader.varint())));
    case 'double':
      return reader.fixed(8).readDoubleLE();
    case 'float':
      return reader.fixed(4).readFloatLE();
    case 'fixed32':
      return reader.fixed(4).readUInt32LE();
    case 'sfixed32':
      return reader.fixed(4).readInt32LE();
    case 'fixed64':
      return reader.fixed(8).readBigUInt64LE();
    case 'sfixed64':
      return reader.fixed(8).readBigInt64LE();
    default:
      return integer(field.type, reader.varint());
  }
};

const integer = (type: string, value: bigint): number | bigint => {
  switch (type) {
    case 'uint64':
      return value;
    case 'int64':
      return BigInt.asIntN(64, value);
    case 'uint32':
      return Number(BigInt.asUintN(32, value));
    case 'sint32':
      return Number(BigInt.asIntN(32, unzigzag(value)));
    case 'sint64':
      return BigInt.asIntN(64, unzigzag(value));
    default:
      return Number(BigInt.asIntN(32, value));
  }
};

const unzigzag = (value: bigint): bigint => (value & 1n ? -(value >> 1n) - 1n : value >> 1n);

/** The first name of the number; a number without one stays a number. */
const enumName = (schema: SchemaData, field: FieldData, number: number): string | number => {
  for (const [name, value] of Object.entries(schema.enums[field.of ?? ''] ?? {})) if (value === number) return name;
  return number;
};

const textOf = (bytes: Uint8Array, message: string, field: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw badRequest('codec', `cannot decode ${message}: ${field} is not UTF-8`, { cause });
  }
};

/** Reads the elements of the wire format one after the other; throws badRequest where they end too early or make no sense. */
export interface Reader {
  ended(): boolean;
  /** How many bytes were read. */
  at(): number;
  varint(): bigint;
  bytes(): Uint8Array;
  fixed(size: number): Buffer;
  skip(wireType: number, id: number): void;
}

/** A varint of 64 bits. */
const varintBytesMax = 10;
/** Groups in groups, which only old schemas have. */
const groupDepthMax = 32;

export const openReader = (given: Uint8Array, message: string): Reader => {
  const all = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  let at = 0;
  const fixed = (size: number): Buffer => {
    if (size > all.length - at) throw bad(message, 'the bytes end too early');
    at += size;
    return all.subarray(at - size, at);
  };
  const varint = (): bigint => {
    const first = all[at] ?? 0x80;
    if (first < 0x80) {
      at += 1;
      return BigInt(first);
    }
    let value = 0n;
    for (let i = 0; i < varintBytesMax; i += 1) {
      const byte = fixed(1)[0] ?? 0;
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw bad(message, 'a number has more than ten bytes');
  };
  const bytes = (): Buffer => {
    const length = varint();
    if (length > BigInt(all.length - at)) throw bad(message, 'the bytes end too early');
    return fixed(Number(length));
  };
  const skip = (wireType: number, id: number, depth = 0): void => {
    switch (wireType) {
      case wireTypes.varint:
        varint();
        return;
      case wireTypes.fixed64:
        fixed(8);
        return;
      case wireTypes.fixed32:
        fixed(4);
        return;
      case wireTypes.bytes:
        bytes();
        return;
      case 3:
        if (depth > groupDepthMax) throw bad(message, 'groups are nested too deep');
        for (;;) {
          const tag = Number(varint());
          if (tag % 8 === 4) return;
          skip(tag % 8, Math.floor(tag / 8), depth + 1);
        }
      default:
        throw bad(message, `field ${id} has wire type ${wireType}`);
    }
  };
  return { ended: () => at >= all.length, at: () => at, varint, bytes, fixed, skip };
};

const bad = (message: string, why: string): Error => badRequest('codec', `cannot decode ${message}: ${why}`);
