/** A registered request shape -> the flags that fill it (cli.md 3.4, 3.5). Knows nothing of argv; what a registry says is untrusted text. */

import type { FieldSpec, FieldType } from '../contract/field.ts';
import type { ValueTree } from '../contract/handler.ts';
import { valueTreeDepthMax } from '../contract/limits.ts';

export interface Flag {
  /** Field names from the request down to the leaf. */
  readonly path: readonly string[];
  /** The registered type text, shown in help. */
  readonly type: string;
  readonly spec: FieldSpec;
}

/** Leaves in field order; a field without children is a leaf, an empty message included. */
export const flagsOf = (request: ValueTree | undefined): readonly Flag[] =>
  (request?.values ?? []).flatMap((v) => leaves(v, [], 1));

const leaves = (tree: ValueTree, above: readonly string[], depth: number): readonly Flag[] => {
  const path = [...above, tree.name];
  const inner = tree.values ?? [];
  if (inner.length === 0 || depth >= valueTreeDepthMax) return [{ path, type: tree.type, spec: specOf(tree.type) }];
  return inner.flatMap((v) => leaves(v, path, depth + 1));
};

/** A message that has fields of its own may also be given whole, as JSON; its flag is not listed in help. */
export const messageFlagsOf = (request: ValueTree | undefined): readonly Flag[] =>
  (request?.values ?? []).flatMap((v) => messages(v, [], 1));

const messages = (tree: ValueTree, above: readonly string[], depth: number): readonly Flag[] => {
  const inner = tree.values ?? [];
  if (inner.length === 0 || depth >= valueTreeDepthMax) return [];
  const path = [...above, tree.name];
  return [
    { path, type: tree.type, spec: { type: 'message', doc: '' } },
    ...inner.flatMap((v) => messages(v, path, depth + 1)),
  ];
};

const scalars: Readonly<Record<string, FieldType>> = {
  string: 'string',
  bool: 'bool',
  int32: 'int32',
  int64: 'int64',
  uint32: 'uint32',
  uint64: 'uint64',
  float32: 'float',
  float64: 'double',
  '[]uint8': 'bytes',
};

/**
 * The FieldSpec of a registered type text. A name that is no scalar is an enum or a message without fields; the registry does not say which,
 * so its text is passed on and the service judges it.
 */
export const specOf = (type: string): FieldSpec => {
  const scalar = Object.hasOwn(scalars, type) ? scalars[type] : undefined;
  if (scalar) return { type: scalar, typeName: type, doc: '' };
  const map = /^map\[\w*\](.*)$/s.exec(type);
  if (map) return { type: 'map', typeName: type, item: itemOf(map[1]!), doc: '' };
  if (type.startsWith('[]')) return { ...itemOf(type.slice(2)), typeName: type, list: true };
  return { type: 'enum', typeName: type, doc: '' };
};

/** Lists and maps hold no lists and maps in protobuf, so a text that says so is not followed. */
const itemOf = (type: string): FieldSpec =>
  /^\[\](?!uint8$)|^map\[/.test(type) ? { type: 'json', typeName: type, doc: '' } : specOf(type);
