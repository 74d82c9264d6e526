/** Message layouts -> the value trees that services register: Go's type texts, children up to valueTreeDepthMax (wire.md 4.2). */

import type { ValueTree } from '../contract/handler.ts';
import { valueTreeDepthMax } from '../contract/limits.ts';
import { type FieldData, fieldsOf, type SchemaData, simpleName } from './schema-data.ts';

const goTypes: Readonly<Record<string, string>> = {
  double: 'float64',
  float: 'float32',
  bytes: '[]uint8',
  sint32: 'int32',
  sfixed32: 'int32',
  fixed32: 'uint32',
  sint64: 'int64',
  sfixed64: 'int64',
  fixed64: 'uint64',
};
const goType = (scalar: string): string => goTypes[scalar] ?? scalar;

/** The tree of one message; its top is depth 0. */
export const valueTree = (schema: SchemaData, message: string): ValueTree => {
  const name = simpleName(message);
  return { name, type: name, values: children(schema, message, 1) };
};

const children = (schema: SchemaData, message: string, depth: number): readonly ValueTree[] =>
  depth > valueTreeDepthMax ? [] : fieldsOf(schema, message).map((f) => fieldTree(schema, f, depth));

const fieldTree = (schema: SchemaData, field: FieldData, depth: number): ValueTree => {
  const one = field.of === undefined ? goType(field.type) : simpleName(field.of);
  if (field.key !== undefined) return { name: field.name, type: `map[${goType(field.key)}]${one}`, values: [] };
  if (field.repeated) return { name: field.name, type: `[]${one}`, values: [] };
  const values = field.type === 'message' ? children(schema, field.of!, depth + 1) : [];
  return { name: field.name, type: one, values };
};
