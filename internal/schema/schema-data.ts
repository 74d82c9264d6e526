/** The layout of messages as plain data: what proto/gen holds for the core protos and what load-protos.ts makes of a service author's own. */

import type { MethodKind } from '../contract/handler.ts';

export interface FieldData {
  /** The field's number. */
  readonly id: number;
  /** As written in the proto. */
  readonly name: string;
  /** A proto scalar, `message` or `enum`. */
  readonly type: string;
  /** Full name of the message or enum. */
  readonly of?: string;
  /** Key type of a map; the other properties then describe its values. */
  readonly key?: string;
  readonly repeated?: boolean;
  /** `optional` in proto3, or part of a oneof: unset is null, not the zero value. */
  readonly optional?: boolean;
}

export interface MethodData {
  readonly kind: MethodKind;
  readonly request: string;
  readonly response: string;
}

export interface SchemaData {
  /** Full message name -> fields in declaration order. */
  readonly messages: Readonly<Record<string, readonly FieldData[]>>;
  /** Full enum name -> value names and numbers in declaration order. */
  readonly enums: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** What one proto/gen/<name>.gen.ts exports. */
export interface ApiData extends SchemaData {
  readonly package: string;
  /** Static classes, nested by package and message name. */
  readonly classes: unknown;
  /** `Type.Method` -> method. */
  readonly methods: Readonly<Record<string, MethodData>>;
}

/** The fields of a message; throws a plain Error for a name that is not in the data, which is a bug of the generator. */
export const fieldsOf = (schema: SchemaData, message: string): readonly FieldData[] => {
  const found = Object.hasOwn(schema.messages, message) ? schema.messages[message] : undefined;
  if (!found) throw new Error(`no message ${message} in the schema`);
  return found;
};

/** The name of a message or enum as Go says it: `Inner` in message `Req` of any package is `Req_Inner`. */
export const goName = (schema: SchemaData, fullName: string): string => {
  const at = fullName.lastIndexOf('.');
  const [above, name] = [fullName.slice(0, Math.max(at, 0)), fullName.slice(at + 1)];
  return Object.hasOwn(schema.messages, above) ? `${goName(schema, above)}_${name}` : name;
};

/** lowerCamelCase as protobuf JSON spells a field: `access_token` -> `accessToken`. */
export const camelName = (name: string): string => name.replace(/_+([a-zA-Z0-9])/g, (_, c: string) => c.toUpperCase());
