/**
 * Descriptor files -> message layouts and methods as plain data, the form in which schemas that came from elsewhere are used. Throws badRequest
 * that names what is missing or makes no sense. Makes no code.
 */

import type {
  DescriptorProto,
  EnumDescriptorProto,
  FieldDescriptorProto,
  FileDescriptorProto,
  MethodDescriptorProto,
} from '../../proto/gen/descriptor.gen.ts';
import { badRequest } from '../contract/error.ts';
import { descriptorFieldsMax } from '../contract/limits.ts';
import type { DescriptorFile } from './descriptor-file.ts';
import type { FieldData, MethodData, SchemaData } from './schema-data.ts';

export interface ForeignSchema extends SchemaData {
  /** Full service name -> method name -> method. */
  readonly services: ReadonlyMap<string, ReadonlyMap<string, MethodData>>;
}

const id = 'descriptor';

/** The files must hold everything that they refer to. */
export const schemaOfFiles = (files: readonly DescriptorFile[]): ForeignSchema => {
  const found: Found = { messages: new Map(), enums: new Map(), fields: 0 };
  for (const { proto } of files) collectFile(found, proto);
  const messages: Record<string, readonly FieldData[]> = Object.create(null);
  for (const [name, { message, isProto3 }] of found.messages)
    messages[name] = message.field.flatMap((field) => fieldData(found, { name, field, isProto3 }));
  const enums: Record<string, Readonly<Record<string, number>>> = Object.create(null);
  for (const [name, one] of found.enums)
    enums[name] = Object.fromEntries(one.value.map((v) => [v.name, v.number ?? 0]));
  return { messages, enums, services: servicesOf(found, files) };
};

interface FoundMessage {
  readonly message: DescriptorProto;
  readonly isProto3: boolean;
}

interface Found {
  readonly messages: Map<string, FoundMessage>;
  readonly enums: Map<string, EnumDescriptorProto>;
  fields: number;
}

const collectFile = (found: Found, file: FileDescriptorProto): void => {
  const isProto3 = file.syntax !== '' && file.syntax !== 'proto2';
  const join = (above: string, name: string): string => (above === '' ? name : `${above}.${name}`);
  const addMessage = (above: string, message: DescriptorProto): void => {
    const name = join(above, message.name);
    found.messages.set(name, { message, isProto3 });
    found.fields += message.field.length;
    if (found.fields > descriptorFieldsMax)
      throw badRequest(id, `more than descriptorFieldsMax (${descriptorFieldsMax}) fields`);
    for (const inner of message.nested_type) addMessage(name, inner);
    for (const inner of message.enum_type) found.enums.set(join(name, inner.name), inner);
  };
  for (const message of file.message_type) addMessage(file.package, message);
  for (const one of file.enum_type) found.enums.set(join(file.package, one.name), one);
};

interface FieldOf {
  /** Full name of the message. */
  readonly name: string;
  readonly field: FieldDescriptorProto;
  readonly isProto3: boolean;
}

/** Groups, which no current schema has, are left out: what comes in them is passed over. */
const fieldData = (found: Found, { name, field, isProto3 }: FieldOf): readonly FieldData[] => {
  const base = { id: field.number, name: field.name };
  const repeated = field.label === 'LABEL_REPEATED';
  if (field.type === 'TYPE_GROUP') return [];
  if (field.type === 'TYPE_MESSAGE' && repeated) {
    const entry = found.messages.get(bare(field.type_name))?.message;
    const [key, value] = [1, 2].map((n) => entry?.field.find((f) => f.number === n));
    if (entry?.options?.map_entry && key && value)
      return [{ ...base, ...typeOf(found, value, name), key: scalarOf(key, name) }];
  }
  const optional = field.oneof_index !== undefined || (!isProto3 && field.label === 'LABEL_OPTIONAL');
  return [
    {
      ...base,
      ...typeOf(found, field, name),
      ...(repeated ? { repeated: true } : {}),
      ...(optional && !repeated ? { optional: true } : {}),
    },
  ];
};

const bare = (typeName: string): string => typeName.replace(/^\./, '');

const typeOf = (found: Found, field: FieldDescriptorProto, above: string): Pick<FieldData, 'type' | 'of'> => {
  const of = bare(field.type_name);
  switch (field.type) {
    case 'TYPE_MESSAGE':
      if (!found.messages.has(of)) throw badRequest(id, `${above}.${field.name} is of ${of}, which is not described`);
      return { type: 'message', of };
    case 'TYPE_ENUM':
      if (!found.enums.has(of)) throw badRequest(id, `${above}.${field.name} is of ${of}, which is not described`);
      return { type: 'enum', of };
    default:
      return { type: scalarOf(field, above) };
  }
};

const scalars = /^TYPE_(DOUBLE|FLOAT|U?INT(32|64)|SINT(32|64)|S?FIXED(32|64)|BOOL|STRING|BYTES)$/;

const scalarOf = ({ type, name }: FieldDescriptorProto, above: string): string => {
  if (typeof type === 'string' && scalars.test(type)) return type.slice('TYPE_'.length).toLowerCase();
  throw badRequest(id, `${above}.${name} is of an unknown type (${type})`);
};

const servicesOf = (found: Found, files: readonly DescriptorFile[]): ForeignSchema['services'] => {
  const services = new Map<string, ReadonlyMap<string, MethodData>>();
  for (const { proto } of files)
    for (const service of proto.service) {
      const name = proto.package === '' ? service.name : `${proto.package}.${service.name}`;
      services.set(name, new Map(service.method.map((method) => [method.name, methodData(found, method, name)])));
    }
  return services;
};

const methodData = (found: Found, method: MethodDescriptorProto, above: string): MethodData => {
  const [request, response] = [bare(method.input_type), bare(method.output_type)];
  for (const name of [request, response])
    if (!found.messages.has(name))
      throw badRequest(id, `${above}.${method.name} takes ${name}, which is not described`);
  const kind = method.client_streaming
    ? method.server_streaming
      ? 'bidi'
      : 'client-stream'
    : method.server_streaming
      ? 'server-stream'
      : 'unary';
  return { kind, request, response };
};
