/**
 * Plain values -> protobuf bytes by a message layout, with no code made at run time: for schemas of other people's services. Values are those
 * that readJson gives: absent fields are unset, 64-bit integers are bigint, enums names or numbers. Zero values are left out where proto3 does.
 */

import { badRequest } from '../contract/error.ts';
import { messageBytesMax } from '../contract/limits.ts';
import { type FieldData, fieldsOf, type SchemaData } from './schema-data.ts';

/** The message as bytes. Throws badRequest when it is over messageBytesMax. */
export const writeWire = (schema: SchemaData, message: string, value: unknown): Uint8Array => {
  const bytes = Buffer.concat(messageParts(schema, message, value as Plain));
  if (bytes.length > messageBytesMax)
    throw badRequest('codec', `${message} is over messageBytesMax (${messageBytesMax})`);
  return bytes;
};

/** Wire types (protobuf's encoding guide). */
export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** The wire type of one value of a field. */
export const wireTypeOf = (type: string): number => {
  switch (type) {
    case 'double':
    case 'fixed64':
    case 'sfixed64':
      return wireTypes.fixed64;
    case 'float':
    case 'fixed32':
    case 'sfixed32':
      return wireTypes.fixed32;
    case 'string':
    case 'bytes':
    case 'message':
      return wireTypes.bytes;
    default:
      return wireTypes.varint;
  }
};

/** The value of a map entry is field 2, its key field 1, whatever the map's own number is. */
export const entryFields = (map: FieldData): { readonly key: FieldData; readonly value: FieldData } => ({
  key: { id: 1, name: 'key', type: map.key ?? 'string' },
  value: { ...map, id: 2, name: 'value', key: undefined, repeated: undefined },
});

type Plain = Readonly<Record<string, unknown>>;
type Parts = Uint8Array[];

const messageParts = (schema: SchemaData, message: string, value: Plain): Parts => {
  const parts: Parts = [];
  for (const field of fieldsOf(schema, message)) {
    const item = Object.hasOwn(value, field.name) ? value[field.name] : undefined;
    if (item === undefined || item === null) continue;
    if (field.key !== undefined) writeMap(parts, schema, field, item as Plain);
    else if (field.repeated) writeList(parts, schema, field, item as readonly unknown[]);
    else if (field.optional || !isZero(schema, field, item)) writeField(parts, schema, field, item);
  }
  return parts;
};

const isZero = (schema: SchemaData, field: FieldData, item: unknown): boolean => {
  if (field.type === 'message') return false;
  if (field.type === 'enum') return enumNumber(schema, field, item) === 0;
  return item instanceof Uint8Array ? item.length === 0 : !item && !Object.is(item, -0);
};

const writeField = (parts: Parts, schema: SchemaData, field: FieldData, item: unknown): void => {
  parts.push(tag(field.id, wireTypeOf(field.type)), ...valueParts(schema, field, item));
};

/** Numbers are packed; every reader must take both forms. */
const writeList = (parts: Parts, schema: SchemaData, field: FieldData, items: readonly unknown[]): void => {
  if (wireTypeOf(field.type) === wireTypes.bytes) {
    for (const item of items) writeField(parts, schema, field, item);
  } else if (items.length > 0) {
    parts.push(tag(field.id, wireTypes.bytes), ...block(items.flatMap((item) => valueParts(schema, field, item))));
  }
};

const writeMap = (parts: Parts, schema: SchemaData, field: FieldData, map: Plain): void => {
  const { key, value } = entryFields(field);
  for (const [text, item] of Object.entries(map)) {
    const entry: Parts = [];
    writeField(entry, schema, key, keyOf(key, text));
    writeField(entry, schema, value, item);
    parts.push(tag(field.id, wireTypes.bytes), ...block(entry));
  }
};

/** JSON has texts as keys of every map. */
const keyOf = ({ type }: FieldData, text: string): unknown => {
  if (type === 'string') return text;
  if (type === 'bool') {
    if (text === 'true' || text === 'false') return text === 'true';
    throw badRequest('codec', `map key ${JSON.stringify(text)} is neither true nor false`);
  }
  if (!/^-?\d{1,20}$/.test(text)) throw badRequest('codec', `map key ${JSON.stringify(text)} is no whole number`);
  return BigInt(text);
};

const block = (parts: Parts): Parts => [varint(BigInt(parts.reduce((sum, p) => sum + p.length, 0))), ...parts];

const tag = (id: number, wireType: number): Uint8Array => varint(BigInt(id) * 8n + BigInt(wireType));

const valueParts = (schema: SchemaData, field: FieldData, item: unknown): Parts => {
  switch (field.type) {
    case 'message':
      return block(messageParts(schema, field.of ?? '', item as Plain));
    case 'string':
      return block([Buffer.from(item as string)]);
    case 'bytes':
      return block([item as Uint8Array]);
    case 'bool':
      return [varint(item ? 1n : 0n)];
    case 'enum':
      return [varint(BigInt(enumNumber(schema, field, item)))];
    case 'double':
      return [fixed(8, (b) => b.writeDoubleLE(Number(item)))];
    case 'float':
      return [fixed(4, (b) => b.writeFloatLE(Number(item)))];
    case 'fixed32':
    case 'sfixed32':
      return [fixed(4, (b) => b.writeUInt32LE(Number(BigInt.asUintN(32, BigInt(item as number)))))];
    case 'fixed64':
    case 'sfixed64':
      return [fixed(8, (b) => b.writeBigUInt64LE(BigInt.asUintN(64, BigInt(item as bigint))))];
    case 'sint32':
    case 'sint64': {
      const value = BigInt(item as bigint);
      return [varint(value < 0n ? -value * 2n - 1n : value * 2n)];
    }
    default:
      return [varint(BigInt(item as bigint))];
  }
};

const enumNumber = (schema: SchemaData, field: FieldData, item: unknown): number => {
  if (typeof item === 'number') return item;
  const values = schema.enums[field.of ?? ''] ?? {};
  return Object.hasOwn(values, String(item)) ? (values[String(item)] ?? 0) : 0;
};

const fixed = (size: number, write: (b: Buffer) => void): Uint8Array => {
  const bytes = Buffer.alloc(size);
  write(bytes);
  return bytes;
};

/** Negative numbers take ten bytes. */
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
