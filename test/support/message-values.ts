/** Random messages of any core type, for property tests: complete values as codecs decode them. */

import fc from 'fast-check';

import { type FieldData, fieldsOf, type SchemaData } from '../../internal/schema/schema-data.ts';

type Plain = Record<string, unknown>;

/** Messages that hold each other end after a few levels. */
export const messageValue = (schema: SchemaData, message: string, depth = 0): fc.Arbitrary<Plain> =>
  fc.record(Object.fromEntries(fieldsOf(schema, message).map((f) => [f.name, fieldValue(schema, f, depth)])));

const fieldValue = (schema: SchemaData, field: FieldData, depth: number): fc.Arbitrary<unknown> => {
  if (field.type === 'message' && depth >= 3)
    return fc.constant(field.key === undefined ? (field.repeated ? [] : null) : {});
  const one = oneValue(schema, field, depth);
  if (field.key !== undefined) return mapOf(one);
  if (field.repeated) return fc.array(one, { maxLength: 3 });
  return field.type === 'message' ? fc.option(one) : one;
};

const hostileNames = fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', '');
const text = fc.string({ unit: 'binary', maxLength: 8 });

const mapOf = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.array(fc.tuple(fc.oneof(text, hostileNames), value), { maxLength: 3 }).map((entries) => {
    const map: Plain = Object.create(null);
    for (const [key, item] of entries) map[key] = item;
    return map;
  });

const oneValue = (schema: SchemaData, field: FieldData, depth: number): fc.Arbitrary<unknown> => {
  switch (field.type) {
    case 'message':
      return messageValue(schema, field.of!, depth + 1);
    case 'enum':
      return fc.oneof(fc.constantFrom(...Object.keys(schema.enums[field.of!]!)), fc.integer({ min: 100, max: 200 }));
    case 'string':
      return text;
    case 'bool':
      return fc.boolean();
    case 'bytes':
      return fc.uint8Array({ maxLength: 8 });
    case 'int32':
      return fc.integer();
    case 'uint32':
      return fc.integer({ min: 0, max: 2 ** 32 - 1 });
    case 'int64':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case 'uint64':
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    default:
      throw new Error(`no values for type ${field.type}`);
  }
};

/** A text that is equal for equal values, whatever their prototypes, key order or kind of byte array. */
export const canonical = (value: unknown): string => {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join()}}`;
};
