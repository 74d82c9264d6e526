/**
 * The JSON forms of google.protobuf's own types (Timestamp `2020-01-02T03:04:05Z`, Duration `1.5s`, wrappers, Struct, FieldMask) to and from
 * their messages. In code they stay messages. Any and Empty have no form of their own here.
 */

import { badRequest } from '../contract/error.ts';

type Plain = Readonly<Record<string, unknown>>;

/** The members of the message that a JSON value stands for; the value itself when it is no special form. Throws badRequest naming the field. */
export const membersOf = (message: string, value: unknown, path: string): unknown => {
  if (!message.startsWith(prefix)) return value;
  const read = Object.hasOwn(readers, message) ? readers[message] : undefined;
  return read ? read(value, path) : value;
};

/** The JSON value of a message with a form of its own; undefined for all others, and for times that the form cannot hold. */
export const jsonFormOf = (message: string, value: Plain): unknown => {
  if (!message.startsWith(prefix)) return undefined;
  return Object.hasOwn(writers, message) ? writers[message]!(value) : undefined;
};

/** BoolValue and its kin, whose JSON is that of their one field. */
export const isWrapper = (message: string): boolean => wrapper.test(message);

/** The one type for which JSON null is a value. */
export const anyValue = 'google.protobuf.Value';

const prefix = 'google.protobuf.';
const wrapper = /^google\.protobuf\.(Double|Float|Int64|UInt64|Int32|UInt32|Bool|String|Bytes)Value$/;

const isObject = (v: unknown): v is Plain => typeof v === 'object' && v !== null && !Array.isArray(v);

const readTimestamp = (value: unknown, path: string): unknown => {
  if (typeof value !== 'string') return value;
  const m = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/i.exec(value);
  const ms = m ? Date.parse(`${m[1]}T${m[2]}${m[4]!.toUpperCase()}`) : Number.NaN;
  if (!m || Number.isNaN(ms)) throw wrong(path, 'a time such as 2020-01-02T03:04:05Z', value);
  return { seconds: BigInt(ms / 1_000), nanos: Number((m[3] ?? '').padEnd(9, '0')) };
};

const readDuration = (value: unknown, path: string): unknown => {
  if (typeof value !== 'string') return value;
  const m = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(value);
  if (!m) throw wrong(path, 'a duration such as 1.5s', value);
  const sign = m[1] === '-' ? -1 : 1;
  const nanos = Number((m[3] ?? '').padEnd(9, '0'));
  return { seconds: BigInt(m[2]!) * BigInt(sign), nanos: sign * nanos || 0 };
};

const readValue = (value: unknown): unknown => {
  if (value === null) return { nullValue: 'NULL_VALUE' };
  if (Array.isArray(value)) return { listValue: value };
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'boolean':
      return { boolValue: value };
    case 'object':
      return { structValue: value };
    default:
      return { numberValue: Number(value) };
  }
};

const readFieldMask = (value: unknown): unknown =>
  typeof value === 'string'
    ? { paths: value.split(',').flatMap((p) => (p === '' ? [] : [p.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)])) }
    : value;

const readWrapper = (value: unknown): unknown => (isObject(value) ? value : { value });

const readers: Readonly<Record<string, (value: unknown, path: string) => unknown>> = {
  'google.protobuf.Timestamp': readTimestamp,
  'google.protobuf.Duration': readDuration,
  'google.protobuf.Struct': (value) => (isObject(value) ? { fields: value } : value),
  'google.protobuf.ListValue': (value) => (Array.isArray(value) ? { values: value } : value),
  'google.protobuf.Value': readValue,
  'google.protobuf.FieldMask': readFieldMask,
  ...Object.fromEntries(
    ['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes'].map((t) => [
      `google.protobuf.${t}Value`,
      readWrapper,
    ]),
  ),
};

/** Years 1 to 9999, as RFC 3339 has them. */
const secondsMin = -62_135_596_800n;
const secondsMax = 253_402_300_799n;

const writeTimestamp = ({ seconds, nanos }: Plain): unknown => {
  const whole = BigInt(seconds as bigint);
  if (whole < secondsMin || whole > secondsMax || (nanos as number) < 0 || (nanos as number) > 999_999_999)
    return undefined;
  return `${new Date(Number(whole) * 1_000).toISOString().slice(0, 19)}${fraction(nanos as number)}Z`;
};

const writeDuration = ({ seconds, nanos }: Plain): unknown => {
  const whole = BigInt(seconds as bigint);
  const part = nanos as number;
  const mixed = (whole > 0n && part < 0) || (whole < 0n && part > 0);
  if (mixed || Math.abs(part) > 999_999_999) return undefined;
  return `${whole < 0n || part < 0 ? '-' : ''}${whole < 0n ? -whole : whole}${fraction(Math.abs(part))}s`;
};

/** Nothing, or 3, 6 or 9 digits. */
const fraction = (nanos: number): string =>
  nanos === 0
    ? ''
    : `.${String(nanos)
        .padStart(9, '0')
        .replace(/(000){1,2}$/, '')}`;

const writeStruct = (value: Plain): unknown => {
  const entries = Object.entries((value.fields ?? {}) as Plain).sort(([a], [b]) => (a < b ? -1 : 1));
  const out: Record<string, unknown> = Object.create(null);
  for (const [key, item] of entries) out[key] = writeValue(item as Plain);
  return out;
};

const writeList = (value: Plain): unknown => ((value.values ?? []) as readonly Plain[]).map(writeValue);

const writeValue = (value: Plain): unknown => {
  if (value.structValue) return writeStruct(value.structValue as Plain);
  if (value.listValue) return writeList(value.listValue as Plain);
  return value.stringValue ?? value.numberValue ?? value.boolValue ?? null;
};

const writers: Readonly<Record<string, (value: Plain) => unknown>> = {
  'google.protobuf.Timestamp': writeTimestamp,
  'google.protobuf.Duration': writeDuration,
  'google.protobuf.Struct': writeStruct,
  'google.protobuf.ListValue': writeList,
  'google.protobuf.Value': writeValue,
  'google.protobuf.FieldMask': (value) =>
    ((value.paths ?? []) as readonly string[])
      .map((p) => p.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase()))
      .join(','),
};

const wrong = (path: string, want: string, value: string): Error =>
  badRequest('codec', `${path}: want ${want}, got ${JSON.stringify(value)}`);
