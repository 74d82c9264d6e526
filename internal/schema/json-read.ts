/**
 * Reads protobuf JSON into plain values: both spellings of names, 64-bit integers as number or text and always exact, base64 bytes, enum
 * names or numbers, null as unset, unknown fields ignored (wire.md 2.2). Throws badRequest that names the field.
 */

import { badRequest } from '../contract/error.ts';
import { messageDepthMax } from '../contract/limits.ts';
import { parseJsonText } from '../field/json-text.ts';
import { type IntegerType, integerRanges, readBytes } from '../field/scalars.ts';
import { type FieldData, camelName, fieldsOf, type SchemaData } from './schema-data.ts';
import { anyValue, membersOf } from './well-known.ts';

const id = 'codec';
type Plain = Record<string, unknown>;

/** Text -> plain value of the message. Empty text and `null` are the empty message. */
export const readJson = (schema: SchemaData, message: string, text: string): Plain => {
  if (text.trim() === '') return {};
  const value = parse(text);
  if (value === null) return {};
  return readMessage({ schema, lenient: true }, message, value, '', 0);
};

const parse = (text: string): unknown => {
  try {
    return parseJsonText(text);
  } catch (e) {
    throw badRequest(id, `invalid JSON: ${e instanceof Error ? e.message : String(e)}`, { cause: e });
  }
};

interface Reading {
  readonly schema: SchemaData;
  /** Top level: text stands in for booleans and numbers, as Go servers accept. */
  readonly lenient: boolean;
}

const readMessage = (r: Reading, message: string, given: unknown, path: string, depth: number): Plain => {
  const value = membersOf(message, given, path);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(path || message, 'an object', value);
  if (depth > messageDepthMax)
    throw badRequest(id, `${path}: nested deeper than ${messageDepthMax} messages (messageDepthMax)`);
  const known = fieldsOf(r.schema, message);
  const out: Plain = {};
  for (const [key, item] of Object.entries(value)) {
    const field = known.find((f) => f.name === key) ?? known.find((f) => camelName(f.name) === key);
    if (!field || (item === null && field.of !== anyValue)) continue;
    out[field.name] = readField(r, field, item, path === '' ? key : `${path}.${key}`, depth);
  }
  return out;
};

const readField = (r: Reading, field: FieldData, value: unknown, path: string, depth: number): unknown => {
  const inner: Reading = depth === 0 ? r : { ...r, lenient: false };
  if (field.key !== undefined) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(path, 'an object', value);
    const map: Plain = Object.create(null) as Plain;
    for (const [key, item] of Object.entries(value)) map[key] = readOne(inner, field, item, `${path}.${key}`, depth);
    return map;
  }
  if (!field.repeated) return readOne(inner, field, value, path, depth);
  if (!Array.isArray(value)) throw wrong(path, 'an array', value);
  return value.map((item, i) => readOne(inner, field, item, `${path}[${i}]`, depth));
};

const readOne = (r: Reading, field: FieldData, value: unknown, path: string, depth: number): unknown => {
  switch (field.type) {
    case 'message':
      return readMessage(r, field.of!, value, path, depth + 1);
    case 'enum':
      return readEnum(r.schema, field.of!, value, path);
    case 'string':
      if (typeof value !== 'string') throw wrong(path, 'a string', value);
      return value;
    case 'bool':
      return readBool(r.lenient, value, path);
    case 'bytes':
      return (typeof value === 'string' ? readBytes(value) : undefined) ?? fail(path, 'base64 text', value);
    case 'float':
    case 'double':
      return readFloat(value, path);
    default:
      return readInteger(field.type, value, path);
  }
};

const readEnum = (schema: SchemaData, name: string, value: unknown, path: string): unknown => {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  const values = schema.enums[name] ?? {};
  if (typeof value === 'string' && Object.hasOwn(values, value)) return value;
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return Number(value);
  throw wrong(path, `one of ${Object.keys(values).join(', ')}`, value);
};

const readBool = (lenient: boolean, value: unknown, path: string): boolean => {
  if (typeof value === 'boolean') return value;
  if (lenient && trueWords.includes(value)) return true;
  if (lenient && falseWords.includes(value)) return false;
  throw wrong(path, 'true or false', value);
};

/** What Go reads as bool, and the numbers and empty text of query strings. */
const trueWords: readonly unknown[] = ['true', '1', 1, 't', 'T', 'TRUE', 'True'];
const falseWords: readonly unknown[] = ['false', '0', 0, '', 'f', 'F', 'FALSE', 'False'];

const readFloat = (value: unknown, path: string): number => {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
  if (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
  throw wrong(path, 'a number', value);
};

const rangeOf: Readonly<Record<string, IntegerType>> = {
  sint32: 'int32',
  sfixed32: 'int32',
  fixed32: 'uint32',
  sint64: 'int64',
  sfixed64: 'int64',
  fixed64: 'uint64',
};

const readInteger = (type: string, value: unknown, path: string): number | bigint => {
  const kind = rangeOf[type] ?? (type as IntegerType);
  const number = toInteger(value);
  const [low, high] = integerRanges[kind];
  if (number === undefined || number < low || number > high)
    throw wrong(path, `a whole number from ${low} to ${high}`, value);
  return kind.endsWith('64') ? number : Number(number);
};

const toInteger = (value: unknown): bigint | undefined => {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
  if (typeof value === 'string' && /^-?\d{1,40}$/.test(value)) return BigInt(value);
  return undefined;
};

const wrong = (path: string, want: string, value: unknown): Error =>
  badRequest(id, `${path}: want ${want}, got ${shown(value)}`);

/** Scalars as they are, cut short; the rest by kind. */
const shown = (value: unknown): string => {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, shownCharsMax)) : String(value);
  return typeof value === 'string' && value.length > shownCharsMax ? `${text}…` : text;
};

const shownCharsMax = 60;

const fail = (path: string, want: string, value: unknown): never => {
  throw wrong(path, want, value);
};
