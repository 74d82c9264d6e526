/** JSON in which integers beyond 2^53 are bigint, read and written. Knows no fields. */

/** Throws SyntaxError. */
export const parseJsonText = (text: string): unknown =>
  manyDigits.test(text) ? JSON.parse(text, exactIntegers) : JSON.parse(text);

/** Only then can a number be beyond 2^53; the reviver is several times slower. */
const manyDigits = /\d{16}/;

const exactIntegers = (_key: string, value: unknown, context?: { source?: string }): unknown =>
  typeof value === 'number' &&
  !Number.isSafeInteger(value) &&
  context?.source !== undefined &&
  context.source.length <= integerCharsMax &&
  /^-?\d+$/.test(context.source)
    ? BigInt(context.source)
    : value;

/** Longer ones fit no type, and a million digits would take seconds. */
const integerCharsMax = 40;

/** Compact; bigint as digits, bytes as base64. */
export const formatJsonText = (value: unknown): string => {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'));
  if (Array.isArray(value)) return `[${value.map(formatJsonText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).filter(([, v]) => v !== undefined);
  return `{${members.map(([k, v]) => `${JSON.stringify(k)}:${formatJsonText(v)}`).join(',')}}`;
};
