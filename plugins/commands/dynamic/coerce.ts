/**
 * Turns the texts of a flag into the JSON text of a field, by Go's type text as the service registered it (cli.md 3.4).
 * Apart from internal/field/parse.ts because v3's rules and words for these flags are Go's own, and because the result
 * is text: a value would have lost digits or form. Pure. Digits stay digits: integers beyond what a JSON reader may hold as a number become strings, which every proto
 * JSON reader takes for 64-bit fields. Throws CoerceError with Go's words.
 */

import { firstJson, type JsonKind } from '../../../internal/cli/json-indent.ts';

/** `message` is what v3 prints. */
export class CoerceError extends Error {
  override readonly name = 'CoerceError';
}

/** `texts` is empty for a flag without a value. */
export const coerce = (type: string, texts: readonly string[]): string => {
  const bytes = type === '[]uint8';
  if (type.startsWith('[]') && !bytes) return list(type.slice(2), texts);
  const map = /^map\[(\w+)\](.+)$/.exec(type);
  if (map !== null) return mapOf(map[2]!, texts);
  if (type === 'bool' && (texts[0] ?? '').trim() === '') return 'true';
  return scalar(type, texts[0] ?? '');
};

const scalar = (type: string, text: string): string => {
  switch (type) {
    case 'string':
      return JSON.stringify(text);
    case 'bool':
      return bool(text);
    case 'int32':
      return integer(text, { name: 'Atoi', pattern: decimal, min: -(2n ** 31n), max: 2n ** 31n - 1n });
    case 'int64':
      return integer(text, { name: 'ParseInt', pattern: literal, min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case 'uint32':
      return integer(text, { name: 'ParseUint', pattern: unsigned, min: 0n, max: 2n ** 32n - 1n });
    case 'uint64':
      return integer(text, { name: 'ParseUint', pattern: unsigned, min: 0n, max: 2n ** 64n - 1n });
    case 'float32':
    case 'float64':
      return float(text);
    case '[]uint8':
      return base64(text);
    default:
      return named(text);
  }
};

const trues = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const falses = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

const bool = (text: string): string => {
  if (trues.includes(text)) return 'true';
  if (falses.includes(text)) return 'false';
  throw syntaxError('ParseBool', text);
};

const decimal = /^[+-]?\d+$/;
// As Go reads a literal: a base prefix, a leading 0 for octal, and `_` between digits.
const literal = /^[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|0|[1-9](?:_?\d)*)$/;
const unsigned = /^(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|0|[1-9](?:_?\d)*)$/;

interface IntegerRule {
  /** The Go function whose complaint v3 prints. */
  readonly name: string;
  readonly pattern: RegExp;
  readonly min: bigint;
  readonly max: bigint;
}

const integer = (text: string, rule: IntegerRule): string => {
  if (!rule.pattern.test(text)) throw syntaxError(rule.name, text);
  const value = integerValue(text, rule.pattern !== decimal);
  if (value < rule.min || value > rule.max) throw rangeError(rule.name, text);
  return exact(value);
};

const integerValue = (text: string, prefixed: boolean): bigint => {
  const digits = text.replace(/^[+-]/, '').replaceAll('_', '').toLowerCase();
  const octal = prefixed && /^0[0-7]+$/.test(digits);
  const plain = digits.replace(/^0+(?=\d)/, '');
  const value = BigInt(octal ? `0o${digits.slice(1)}` : prefixed ? digits : plain);
  return text.startsWith('-') ? -value : value;
};

const exact = (value: bigint): string => {
  const safe = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
  return safe ? value.toString() : `"${value}"`;
};

const special: ReadonlyMap<string, string> = new Map([
  ['nan', '"NaN"'],
  ['inf', '"Infinity"'],
  ['infinity', '"Infinity"'],
]);

const float = (text: string): string => {
  const word = special.get(text.replace(/^[+-]/, '').toLowerCase());
  if (word !== undefined) return text.startsWith('-') && word !== '"NaN"' ? '"-Infinity"' : word;
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) throw syntaxError('ParseFloat', text);
  const value = Number(text);
  if (!Number.isFinite(value)) throw rangeError('ParseFloat', text);
  return Object.is(value, -0) ? '-0' : String(value);
};

const base64 = (text: string): string => {
  const standard = text.replaceAll('-', '+').replaceAll('_', '/');
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(standard))
    throw new CoerceError(`illegal base64 data: ${JSON.stringify(text)}`);
  return JSON.stringify(standard);
};

/** A message, an enum or a type nobody told us about: JSON objects and whole numbers as they are, else a name. */
const named = (text: string): string => {
  const json = wholeJson(text, 'object');
  if (json !== undefined) return json;
  if (/^\s*[{[]/.test(text)) throw new CoerceError(`invalid JSON: ${JSON.stringify(text)}`);
  return /^-?\d+$/.test(text) ? exact(BigInt(text)) : JSON.stringify(text);
};

const list = (item: string, texts: readonly string[]): string => {
  const [only = ''] = texts;
  if (texts.length > 1) return `[${texts.map((text) => scalar(item, text)).join(',')}]`;
  if (only === '') return '[]';
  const objects = only.trimStart().startsWith('{') ? wholeJson(`[${only}]`, 'array') : undefined;
  return (
    wholeJson(only, 'array') ??
    objects ??
    `[${only
      .split(',')
      .map((text) => scalar(item, text))
      .join(',')}]`
  );
};

const mapOf = (item: string, texts: readonly string[]): string => {
  const json = texts.length === 1 ? wholeJson(texts[0]!, 'object') : undefined;
  if (json !== undefined) return json;
  const pairs = texts.flatMap((text) => splitPairs(text));
  const entries = new Map<string, string>();
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    if (equals <= 0) throw new CoerceError(`invalid map value ${JSON.stringify(pair)}`);
    entries.set(pair.slice(0, equals), scalar(item, pair.slice(equals + 1)));
  }
  return `{${[...entries].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
};

/** `a=1,b=2` is two pairs; a piece without `=` belongs to the value before it. */
const splitPairs = (text: string): readonly string[] => {
  const pairs: string[] = [];
  for (const piece of text.split(','))
    if (pairs.length > 0 && !piece.includes('=')) pairs.push(`${pairs.pop()},${piece}`);
    else pairs.push(piece);
  return pairs;
};

/** The text without blanks when it is one JSON value of this kind and nothing else. */
const wholeJson = (text: string, kind: JsonKind): string | undefined => {
  try {
    const json = firstJson(text);
    return json.kind === kind && json.rest.trim() === '' ? json.text : undefined;
  } catch {
    // Text that is no JSON is not a fault here: it may be a plain value.
    return undefined;
  }
};

const syntaxError = (name: string, text: string): CoerceError =>
  new CoerceError(`strconv.${name}: parsing ${JSON.stringify(text)}: invalid syntax`);
const rangeError = (name: string, text: string): CoerceError =>
  new CoerceError(`strconv.${name}: parsing ${JSON.stringify(text)}: value out of range`);
