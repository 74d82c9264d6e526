/**
 * One FileDescriptorProto and sets of them, as reflection passes them around: read with our own generated code and within named bounds, since
 * they may be a stranger's. The bytes stay as they came. Makes no code and resolves no types.
 */

import { type DescriptorProto, data, type FileDescriptorProto } from '../../proto/gen/descriptor.gen.ts';
import { badRequest } from '../contract/error.ts';
import type { Codec } from '../contract/handler.ts';
import {
  descriptorBytesMax,
  descriptorDepthMax,
  descriptorNameCharsMax,
  descriptorSymbolsMax,
} from '../contract/limits.ts';
import { messageCodec } from './api.ts';

export interface DescriptorFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly proto: FileDescriptorProto;
  /** Full names of its messages, enums, services and methods. */
  readonly symbols: readonly string[];
}

/** Some files, found by name and by what they declare. The first one wins where two say the same. */
export interface DescriptorFiles {
  readonly files: readonly DescriptorFile[];
  named(name: string): DescriptorFile | undefined;
  containing(symbol: string): DescriptorFile | undefined;
  /** The file, then everything that it imports and that is here. */
  withImports(file: DescriptorFile): readonly DescriptorFile[];
}

const id = 'descriptor';
/** The codec of FileDescriptorProto. */
export const fileCodec: Codec<FileDescriptorProto> = messageCodec(data, 'google.protobuf.FileDescriptorProto');

/** Throws badRequest that names the file for bytes that are no descriptor or are over a bound. */
export const descriptorFile = (bytes: Uint8Array): DescriptorFile => {
  if (bytes.length > descriptorBytesMax)
    throw badRequest(id, `a descriptor of ${bytes.length} bytes is over descriptorBytesMax (${descriptorBytesMax})`);
  const proto = fileCodec.decode(bytes);
  if (proto.name === '' || proto.name.length > descriptorNameCharsMax)
    throw badRequest(
      id,
      `a descriptor's file name is empty or over descriptorNameCharsMax (${descriptorNameCharsMax})`,
    );
  return { name: proto.name, bytes, proto, symbols: symbolsOf(proto) };
};

export const descriptorFiles = (files: Iterable<DescriptorFile>): DescriptorFiles => {
  const byName = new Map<string, DescriptorFile>();
  const bySymbol = new Map<string, DescriptorFile>();
  for (const file of files) {
    if (byName.has(file.name)) continue;
    byName.set(file.name, file);
    for (const symbol of file.symbols) if (!bySymbol.has(symbol)) bySymbol.set(symbol, file);
  }
  return {
    files: [...byName.values()],
    named: (name) => byName.get(name),
    containing: (symbol) => bySymbol.get(symbol),
    withImports: (file) => {
      const found = new Set([file]);
      for (const { proto } of found)
        for (const name of proto.dependency) {
          const needed = byName.get(name);
          if (needed !== undefined) found.add(needed);
        }
      return [...found];
    },
  };
};

// A name ends up in paths, help and terminals: nothing that any of them could read another way.
const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;
const packagePattern = /^([A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*)?$/;

const symbolsOf = (file: FileDescriptorProto): readonly string[] => {
  const symbols: string[] = [];
  const fail = (why: string): never => {
    throw badRequest(id, `${file.name}: ${why}`);
  };
  const add = (above: string, name: string): string => {
    if (!namePattern.test(name)) fail(`${JSON.stringify(name.slice(0, shownChars))} is no name`);
    const full = above === '' ? name : `${above}.${name}`;
    if (full.length > descriptorNameCharsMax) fail(`a name is over descriptorNameCharsMax (${descriptorNameCharsMax})`);
    if (symbols.push(full) > descriptorSymbolsMax)
      fail(`more than ${descriptorSymbolsMax} names (descriptorSymbolsMax)`);
    return full;
  };
  const addMessage = (above: string, message: DescriptorProto, depth: number): void => {
    if (depth > descriptorDepthMax) fail(`messages nested deeper than descriptorDepthMax (${descriptorDepthMax})`);
    const full = add(above, message.name);
    for (const { name } of message.field) if (!namePattern.test(name)) fail(`field ${full}.${name} has no name`);
    for (const inner of message.nested_type) addMessage(full, inner, depth + 1);
    for (const inner of message.enum_type) add(full, inner.name);
  };
  if (!packagePattern.test(file.package)) fail('its package is no name');
  for (const message of file.message_type) addMessage(file.package, message, 1);
  for (const one of file.enum_type) add(file.package, one.name);
  for (const service of file.service) {
    const full = add(file.package, service.name);
    for (const method of service.method) add(full, method.name);
  }
  return symbols;
};

const shownChars = 60;
