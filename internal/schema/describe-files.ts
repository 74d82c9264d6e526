/**
 * Writes down .proto files that protobufjs has read as the descriptors that reflection serves. Options other than those of the wire form,
 * extensions and comments are left out; what a file needs of others follows from the types it names.
 */

import protobuf from 'protobufjs';

import type {
  DescriptorProto,
  EnumDescriptorProto,
  FieldDescriptorProto,
  FileDescriptorProto,
  MethodDescriptorProto,
  ServiceDescriptorProto,
} from '../../proto/gen/descriptor.gen.ts';
import type { Input } from './api.ts';

/** A FileDescriptorProto with the fields that are set. */
export type FileInput = Input<FileDescriptorProto> & { readonly name: string };

/** One descriptor per file that declares anything, in no order that means something. `nameOf` turns a path into the name that other files import it by. */
export const describeFiles = (root: protobuf.Root, nameOf: (path: string) => string): readonly FileInput[] => {
  const files = new Map<string, Collected>();
  collect(root, files, nameOf);
  return [...files].map(([name, parts]) => fileOf(name, parts, nameOf));
};

interface Collected {
  readonly package: string;
  readonly types: protobuf.Type[];
  readonly enums: protobuf.Enum[];
  readonly services: protobuf.Service[];
}

/** What stands at the top of the files: the members of packages. */
const collect = (ns: protobuf.NamespaceBase, files: Map<string, Collected>, nameOf: (path: string) => string): void => {
  for (const o of ns.nestedArray) {
    const isType = o instanceof protobuf.Type;
    const isService = o instanceof protobuf.Service;
    const isEnum = o instanceof protobuf.Enum;
    if (!isType && !isService && !isEnum) {
      if (o instanceof protobuf.Namespace) collect(o, files, nameOf);
      continue;
    }
    const name = fileNameOf(o, nameOf);
    if (name === undefined) continue;
    const parts = files.get(name) ?? { package: bare(ns.fullName), types: [], enums: [], services: [] };
    files.set(name, parts);
    if (isType) parts.types.push(o);
    else if (isEnum) parts.enums.push(o);
    else parts.services.push(o);
  }
};

/** protobufjs brings protobuf's own files along, and does not say where each of their types comes from. */
const fileNameOf = (o: protobuf.ReflectionObject, nameOf: (path: string) => string): string | undefined =>
  o.filename ? nameOf(o.filename) : wellKnownFile(o);

const wellKnownFile = (o: protobuf.ReflectionObject): string | undefined => {
  if (bare(o.parent?.fullName ?? '') !== 'google.protobuf') return undefined;
  for (const [name, json] of Object.entries(protobuf.common)) {
    if (!name.startsWith('google/protobuf/')) continue;
    const { nested } = json as { nested?: { google: { nested: { protobuf: { nested: Record<string, unknown> } } } } };
    if (nested !== undefined && Object.hasOwn(nested.google.nested.protobuf.nested, o.name)) return name;
  }
  return undefined;
};

const bare = (fullName: string): string => fullName.replace(/^\./, '');

const fileOf = (name: string, parts: Collected, nameOf: (path: string) => string): FileInput => {
  const needed = new Set<string>();
  const refer = (o: protobuf.ReflectionObject | null): string => {
    const top = o && topOf(o);
    const file = top ? fileNameOf(top, nameOf) : undefined;
    if (file !== undefined && file !== name) needed.add(file);
    return o?.fullName ?? '';
  };
  const message_type = parts.types.map((t) => messageOf(t, refer));
  const service = parts.services.map((s) => serviceOf(s, refer));
  return {
    name,
    package: parts.package,
    dependency: [...needed].sort(),
    message_type,
    enum_type: parts.enums.map(enumOf),
    service,
    ...(isProto3(parts.types[0] ?? parts.enums[0] ?? parts.services[0]) ? { syntax: 'proto3' } : {}),
  };
};

const topOf = (o: protobuf.ReflectionObject): protobuf.ReflectionObject => {
  let at = o;
  while (at.parent instanceof protobuf.Type) at = at.parent;
  return at;
};

/** protobufjs keeps the syntax as an edition, on the type or on what is above it; its own files are proto3. */
const isProto3 = (o: protobuf.ReflectionObject | undefined): boolean => {
  for (let at: protobuf.ReflectionObject | null | undefined = o; at; at = at.parent) {
    const edition = (at as { readonly _edition?: string | null })._edition;
    if (edition) return edition !== 'proto2';
  }
  return true;
};

type Refer = (o: protobuf.ReflectionObject | null) => string;

const messageOf = (type: protobuf.Type, refer: Refer): Input<DescriptorProto> => {
  const nested = type.nestedArray;
  const maps = type.fieldsArray.filter((f) => f instanceof protobuf.MapField);
  // Those that stand for one optional field come last, as protobuf wants it.
  const oneofs = type.oneofsArray.toSorted((a, b) => Number(a.isProto3Optional) - Number(b.isProto3Optional));
  return {
    name: type.name,
    field: type.fieldsArray.map((f) => fieldOf(f, oneofs, refer)),
    nested_type: [
      ...nested.filter((o) => o instanceof protobuf.Type).map((t) => messageOf(t, refer)),
      ...maps.map((f) => mapEntry(f, refer)),
    ],
    enum_type: nested.filter((o) => o instanceof protobuf.Enum).map(enumOf),
    oneof_decl: oneofs.map(({ name }) => ({ name })),
  };
};

const entryName = (field: protobuf.FieldBase): string =>
  `${field.name.replace(/(?:^|_)([a-zA-Z0-9])/g, (_, c: string) => c.toUpperCase()).replaceAll('_', '')}Entry`;

const mapEntry = (field: protobuf.MapField, refer: Refer): Input<DescriptorProto> => ({
  name: entryName(field),
  field: [
    { name: 'key', number: 1, label: 'LABEL_OPTIONAL', type: scalarType(field.keyType), json_name: 'key' },
    { name: 'value', number: 2, label: 'LABEL_OPTIONAL', ...typeOf(field, refer), json_name: 'value' },
  ],
  options: { map_entry: true },
});

const fieldOf = (
  field: protobuf.Field,
  oneofs: readonly protobuf.OneOf[],
  refer: Refer,
): Input<FieldDescriptorProto> => {
  const isMap = field instanceof protobuf.MapField;
  const type: ReturnType<typeof typeOf> = isMap
    ? { type: 'TYPE_MESSAGE', type_name: `${field.parent?.fullName}.${entryName(field)}` }
    : typeOf(field, refer);
  const packed: unknown = field.options?.packed;
  const defaultValue: unknown = field.options?.default;
  return {
    name: field.name,
    number: field.id,
    label: field.repeated || isMap ? 'LABEL_REPEATED' : field.required ? 'LABEL_REQUIRED' : 'LABEL_OPTIONAL',
    ...type,
    json_name: String(field.options?.json_name ?? jsonName(field.name)),
    ...(field.partOf ? { oneof_index: oneofs.indexOf(field.partOf) } : {}),
    ...(field.partOf?.isProto3Optional ? { proto3_optional: true } : {}),
    ...(typeof packed === 'boolean' ? { options: { packed } } : {}),
    ...(defaultValue === undefined || defaultValue === null ? {} : { default_value: String(defaultValue) }),
  };
};

const jsonName = (name: string): string => name.replace(/_+([a-zA-Z0-9])/g, (_, c: string) => c.toUpperCase());

type FieldType = Exclude<FieldDescriptorProto['type'], number>;

const scalarType = (name: string): FieldType => `TYPE_${name.toUpperCase()}` as FieldType;

const typeOf = (field: protobuf.FieldBase, refer: Refer): { readonly type: FieldType; readonly type_name?: string } => {
  if (field.resolvedType instanceof protobuf.Enum) return { type: 'TYPE_ENUM', type_name: refer(field.resolvedType) };
  if (!field.resolvedType) return { type: scalarType(field.type) };
  return { type: isGroup(field) ? 'TYPE_GROUP' : 'TYPE_MESSAGE', type_name: refer(field.resolvedType) };
};

const enumOf = (e: protobuf.Enum): Input<EnumDescriptorProto> => ({
  name: e.name,
  value: Object.entries(e.values).map(([name, number]) => ({ name, number })),
  ...(e.options?.allow_alias === true ? { options: { allow_alias: true } } : {}),
});

const serviceOf = (service: protobuf.Service, refer: Refer): Input<ServiceDescriptorProto> => ({
  name: service.name,
  method: service.methodsArray.map(
    (m): Input<MethodDescriptorProto> => ({
      name: m.name,
      input_type: refer(m.resolvedRequestType),
      output_type: refer(m.resolvedResponseType),
      ...(m.requestStream ? { client_streaming: true } : {}),
      ...(m.responseStream ? { server_streaming: true } : {}),
    }),
  ),
});

const isGroup = (field: protobuf.FieldBase): boolean => 'delimited' in field && field.delimited === true;
