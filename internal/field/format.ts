/** Typed value -> text by FieldSpec: what parseField reads back as the same value. */

import type { FieldSpec } from '../contract/field.ts';
import { formatDuration } from '../time/duration.ts';
import { formatJsonText } from './json-text.ts';

/** One text for the whole value, lists included; `***` for a secret. */
export const formatField = (spec: FieldSpec, value: unknown): string => {
  if (spec.secret) return '***';
  if (!spec.list) return formatOne(spec, value);
  const items = value as readonly unknown[];
  if (isJson(spec)) return formatJsonText(items);
  const texts = items.map((item) => formatOne(spec, item));
  return texts.some(needsQuotes) || texts.length === 0 ? JSON.stringify(texts) : texts.join(',');
};

const isJson = (spec: FieldSpec): boolean => spec.type === 'message' || spec.type === 'map' || spec.type === 'json';

const needsQuotes = (text: string): boolean => text === '' || text.includes(',') || text.trimStart().startsWith('[');

const formatOne = (spec: FieldSpec, value: unknown): string => {
  switch (spec.type) {
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('base64');
    case 'duration':
      return formatDuration(value as number);
    case 'map':
    case 'message':
    case 'json':
      return formatJsonText(value);
    default:
      return Object.is(value, -0) ? '-0' : String(value);
  }
};
