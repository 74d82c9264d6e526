/** Text -> typed value by FieldSpec: the reader behind flags, variables and settings. Throws badRequest that names the field, the value (never a secret one) and what is expected. */

import { badRequest } from '../contract/error.ts';
import type { FieldSpec } from '../contract/field.ts';
import { parseDuration } from '../time/duration.ts';
import { parseJsonText } from './json-text.ts';
import { integerRanges, readBool, readBytes, readFloat, readInteger } from './scalars.ts';

/**
 * The value of a field given once or several times. A list takes every text; a single one is split at commas, or read as a JSON array. Anything
 * else takes the last text. No text at all is true for a bool and the empty string for text. `name` appears in errors as it is.
 */
export const parseField = (spec: FieldSpec, texts: readonly string[], name: string): unknown => {
  const field = { spec, name };
  if (!spec.list) return parseOne(field, texts.at(-1));
  const [only] = texts;
  if (texts.length !== 1 || only === undefined) return texts.map((t) => parseOne(field, t));
  const array = arrayOf(only);
  if (array) return array.map((item) => parseItem(field, item));
  return (isJson(spec) ? [only] : only.split(',')).map((text) => parseOne(field, text));
};

interface Field {
  readonly spec: FieldSpec;
  readonly name: string;
}

/** Types whose text is JSON and may hold commas of its own. */
const isJson = (spec: FieldSpec): boolean => spec.type === 'message' || spec.type === 'map' || spec.type === 'json';

const arrayOf = (text: string): readonly unknown[] | undefined => {
  if (!text.trimStart().startsWith('[')) return undefined;
  try {
    const value = parseJsonText(text);
    return Array.isArray(value) ? value : undefined;
  } catch (e) {
    // Then it is a text that happens to begin so, and its own reader judges it.
    if (e instanceof SyntaxError) return undefined;
    throw e;
  }
};

/** An item of a JSON array: a value already where the type's text is JSON, else a value or its text. */
const parseItem = (field: Field, item: unknown): unknown => {
  const { type } = field.spec;
  if (type === 'json' || (isJson(field.spec) && isObject(item))) return item;
  if (typeof item === 'object') throw wrong(field, JSON.stringify(item), `a ${type}`);
  return parseOne(field, String(item));
};

const isObject = (v: unknown): v is Readonly<Record<string, unknown>> =>
  typeof v === 'object' && v !== null && !Array.isArray(v);

const parseOne = (field: Field, given: string | undefined): unknown => {
  const text = given ?? '';
  const { type } = field.spec;
  switch (type) {
    case 'string':
      return text;
    case 'bool':
      return text === '' ? true : (readBool(text) ?? fail(field, text, 'true or false'));
    case 'int32':
    case 'uint32':
    case 'int64':
    case 'uint64': {
      const [low, high] = integerRanges[type];
      const value = readInteger(text, type) ?? fail(field, text, `a whole number from ${low} to ${high}`);
      return type.endsWith('64') ? value : Number(value);
    }
    case 'float':
    case 'double':
      return readFloat(text, type) ?? fail(field, text, 'a number');
    case 'bytes':
      return readBytes(text) ?? fail(field, text, 'base64 text');
    case 'enum':
      return enumName(field.spec, text) ?? fail(field, text, `one of ${field.spec.values?.join(', ')}`);
    case 'duration':
      return duration(field, text);
    case 'map':
      return map(field, text);
    case 'message': {
      const value = json(field, text, 'a JSON object');
      return isObject(value) ? value : fail(field, text, 'a JSON object');
    }
    case 'json':
      return json(field, text, 'JSON');
    default:
      return unreachable(type);
  }
};

/** Upper and lower case are one, as long as that is unambiguous; a number is left to the one who knows its name. */
const enumName = ({ values }: FieldSpec, text: string): string | number | undefined => {
  if (/^-?\d{1,10}$/.test(text) && !values?.includes(text)) return Number(text);
  if (!values || values.includes(text)) return text;
  const found = values.filter((v) => v.toLowerCase() === text.toLowerCase());
  return found.length === 1 ? found[0] : undefined;
};

const duration = (field: Field, text: string): number => {
  try {
    return parseDuration(text);
  } catch (e) {
    throw wrong(field, text, 'a duration such as 1m30s', e);
  }
};

/** A JSON object, or `key=value` items separated by commas. */
const map = (field: Field, text: string): unknown => {
  if (text.trimStart().startsWith('{')) {
    const value = json(field, text, 'a JSON object');
    return isObject(value) ? value : fail(field, text, 'a JSON object');
  }
  const item = { spec: field.spec.item ?? ({ type: 'string', doc: '' } as const), name: field.name };
  const found: Record<string, unknown> = Object.create(null);
  for (const pair of text === '' ? [] : text.split(',')) {
    const at = pair.indexOf('=');
    if (at <= 0) fail(field, text, 'a JSON object or key=value items');
    found[pair.slice(0, at)] = parseOne(item, pair.slice(at + 1));
  }
  return found;
};

const json = (field: Field, text: string, expected: string): unknown => {
  try {
    return parseJsonText(text);
  } catch (e) {
    throw wrong(field, text, expected, e);
  }
};

const wrong = ({ spec, name }: Field, text: string, expected: string, cause?: unknown): Error => {
  const shown = spec.secret ? '***' : text.length > shownCharsMax ? `${text.slice(0, shownCharsMax)}…` : text;
  // A parser's own message may quote the text.
  return badRequest('micro.field', `invalid value ${JSON.stringify(shown)} for ${name}: want ${expected}`, {
    cause: spec.secret ? undefined : cause,
  });
};

const fail = (field: Field, text: string, expected: string): never => {
  throw wrong(field, text, expected);
};

const shownCharsMax = 80;

const unreachable = (x: never): never => {
  throw new Error(`unhandled field type ${String(x)}`);
};
