/**
 * Reads protobuf JSON into plain values: both spellings of names, 64-bit integers as number or text and always exact, base64 bytes, enum
 * names or numbers, null as unset, unknown fields ignored (wire.md 2.2). Throws badRequest that names the field.
 */

import { badRequest } from '../contract/error.ts';
import { type FieldData, camelName, fieldsOf, type SchemaData } from './schema-data.ts';

/** Messages may be nested this deep. */
export const jsonDepthMax = 64;

const id = 'codec';
type Plain = Record<string, unknown>;

/** Text -> plain value of the message. Empty text and `null` are the empty message. */
export const readJson = (schema: SchemaData, message: string, text: string): Plain => {
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text, exactIntegers);
  } catch (e) {
    throw badRequest(id, `invalid JSON: ${e instanceof Error ? e.message : String(e)}`, { cause: e });
  }
  if (value === null) return {};
  return readMessage({ schema, lenient: true }, message, value, '', 0);
};

/** Integers beyond 2^53 become bigint before JSON.parse can round them. */
const exactIntegers = (_key: string, value: unknown, context?: { source?: string }): unknown =>
  typeof value === 'number' &&
  !Number.isSafeInteger(value) &&
  context?.source !== undefined &&
  /^-?\d+$/.test(context.source)
    ? BigInt(context.source)
    : value;

interface Reading {
  readonly schema: SchemaData;
  /** Top level: text stands in for booleans and numbers, as Go servers accept. */
  readonly lenient: boolean;
}

const readMessage = (r: Reading, message: string, value: unknown, path: string, depth: number): Plain => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(path || message, 'an object', value);
  if (depth > jsonDepthMax) throw badRequest(id, `${path}: nested deeper than jsonDepthMax (${jsonDepthMax})`);
  const known = fieldsOf(r.schema, message);
  const out: Plain = {};
  for (const [key, item] of Object.entries(value)) {
    const field = known.find((f) => f.name === key) ?? known.find((f) => camelName(f.name) === key);
    if (!field || item === null || item === undefined) continue;
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
      return readBytes(value, path);
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
  if (lenient && (value === 'true' || value === '1' || value === 1)) return true;
  if (lenient && (value === 'false' || value === '0' || value === '' || value === 0)) return false;
  throw wrong(path, 'true or false', value);
};

const readBytes = (value: unknown, path: string): Uint8Array => {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) throw wrong(path, 'base64 text', value);
  return new Uint8Array(Buffer.from(value, 'base64'));
};

const readFloat = (value: unknown, path: string): number => {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
  if (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
  throw wrong(path, 'a number', value);
};

const ranges: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};
const rangeOf: Readonly<Record<string, keyof typeof ranges>> = {
  sint32: 'int32',
  sfixed32: 'int32',
  fixed32: 'uint32',
  sint64: 'int64',
  sfixed64: 'int64',
  fixed64: 'uint64',
};

const readInteger = (type: string, value: unknown, path: string): number | bigint => {
  const kind = rangeOf[type] ?? type;
  const number = toInteger(value);
  const [low, high] = ranges[kind]!;
  if (number === undefined || number < low || number > high)
    throw wrong(path, `an ${kind} between ${low} and ${high}`, value);
  return kind.endsWith('64') ? number : Number(number);
};

const toInteger = (value: unknown): bigint | undefined => {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
  if (typeof value === 'string' && /^-?\d{1,40}$/.test(value)) return BigInt(value);
  return undefined;
};

const wrong = (path: string, want: string, value: unknown): Error => {
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value));
  return badRequest(id, `${path}: want ${want}, got ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`);
};
