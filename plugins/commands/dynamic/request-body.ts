/** Builds the JSON request of a dynamic command from its flags and the registered fields (cli.md 3.4). Pure; throws ExitError 128. */

import { nearest } from '../../../internal/cli/suggest.ts';
import { ExitError } from '../../../internal/contract/error.ts';

import { CoerceError, coerce } from './coerce.ts';
import { flagName, type RequestField, type RequestFields } from './request-fields.ts';

/** Flag name -> its texts; empty for a flag without a value. */
type Flags = ReadonlyMap<string, readonly string[]>;
/** A leaf is JSON text. */
type Tree = Map<string, Tree | string>;

/** An object with sorted keys; values as `coerce` writes them. */
export const requestBody = (flags: Flags, fields: RequestFields): string => {
  const root: Tree = new Map();
  for (const [field, texts] of byField(flags, fields)) put(root, field, fieldText(field, texts));
  return write(root);
};

/** The request of an endpoint whose shape is not registered (v3 streams): texts as they are, bare flags as true. */
export const untypedBody = (flags: Flags): string => {
  const root: Tree = new Map();
  for (const [name, texts] of flags) root.set(name, texts.length === 0 ? 'true' : JSON.stringify(texts[0]));
  return write(root);
};

/** Two spellings of one field are one field. */
const byField = (flags: Flags, fields: RequestFields): ReadonlyMap<RequestField, readonly string[]> => {
  const found = new Map<RequestField, readonly string[]>();
  for (const [name, texts] of flags) {
    const field = fields.find(name);
    if (field === undefined) throw unknownFlag(name, fields);
    found.set(field, [...(found.get(field) ?? []), ...texts]);
  }
  return found;
};

const unknownFlag = (name: string, fields: RequestFields): ExitError => {
  const near = nearest(name, fields.all.map(flagName));
  return new ExitError(`Unknown flag: ${name}`, 128, { hint: near && `did you mean --${near}?` });
};

const fieldText = (field: RequestField, texts: readonly string[]): string => {
  try {
    const text = coerce(field.leaf ? field.type : `message ${field.type}`, texts);
    if (!field.leaf && !text.startsWith('{')) throw new CoerceError(`${field.type} is not a JSON object`);
    return text;
  } catch (e) {
    if (!(e instanceof CoerceError)) throw e;
    throw new ExitError(e.message, 128, { cause: e, hint: `--${flagName(field)} takes ${expected(field)}` });
  }
};

const expected = (field: RequestField): string => {
  if (!field.leaf) return `${field.type} as a JSON object, or its fields one by one: --${flagName(field)}_…`;
  if (field.type === '[]uint8') return 'bytes as base64';
  if (field.type.startsWith('map[')) return `${field.type} as a JSON object or as key=value pairs`;
  return field.type;
};

const put = (root: Tree, field: RequestField, text: string): void => {
  let at = root;
  for (const name of field.path.slice(0, -1)) {
    const below = at.get(name) ?? new Map<string, Tree | string>();
    if (typeof below === 'string') throw givenTwice(field);
    at.set(name, below);
    at = below;
  }
  const last = field.path.at(-1) ?? '';
  if (at.has(last)) throw givenTwice(field);
  at.set(last, text);
};

const givenTwice = (field: RequestField): ExitError =>
  new ExitError(`Error parsing request, duplicate key: ${flagName(field)}`, 128, {
    hint: 'give a message either as JSON or field by field',
  });

const write = (tree: Tree): string => {
  const entries = [...tree].sort(([a], [b]) => (a < b ? -1 : 1));
  const members = entries.map(
    ([key, value]) => `${JSON.stringify(key)}:${typeof value === 'string' ? value : write(value)}`,
  );
  return `{${members.join(',')}}`;
};
