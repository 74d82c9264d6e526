/**
 * Refuses messages whose few bytes would become millions of objects, before anything decodes them. A message of up to scanBytesMin cannot
 * hold too many and costs nothing here; larger ones are walked once without being decoded. Malformed bytes and text are left to the decoder, which says what is wrong.
 */

import { type MicroError, tooMany } from '../contract/error.ts';
import { messageDepthMax, messageItemsMax } from '../contract/limits.ts';
import { type FieldData, fieldsOf, type SchemaData } from './schema-data.ts';

/** An item takes two bytes at least. */
const scanBytesMin = messageItemsMax * 2;

const tooManyItems = (message: string): MicroError =>
  tooMany('codec', `${message} holds more than ${messageItemsMax} items (messageItemsMax)`);

/** Throws tooMany when the protobuf bytes hold more than messageItemsMax messages, map entries and 64-bit list items. */
export const checkWireItems = (schema: SchemaData, message: string, bytes: Uint8Array): void => {
  if (bytes.length > scanBytesMin) countFields({ schema, message, bytes, items: 0, at: 0 }, message, bytes.length, 0);
};

/** The same for JSON text: objects, arrays and members, wherever they stand. */
export const checkJsonItems = (message: string, text: string): void => {
  if (text.length <= scanBytesMin) return;
  let items = 0;
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c === quote) i = endOfString(text, i);
    else if (c === comma || c === brace || c === bracket) items += 1;
    if (items > messageItemsMax) throw tooManyItems(message);
  }
};

const [quote, comma, brace, bracket, backslash] = Array.from('",{[\\', (c) => c.charCodeAt(0)) as [
  number,
  number,
  number,
  number,
  number,
];

const endOfString = (text: string, start: number): number => {
  let i = text.indexOf('"', start + 1);
  while (i >= 0) {
    let slashes = 0;
    while (text.charCodeAt(i - 1 - slashes) === backslash) slashes += 1;
    if (slashes % 2 === 0) return i;
    i = text.indexOf('"', i + 1);
  }
  return text.length;
};

interface Scan {
  readonly schema: SchemaData;
  /** Named in the error. */
  readonly message: string;
  readonly bytes: Uint8Array;
  items: number;
  at: number;
}

/** Counts until `end`; false when the bytes make no sense. */
const countFields = (s: Scan, message: string | FieldData, end: number, depth: number): boolean => {
  if (depth > messageDepthMax * 2) return false;
  const known = typeof message === 'string' ? fieldsOf(s.schema, message) : undefined;
  let groups = 0;
  while (s.at < end) {
    const tag = varint(s);
    // Of a map entry only the value matters: field 2.
    const field = known
      ? known.find((f) => f.id === tag >>> 3)
      : tag >>> 3 === 2
        ? valueField(message as FieldData)
        : undefined;
    switch (tag & 7) {
      case 0:
        varint(s);
        count(s, field?.repeated && is64(field) ? 1 : 0);
        break;
      case 1:
        s.at += 8;
        count(s, field?.repeated && is64(field) ? 1 : 0);
        break;
      case 2:
        if (!countBlock(s, groups === 0 ? field : undefined, end, depth)) return false;
        break;
      case 3:
        groups += 1;
        break;
      case 4:
        groups -= 1;
        break;
      case 5:
        s.at += 4;
        break;
      default:
        return false;
    }
  }
  return s.at === end;
};

const valueField = (map: FieldData): FieldData => ({ ...map, key: undefined });

const countBlock = (s: Scan, field: FieldData | undefined, end: number, depth: number): boolean => {
  const blockEnd = varint(s) + s.at;
  if (blockEnd > end) return false;
  if (field?.key !== undefined) {
    count(s, 1);
    if (field.type === 'message' && !countFields(s, field, blockEnd, depth + 1)) return false;
  } else if (field?.type === 'message') {
    count(s, 1);
    if (!countFields(s, field.of!, blockEnd, depth + 1)) return false;
  } else if (field?.repeated && is64(field)) {
    count(s, packedItems(s, field, blockEnd));
  }
  s.at = blockEnd;
  return true;
};

const is64 = (field: FieldData): boolean => field.type.endsWith('64');

const packedItems = (s: Scan, field: FieldData, end: number): number => {
  if (field.type.includes('fixed')) return (end - s.at) / 8;
  let items = 0;
  for (let i = s.at; i < end; i += 1) if (s.bytes[i]! < 0x80) items += 1;
  return items;
};

const count = (s: Scan, items: number): void => {
  s.items += items;
  if (s.items > messageItemsMax) throw tooManyItems(s.message);
};

/** The low 32 bits, unsigned; past the end it reads as zero and moves on, which ends the walk. */
const varint = (s: Scan): number => {
  let value = 0;
  for (let shift = 0; shift < 70; shift += 7) {
    const byte = s.bytes[s.at] ?? 0;
    s.at += 1;
    if (shift < 32) value |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return value >>> 0;
};
