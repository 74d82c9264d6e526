/**
 * Nodes that know nothing of micro: plain gRPC servers that were registered by hand. They answer under their proto full names only and read
 * protobuf only, where micro's own nodes answer under any prefix and read JSON as well. What the registry holds of them, in both directions.
 */

import type { Node } from '../contract/registry.ts';
import { parsePath, type RpcPath } from './path.ts';

/** Whether the node is such a server. */
export const isForeign = ({ metadata }: Pick<Node, 'metadata'>): boolean => metadata.codec === 'proto';

/** What a foreign node's metadata holds besides what people add: its proto full names, and what it reads. */
export const foreignMetadata = (fullNames: readonly string[]): Readonly<Record<string, string>> => ({
  codec: 'proto',
  grpc: fullNames.join(','),
  protocol: 'grpc',
  server: 'grpc',
  transport: 'grpc',
});

/** The proto full names that a node registers. */
export const fullNamesAt = ({ metadata }: Pick<Node, 'metadata'>): readonly string[] =>
  (metadata.grpc ?? '').split(',').flatMap((text) => (text.trim() === '' ? [] : [text.trim()]));

/** Type of `Type.Method` -> full name: the last part, or all parts in one word where several full names end alike (`a.v1.Echo` -> `AV1Echo`). */
export const typesOf = (fullNames: readonly string[]): ReadonlyMap<string, string> => {
  const types = new Map<string, string>();
  for (const [last, names] of Map.groupBy(fullNames, lastPart))
    for (const name of names) types.set(names.length === 1 ? last : oneWord(name), name);
  return types;
};

const lastPart = (fullName: string): string => fullName.slice(fullName.lastIndexOf('.') + 1);

const oneWord = (fullName: string): string => fullName.replace(/(?:^|\.)(.)/g, (_, c: string) => c.toUpperCase());

/**
 * The endpoint that a path means at this node, whichever of its names the path uses: one method has one name for rules. A path that the node has
 * nothing for means what it says.
 */
export const endpointAt = (node: Pick<Node, 'metadata'>, path: RpcPath): string => {
  if (!isForeign(node)) return path.endpoint;
  for (const [type, name] of typesOf(fullNamesAt(node)))
    if (name === `${path.service}.${path.type}`) return `${type}.${path.method}`;
  return path.endpoint;
};

/** The path a node is called with: its own full name where it knows no other. A path that is already one, or that the node has nothing for, stays. */
export const pathAt = (node: Pick<Node, 'metadata'>, path: string): string => {
  if (!isForeign(node)) return path;
  const parsed = parsePath(path);
  const fullNames = fullNamesAt(node);
  if (parsed === undefined || fullNames.includes(`${parsed.service}.${parsed.type}`)) return path;
  const fullName = typesOf(fullNames).get(parsed.type);
  return fullName === undefined ? path : `/${fullName}/${parsed.method}`;
};
