/**
 * Writes plain values as protobuf JSON the way Go servers do: proto field names in declaration order, zero values included, 64-bit
 * integers as text, bytes as base64, unset messages as null, map keys sorted, no escaping beyond JSON's own (wire.md 2.2).
 */

import { type FieldData, fieldsOf, type SchemaData } from './schema-data.ts';
import { isWrapper, jsonFormOf } from './well-known.ts';

/** The message as compact JSON text. The value is one that a codec decoded: complete and of the right types. */
export const writeJson = (schema: SchemaData, message: string, value: unknown): string => {
  const given = value as Readonly<Record<string, unknown>>;
  const form = jsonFormOf(message, given);
  if (form !== undefined) return JSON.stringify(form);
  const fields = fieldsOf(schema, message);
  if (isWrapper(message)) return writeOne(schema, fields[0]!, given.value);
  const parts: string[] = [];
  for (const field of fields) {
    const item = given[field.name];
    if (field.optional && (item === undefined || item === null)) continue;
    parts.push(`${JSON.stringify(field.name)}:${writeField(schema, field, item)}`);
  }
  return `{${parts.join(',')}}`;
};

const writeField = (schema: SchemaData, field: FieldData, value: unknown): string => {
  if (field.key !== undefined) {
    const entries = Object.entries(value as Record<string, unknown>).sort(byKey(field.key));
    return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${writeOne(schema, field, v)}`).join(',')}}`;
  }
  if (field.repeated) return `[${(value as readonly unknown[]).map((v) => writeOne(schema, field, v)).join(',')}]`;
  return writeOne(schema, field, value);
};

/** Numbers by value, text by its characters. */
const byKey =
  (type: string) =>
  ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => {
    if (type === 'string' || type === 'bool') return a < b ? -1 : 1;
    return BigInt(a) < BigInt(b) ? -1 : 1;
  };

const writeOne = (schema: SchemaData, field: FieldData, value: unknown): string => {
  switch (field.type) {
    case 'message':
      return value === null ? 'null' : writeJson(schema, field.of!, value);
    case 'enum':
    case 'string':
      // An enum number without a name stays a number.
      return JSON.stringify(value);
    case 'bytes':
      return JSON.stringify(Buffer.from(value as Uint8Array).toString('base64'));
    case 'float':
      return writeNumber(Number.isFinite(value) ? shortFloat(value as number) : (value as number));
    case 'double':
      return writeNumber(value as number);
    case 'int64':
    case 'uint64':
    case 'sint64':
    case 'fixed64':
    case 'sfixed64':
      return `"${String(value)}"`;
    default:
      return String(value);
  }
};

const writeNumber = (value: number): string => {
  if (!Number.isFinite(value)) return JSON.stringify(String(value));
  return Object.is(value, -0) ? '-0' : String(value);
};

/** The shortest number that is the same float32: `0.1`, not 0.10000000149011612. */
const shortFloat = (value: number): number => {
  const float = Math.fround(value);
  // Nine digits tell every float32 from its neighbours.
  for (let digits = 6; digits < 9; digits += 1) {
    const short = Number(float.toPrecision(digits));
    if (Math.fround(short) === float) return short;
  }
  return Number(float.toPrecision(9));
};
