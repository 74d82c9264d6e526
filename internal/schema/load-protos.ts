/**
 * Loads a service author's own .proto files at run time. Reflection is allowed here, because these are the service's own files; schemas that
 * come from elsewhere are never loaded (docs/adr/0005). Faults name file and line.
 */

import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import protobuf from 'protobufjs';

import { badRequest } from '../contract/error.ts';
import type { Codec, MethodKind, ValueTree } from '../contract/handler.ts';
import type { FileDescriptorProto } from '../../proto/gen/descriptor.gen.ts';
import { createCodec } from './codec.ts';
import { describeFiles } from './describe-files.ts';
import { fileCodec } from './descriptor-file.ts';
import type { FieldData, SchemaData } from './schema-data.ts';
import { valueTree } from './value-tree.ts';

export interface ProtoMethod {
  readonly name: string;
  readonly kind: MethodKind;
  readonly request: Codec;
  readonly response: Codec;
  describe(): { readonly request: ValueTree; readonly response: ValueTree };
}

export interface ProtoService {
  /** With the package: `helloworld.Helloworld`. */
  readonly fullName: string;
  readonly name: string;
  readonly methods: readonly ProtoMethod[];
}

export interface ProtoSet {
  readonly services: readonly ProtoService[];
  /** The files, and what they import, as FileDescriptorProto bytes under names relative to their common folder. Made when asked for. */
  descriptors(): readonly Uint8Array[];
}

const id = 'micro.protos';

/** Reads the files and what they import (relative to the importing file, then to any of the files' folders). Throws badRequest `file:line: message`. */
export const loadProtos = (files: readonly string[]): ProtoSet => {
  const root = parseAll(files);
  const types: protobuf.Type[] = [];
  const enums: protobuf.Enum[] = [];
  const services: protobuf.Service[] = [];
  walk(root, (o) => {
    if (o instanceof protobuf.Type) types.push(o);
    else if (o instanceof protobuf.Enum) enums.push(o);
    else if (o instanceof protobuf.Service) services.push(o);
  });
  const schema: SchemaData = {
    messages: Object.fromEntries(types.map((t) => [fullName(t), t.fieldsArray.map(fieldData)])),
    enums: Object.fromEntries(enums.map((e) => [fullName(e), { ...e.values }])),
  };
  return { services: services.map((s) => serviceOf(s, schema)), descriptors: () => descriptorsOf(root) };
};

const descriptorsOf = (root: protobuf.Root): readonly Uint8Array[] => {
  const own = root.files.filter((file) => isAbsolute(file) && existsSync(file));
  const base = commonFolder(own);
  const files = describeFiles(root, (path) => relative(base, resolve(path)).replaceAll('\\', '/'));
  return files.map((file) => fileCodec.encode(file as FileDescriptorProto));
};

/** The deepest folder that holds all of the files. */
const commonFolder = (files: readonly string[]): string => {
  let folder = dirname(files[0] ?? '.');
  while (files.some((file) => relative(folder, file).startsWith('..'))) folder = dirname(folder);
  return folder;
};

const parseAll = (files: readonly string[]): protobuf.Root => {
  const root = new protobuf.Root();
  const folders = [...new Set(files.map((f) => dirname(resolve(f))))];
  root.resolvePath = (origin, target) => {
    if (isAbsolute(target)) return target;
    const beside = join(dirname(origin || '.'), target);
    const candidates = [
      beside,
      ...folders.map((f) => join(f, target)),
      ...folders.map((f) => join(dirname(f), target)),
    ];
    return candidates.find((f) => existsSync(f)) ?? beside;
  };
  let current = files[0] ?? '';
  try {
    for (const file of files) {
      current = file;
      root.loadSync(resolve(file), { keepCase: true });
    }
    root.resolveAll();
  } catch (e) {
    throw badRequest(id, faultOf(e, current, [...files.map((f) => resolve(f)), ...root.files]), { cause: e });
  }
  return root;
};

/** Faults of grammar end in `(file, line N)`; others name what is wrong, whose line is looked up. Editors and people expect `file:line: message`. */
const faultOf = (e: unknown, current: string, files: readonly string[]): string => {
  const message = e instanceof Error ? e.message : String(e);
  const place = /^(.*?)\s*\((?:(.+), )?line (\d+)\)$/s.exec(message);
  if (place) return `${place[2] ?? current}:${place[3]}: ${place[1]}`;
  const missing = missingFile(e);
  if (missing === resolve(current)) return `${current}: no such file`;
  const text = missing === undefined ? message : `cannot find the imported file ${basename(missing)}`;
  const sought =
    missing === undefined ? soughtLine(message) : new RegExp(`^\\s*import\\b.*${quoted(basename(missing))}`);
  return `${(sought && placeOf(sought, [current, ...files])) ?? current}: ${text}`;
};

const missingFile = (e: unknown): string | undefined =>
  e instanceof Error && 'code' in e && e.code === 'ENOENT' && 'path' in e ? String(e.path) : undefined;

/** What the line at fault looks like, by protobufjs's words for the fault. */
const soughtLine = (message: string): RegExp | undefined => {
  const unknown = /^no such (?:type: |Type or Enum ')([\w.]+)/.exec(message)?.[1];
  if (unknown) return new RegExp(`(?<![\\w.])${quoted(unknown)}(?!\\w)`);
  const twice = /^duplicate name '(\w+)'/.exec(message)?.[1];
  if (twice) return new RegExp(`\\b(message|enum|service|rpc)\\s+${twice}\\b|\\b${twice}\\s*=`);
  const holder = / in (?:Type|Enum) \.?(?:\w+\.)*(\w+)$/.exec(message)?.[1];
  return holder ? new RegExp(`\\b(message|enum)\\s+${holder}\\b`) : undefined;
};

const quoted = (text: string): string => text.replace(/[^\w]/g, (c) => `\\${c}`);

/** `file:line` of the last line that looks so, in the first file that has one. */
const placeOf = (sought: RegExp, files: readonly string[]): string | undefined => {
  for (const file of new Set(files)) {
    if (!existsSync(file)) continue;
    const lines = readFileSync(file, 'utf8').split('\n');
    const line = lines.findLastIndex((text) => sought.test(text.replace(/\/\/.*$/, '')));
    if (line >= 0) return `${file}:${line + 1}`;
  }
  return undefined;
};

const walk = (ns: protobuf.NamespaceBase, visit: (o: protobuf.ReflectionObject) => void): void => {
  for (const o of ns.nestedArray) {
    visit(o);
    if (o instanceof protobuf.Namespace) walk(o, visit);
  }
};

const fullName = (o: protobuf.ReflectionObject): string => o.fullName.replace(/^\./, '');

const serviceOf = (service: protobuf.Service, schema: SchemaData): ProtoService => ({
  fullName: fullName(service),
  name: service.name,
  methods: service.methodsArray.map((m) => {
    const request = m.resolvedRequestType!;
    const response = m.resolvedResponseType!;
    return {
      name: m.name,
      kind: kindOf(m),
      request: createCodec(() => request, schema, fullName(request)),
      response: createCodec(() => response, schema, fullName(response)),
      describe: () => ({
        request: valueTree(schema, fullName(request)),
        response: valueTree(schema, fullName(response)),
      }),
    };
  }),
});

const kindOf = (m: protobuf.Method): MethodKind => {
  if (m.requestStream) return m.responseStream ? 'bidi' : 'client-stream';
  return m.responseStream ? 'server-stream' : 'unary';
};

const fieldData = (f: protobuf.Field): FieldData => ({
  id: f.id,
  name: f.name,
  ...(f.resolvedType
    ? { type: f.resolvedType instanceof protobuf.Type ? 'message' : 'enum', of: fullName(f.resolvedType) }
    : { type: f.type }),
  ...(f instanceof protobuf.MapField ? { key: f.keyType } : {}),
  ...(f.repeated ? { repeated: true } : {}),
  ...(f.partOf || f.options?.proto3_optional === true ? { optional: true } : {}),
});
