/** Message layouts -> the value trees that services register: Go's type texts, children up to valueTreeDepthMax (wire.md 4.2). */

import type { ValueTree } from '../contract/handler.ts';
import { valueTreeDepthMax, valueTreeFieldsMax } from '../contract/limits.ts';
import { type FieldData, fieldsOf, type SchemaData, goName } from './schema-data.ts';

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

/** The tree of one message; its top is depth 0. Messages that hold each other are opened until depth or size is reached. */
export const valueTree = (schema: SchemaData, message: string): ValueTree => {
  const name = goName(schema, message);
  return { name, type: name, values: children({ schema, left: valueTreeFieldsMax }, message, 1) };
};

interface Budget {
  readonly schema: SchemaData;
  /** Fields that the tree may still take. */
  left: number;
}

const children = (b: Budget, message: string, depth: number): readonly ValueTree[] => {
  const known = fieldsOf(b.schema, message);
  if (depth > valueTreeDepthMax || known.length > b.left) return [];
  b.left -= known.length;
  return known.map((f) => fieldTree(b, f, depth));
};

const fieldTree = (b: Budget, field: FieldData, depth: number): ValueTree => {
  const one = field.of === undefined ? goType(field.type) : goName(b.schema, field.of);
  if (field.key !== undefined) return { name: field.name, type: `map[${goType(field.key)}]${one}`, values: [] };
  if (field.repeated) return { name: field.name, type: `[]${one}`, values: [] };
  const values = field.type === 'message' ? children(b, field.of!, depth + 1) : [];
  return { name: field.name, type: one, values };
};
