/** Query strings and forms as JSON objects (wire.md 6.5): nesting by brackets and dots, values typed by the endpoint's registered request where it says so. Pure. */

import { badRequest } from '../../../internal/contract/error.ts';
import type { ValueTree } from '../../../internal/contract/handler.ts';
import { queryDepthMax, queryFieldsMax } from '../../../internal/contract/limits.ts';
import { emptyObject, isObject, type Json, type JsonObject, tryParse } from './exact-json.ts';

interface Pair {
  readonly name: string;
  readonly text: string;
}

/** The object a query string stands for. Throws badRequest for a part without `=`, broken escapes and names that contradict each other. */
export const parseQuery = (query: string, shape: ValueTree | undefined): JsonObject => {
  const object = emptyObject();
  for (const { name, text } of pairsOf(query)) set(object, { path: pathOf(name), name, text, shape });
  return object;
};

/** The object of a form: every value is a text, repeated ones are joined with commas. */
export const parseForm = (...sources: readonly string[]): JsonObject => {
  const object = emptyObject();
  for (const { name, text } of sources.flatMap(pairsOf)) {
    const before = object[name];
    object[name] = typeof before === 'string' ? `${before},${text}` : text;
  }
  return object;
};

const pairsOf = (query: string): readonly Pair[] => {
  if (query === '') return [];
  const parts = query.split('&');
  if (parts.length > queryFieldsMax)
    throw badRequest('go.micro.api', `too many query fields (queryFieldsMax: ${queryFieldsMax})`);
  return parts.map((part) => {
    const at = part.indexOf('=');
    if (at < 1) throw badRequest('go.micro.api', `malformed query field: ${part}`, { hint: 'write it as NAME=VALUE' });
    return { name: unescaped(part.slice(0, at)), text: unescaped(part.slice(at + 1)) };
  });
};

const unescaped = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (cause) {
    throw badRequest('go.micro.api', `malformed escape in query: ${text}`, { cause });
  }
};

/** `a[b][]` and `a.b` as their keys; the empty key stands for the next place of a list. */
const pathOf = (name: string): readonly string[] => {
  const [head = '', ...rest] = name.split('[');
  const inner = rest.map((key) => {
    if (!key.endsWith(']')) throw badRequest('go.micro.api', `malformed query field: ${name}`);
    return key.slice(0, -1);
  });
  const path = [...head.split('.'), ...inner];
  if (path.length > queryDepthMax)
    throw badRequest('go.micro.api', `query field is nested too deep (queryDepthMax: ${queryDepthMax})`);
  if (path.slice(0, -1).includes('') || head === '' || head.split('.').includes(''))
    throw badRequest('go.micro.api', `malformed query field: ${name}`);
  return path;
};

interface Assignment extends Pair {
  readonly path: readonly string[];
  readonly shape: ValueTree | undefined;
}

const set = (object: JsonObject, { path, name, text, shape }: Assignment): void => {
  const isAppend = path.at(-1) === '';
  const keys = isAppend ? path.slice(0, -1) : path;
  let at = object;
  let tree = shape;
  for (const key of keys.slice(0, -1)) {
    tree = fieldOf(tree, key);
    const next = at[key] ?? emptyObject();
    if (!isObject(next)) throw contradiction(name);
    at[key] = next;
    at = next;
  }
  const last = keys.at(-1) ?? '';
  const type = fieldOf(tree, last)?.type;
  const before = at[last];
  if (isAppend || type?.startsWith('[]')) {
    if (before !== undefined && !Array.isArray(before)) throw contradiction(name);
    at[last] = [...(before ?? []), typedValue(text, type?.replace(/^\[\]/, ''))];
    return;
  }
  if (isObject(before) || Array.isArray(before)) throw contradiction(name);
  at[last] = typedValue(text, type);
};

const contradiction = (name: string) => badRequest('go.micro.api', `query field contradicts another one: ${name}`);

/** Proto names and their camel case are the same field. */
const fieldOf = (tree: ValueTree | undefined, key: string): ValueTree | undefined => {
  const plain = (name: string): string => name.replaceAll('_', '').toLowerCase();
  return tree?.values.find((v) => v.name === key) ?? tree?.values.find((v) => plain(v.name) === plain(key));
};

/** Text for text fields, so that `name=007` arrives as it stands; elsewhere JSON when it is JSON, as in v3. */
const typedValue = (text: string, type: string | undefined): Json => {
  const parsed = tryParse(text);
  if (type === 'string') return typeof parsed === 'string' ? parsed : text;
  return parsed === undefined ? text : parsed;
};
