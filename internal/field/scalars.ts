/** Single values as text, in the forms Go accepts, and nothing about fields: each reader answers undefined for a text that is not its kind. */

/** Lowest and highest value of each integer type. */
export const integerRanges = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
} as const;

export type IntegerType = keyof typeof integerRanges;

/** Decimal, 0x, 0b, 0o or a leading 0, with _ between digits; exact, and within the type's range. */
export const readInteger = (text: string, type: IntegerType): bigint | undefined => {
  const m = /^([+-]?)(0x[0-9a-f_]+|0b[01_]+|0o[0-7_]+|0[0-7_]*|[1-9][0-9_]*)$/i.exec(text);
  if (!m || text.length > integerCharsMax || /__|_$/.test(text)) return undefined;
  const digits = m[2]!.replaceAll('_', '').replace(/^0(?=[0-7]+$)/, '0o');
  const value = BigInt(digits) * (m[1] === '-' ? -1n : 1n);
  const [low, high] = integerRanges[type];
  return value < low || value > high ? undefined : value;
};

/** 64 binary digits with underscores between, and some leading zeros; reading a million digits would take seconds. */
const integerCharsMax = 256;

/** Decimal or exponent form, `inf` and `nan` in any case; undefined also for what the type cannot hold. */
export const readFloat = (text: string, type: 'float' | 'double'): number | undefined => {
  if (/^[+-]?(inf|infinity)$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
  const value = type === 'float' ? Math.fround(Number(text)) : Number(text);
  return Number.isFinite(value) ? value : undefined;
};

const trueWords: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const falseWords: ReadonlySet<string> = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

export const readBool = (text: string): boolean | undefined =>
  trueWords.has(text) ? true : falseWords.has(text) ? false : undefined;

/** Base64, standard or URL-safe, padded or not. */
export const readBytes = (text: string): Uint8Array | undefined => {
  const m = /^([A-Za-z0-9+/_-]*)={0,2}$/.exec(text);
  return m && m[1]!.length % 4 !== 1 ? new Uint8Array(Buffer.from(text, 'base64')) : undefined;
};
