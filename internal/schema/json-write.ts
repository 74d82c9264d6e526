/**
 * Writes plain values as protobuf JSON the way Go servers do: proto field names in declaration order, zero values included, 64-bit
 * integers as text, bytes as base64, unset messages as null, map keys sorted, no escaping beyond JSON's own (wire.md 2.2).
 */

import { type FieldData, fieldsOf, type SchemaData } from './schema-data.ts';

/** The message as compact JSON text. Missing fields count as unset. */
export const writeJson = (schema: SchemaData, message: string, value: unknown): string => {
  const given = (value ?? {}) as Readonly<Record<string, unknown>>;
  const parts = fieldsOf(schema, message).map(
    (f) => `${JSON.stringify(f.name)}:${writeField(schema, f, given[f.name])}`,
  );
  return `{${parts.join(',')}}`;
};

const writeField = (schema: SchemaData, field: FieldData, value: unknown): string => {
  if (field.key !== undefined) {
    const entries = Object.entries((value ?? {}) as Record<string, unknown>).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${writeOne(schema, field, v)}`).join(',')}}`;
  }
  if (field.repeated)
    return `[${((value ?? []) as readonly unknown[]).map((v) => writeOne(schema, field, v)).join(',')}]`;
  return writeOne(schema, field, value);
};

const writeOne = (schema: SchemaData, field: FieldData, value: unknown): string => {
  if ((value === null || value === undefined) && (field.type === 'message' || field.optional)) return 'null';
  switch (field.type) {
    case 'message':
      return writeJson(schema, field.of!, value);
    case 'enum':
      return writeEnum(schema, field.of!, value);
    case 'string':
      return JSON.stringify(value ?? '');
    case 'bool':
      return value ? 'true' : 'false';
    case 'bytes':
      return JSON.stringify(value ? Buffer.from(value as Uint8Array).toString('base64') : '');
    case 'float':
    case 'double':
      return writeFloat(Number(value ?? 0));
    case 'int64':
    case 'uint64':
    case 'sint64':
    case 'fixed64':
    case 'sfixed64':
      return `"${String(value ?? 0)}"`;
    default:
      return String(value ?? 0);
  }
};

const writeEnum = (schema: SchemaData, name: string, value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value);
  const values = Object.entries(schema.enums[name] ?? {});
  const found = values.find(([, number]) => number === (value ?? 0));
  return found ? JSON.stringify(found[0]) : String(value ?? 0);
};

const writeFloat = (value: number): string => (Number.isFinite(value) ? String(value) : JSON.stringify(String(value)));
