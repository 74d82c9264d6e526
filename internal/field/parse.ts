/** Text -> typed value by FieldSpec: the one reader behind flags, variables and settings. Throws badRequest that names the field, the value and what is expected. */

import { badRequest } from '../contract/error.ts';
import type { FieldSpec } from '../contract/field.ts';
import { parseDuration } from '../time/duration.ts';

const id = 'micro.flag';

/**
 * The value of a field given once or several times. A list takes every text, and splits a single one at commas; anything else takes the
 * last text. No text at all is true for a bool and the empty string for text.
 */
export const parseField = (spec: FieldSpec, texts: readonly string[], name: string): unknown => {
  if (!spec.list) return parseOne(spec, texts.at(-1), name);
  const items = texts.length === 1 && splits(spec) ? texts[0]!.split(',') : texts;
  if (items.length === 1 && items[0]!.trimStart().startsWith('[')) return parseJsonList(spec, items[0]!, name);
  return items.map((t) => parseOne(spec, t, name));
};

/** JSON text holds commas of its own. */
const splits = (spec: FieldSpec): boolean => spec.type !== 'message' && spec.type !== 'map' && spec.type !== 'json';

const parseJsonList = (spec: FieldSpec, text: string, name: string): unknown => {
  if (spec.type === 'string' || spec.type === 'enum') return [text];
  const value = parseJson(text, name, 'a JSON array');
  if (!Array.isArray(value)) throw wrong(name, text, 'a JSON array');
  return splits(spec) ? value.map((v) => parseOne(spec, String(v), name)) : value;
};

const parseOne = (spec: FieldSpec, given: string | undefined, name: string): unknown => {
  const text = given ?? '';
  switch (spec.type) {
    case 'string':
      return text;
    case 'bool':
      return given === undefined || text === '' ? true : parseBool(text, name);
    case 'int32':
    case 'uint32':
      return Number(parseInteger(text, spec.type, name));
    case 'int64':
    case 'uint64':
      return parseInteger(text, spec.type, name);
    case 'float':
    case 'double':
      return parseFloatText(text, name);
    case 'bytes':
      return parseBytes(text, name);
    case 'enum':
      return parseEnum(spec, text, name);
    case 'duration':
      return parseDurationText(text, name);
    case 'map':
      return parseMap(spec, text, name);
    case 'message': {
      const value = parseJson(text, name, 'a JSON object');
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(name, text, 'a JSON object');
      return value;
    }
    case 'json':
      return parseJson(text, name, 'JSON');
    default:
      return unreachable(spec.type);
  }
};

const words: Readonly<Record<string, boolean>> = {
  '1': true,
  t: true,
  T: true,
  TRUE: true,
  true: true,
  True: true,
  '0': false,
  f: false,
  F: false,
  FALSE: false,
  false: false,
  False: false,
};

const parseBool = (text: string, name: string): boolean => {
  if (!Object.hasOwn(words, text)) throw wrong(name, text, 'true or false');
  return words[text]!;
};

const ranges = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
} as const;

/** Go's integer literals: decimal, 0x, 0o or leading 0, 0b, with _ between digits. */
const parseInteger = (text: string, type: keyof typeof ranges, name: string): bigint => {
  const [low, high] = ranges[type];
  const expected = `an ${type} between ${low} and ${high}`;
  const m = /^([+-]?)(0x[0-9a-f_]+|0b[01_]+|0o?[0-7_]*|[1-9][0-9_]*)$/i.exec(text);
  if (!m || /__|_$/.test(text)) throw wrong(name, text, expected);
  const digits = m[2]!.replaceAll('_', '').replace(/^0(?=[0-7]+$)/, '0o');
  const value = BigInt(digits) * (m[1] === '-' ? -1n : 1n);
  if (value < low || value > high) throw wrong(name, text, expected);
  return value;
};

const parseFloatText = (text: string, name: string): number => {
  if (/^[+-]?(inf|infinity)$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw wrong(name, text, 'a number');
  return Number(text);
};

const parseBytes = (text: string, name: string): Uint8Array => {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) throw wrong(name, text, 'base64 text');
  return new Uint8Array(Buffer.from(text, 'base64'));
};

const parseEnum = (spec: FieldSpec, text: string, name: string): string => {
  if (!spec.values || spec.values.includes(text)) return text;
  const found = spec.values.find((v) => v.toLowerCase() === text.toLowerCase());
  if (found === undefined) throw wrong(name, text, `one of ${spec.values.join(', ')}`);
  return found;
};

const parseDurationText = (text: string, name: string): number => {
  try {
    return parseDuration(text);
  } catch (e) {
    throw badRequest(id, `invalid value "${text}" for flag --${name}: ${e instanceof Error ? e.message : String(e)}`, {
      cause: e,
    });
  }
};

/** A JSON object, or `key=value` items separated by commas. */
const parseMap = (spec: FieldSpec, text: string, name: string): unknown => {
  if (text.trimStart().startsWith('{')) {
    const value = parseJson(text, name, 'a JSON object');
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(name, text, 'a JSON object');
    return value;
  }
  const item = spec.item ?? { type: 'string', doc: '' };
  const map: Record<string, unknown> = Object.create(null);
  for (const pair of text === '' ? [] : text.split(',')) {
    const at = pair.indexOf('=');
    if (at <= 0) throw wrong(name, text, 'a JSON object or key=value items');
    map[pair.slice(0, at)] = parseOne(item, pair.slice(at + 1), name);
  }
  return map;
};

/** Integers beyond 2^53 stay exact as bigint. */
const parseJson = (text: string, name: string, expected: string): unknown => {
  try {
    return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' &&
      !Number.isSafeInteger(value) &&
      context?.source !== undefined &&
      /^-?\d+$/.test(context.source)
        ? BigInt(context.source)
        : value,
    );
  } catch (e) {
    throw badRequest(id, `invalid value "${text}" for flag --${name}: want ${expected}`, { cause: e });
  }
};

const wrong = (name: string, text: string, expected: string): Error =>
  badRequest(id, `invalid value "${text}" for flag --${name}: want ${expected}`);

const unreachable = (x: never): never => {
  throw new Error(`unhandled field type ${String(x)}`);
};
