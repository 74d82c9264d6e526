/** Tables of fields as JSON and back: what a plugin.json says of its settings and flags. Defaults of 64 bits are text, bytes are base64, durations milliseconds. */

import type { FieldSpec, FieldSpecs, FieldType } from '../contract/field.ts';
import { pluginFieldDepthMax } from '../contract/limits.ts';
import { type JsonObject, readObject, wrong } from './json-reader.ts';

const types: readonly FieldType[] = [
  'string',
  'bool',
  'int32',
  'int64',
  'uint32',
  'uint64',
  'float',
  'double',
  'bytes',
  'enum',
  'map',
  'message',
  'duration',
  'json',
];
const namePattern = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;

/** Throws ExitError naming the place of whatever does not fit. */
export const readFields = (value: unknown, where: string, depth = 1): FieldSpecs => {
  if (depth > pluginFieldDepthMax)
    throw wrong(where, `nested deeper than pluginFieldDepthMax (${pluginFieldDepthMax})`);
  const table = readObject(value, where);
  const fields: Record<string, FieldSpec> = {};
  for (const name of table.keys) {
    if (!namePattern.test(name) || name in Object.prototype)
      throw wrong(where, `${JSON.stringify(name)} is no name: want snake_case`);
    fields[name] = readField(table.raw(name), table.place(name), depth);
  }
  return fields;
};

const readField = (value: unknown, where: string, depth: number): FieldSpec => {
  const o = readObject(value, where);
  const type = types.find((t) => t === o.raw('type'));
  if (type === undefined) throw wrong(o.place('type'), `want one of ${types.join(', ')}`);
  const values = o.texts('values');
  if ((type === 'enum') !== values.length > 0) throw wrong(o.place('values'), 'an enum has values, nothing else has');
  const spec: FieldSpec = {
    type,
    typeName: o.optionalText('typeName'),
    values: values.length > 0 ? values : undefined,
    fields: o.raw('fields') === undefined ? undefined : readFields(o.raw('fields'), o.place('fields'), depth + 1),
    item: o.raw('item') === undefined ? undefined : readField(o.raw('item'), o.place('item'), depth + 1),
    doc: o.text('doc'),
    list: o.flag('list') || undefined,
    required: o.flag('required') || undefined,
    default: readDefault(o.raw('default'), type, values, o.place('default')) as FieldSpec['default'],
    env: o.optionalText('env', { pattern: /^[A-Z][A-Z0-9_]*$/, want: 'the name of a variable' }),
    short: o.optionalText('short', { pattern: /^[A-Za-z]$/, want: 'one letter' }),
    alias: o.optionalText('alias', { pattern: namePattern, want: 'snake_case' }),
    secret: o.flag('secret') || undefined,
  };
  o.end();
  return Object.fromEntries(Object.entries(spec).filter(([, part]) => part !== undefined)) as unknown as FieldSpec;
};

const readDefault = (value: unknown, type: FieldType, values: readonly string[], where: string): unknown => {
  if (value === undefined) return undefined;
  const typed = defaultOf(value, type, values);
  if (typed === undefined) throw wrong(where, `does not fit the type ${type}`);
  return typed;
};

/** Undefined for what does not fit. */
const defaultOf = (value: unknown, type: FieldType, values: readonly string[]): unknown => {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : undefined;
    case 'enum':
      return typeof value === 'string' && values.includes(value) ? value : undefined;
    case 'bool':
      return typeof value === 'boolean' ? value : undefined;
    case 'int32':
    case 'uint32':
      return Number.isInteger(value) && (type === 'int32' || Number(value) >= 0) ? value : undefined;
    case 'float':
    case 'double':
      return typeof value === 'number' ? value : undefined;
    case 'duration':
      return typeof value === 'number' && value >= 0 ? value : undefined;
    case 'int64':
    case 'uint64':
      return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined;
    case 'bytes':
      return typeof value === 'string' ? new Uint8Array(Buffer.from(value, 'base64')) : undefined;
    case 'map':
    case 'message':
      return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
    case 'json':
      return value;
  }
};

/** What readFields reads back to an equal table. */
export const fieldsJson = (specs: FieldSpecs): JsonObject =>
  Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, fieldJson(spec)]));

const fieldJson = (spec: FieldSpec): JsonObject => ({
  ...spec,
  ...(spec.fields === undefined ? {} : { fields: fieldsJson(spec.fields) }),
  ...(spec.item === undefined ? {} : { item: fieldJson(spec.item) }),
  ...(spec.default === undefined ? {} : { default: defaultJson(spec.default) }),
});

const defaultJson = (value: unknown): unknown => {
  if (typeof value === 'bigint') return String(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
};
