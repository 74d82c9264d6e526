/**
 * Messages of a third-party service, described by FieldSpecs: one table gives the types in code, the protobuf bytes (fields are numbered
 * from 1 in the order of the table), the JSON and the shapes in the registry. Knows flat messages and lists; a service with a proto of
 * its own brings its codecs along.
 */

import { badRequest } from '../internal/contract/error.ts';
import type { FieldSpec, FieldSpecs, FieldType, Values } from '../internal/contract/field.ts';
import type { CallContext, Codec, UnaryHandler, ValueTree } from '../internal/contract/handler.ts';
import { readMessage, writeMessage } from './message-bytes.ts';

/** The types a message may have, with what Go calls them. */
const goTypes: Readonly<Partial<Record<FieldType, string>>> = {
  string: 'string',
  bool: 'bool',
  int32: 'int32',
  int64: 'int64',
  uint32: 'uint32',
  uint64: 'uint64',
  double: 'float64',
  bytes: '[]uint8',
};

export interface UnaryOptions<Req extends FieldSpecs, Rsp extends FieldSpecs> {
  /** `Counter.Add`. */
  readonly endpoint: string;
  readonly request: Req;
  readonly response: Rsp;
  /** Fields that a response leaves out are zero. */
  handle(request: Values<Req>, ctx: CallContext): Promise<Partial<Values<Rsp>>>;
}

/** One method with one answer. Throws an Error for a field type that messages cannot have. */
export const unary = <Req extends FieldSpecs, Rsp extends FieldSpecs>(o: UnaryOptions<Req, Rsp>): UnaryHandler => {
  const [, method = o.endpoint] = o.endpoint.split('.');
  return {
    kind: 'unary',
    endpoint: o.endpoint,
    request: messageCodec(o.request, o.endpoint),
    response: messageCodec(o.response, o.endpoint),
    handle: (request: Values<Req>, ctx) => o.handle(request, ctx),
    describe: () => ({
      request: treeOf(`${method}Request`, o.request),
      response: treeOf(`${method}Response`, o.response),
    }),
  };
};

/** `where` is named in the errors of bad requests. */
export const messageCodec = (specs: FieldSpecs, where: string): Codec => {
  for (const [name, spec] of Object.entries(specs))
    if (goTypes[spec.type] === undefined)
      throw new Error(`${where}: a message has no fields of type ${spec.type}: ${name}`);
  return {
    decode: (bytes) => {
      try {
        return complete(specs, readMessage(specs, bytes));
      } catch (e) {
        throw badRequest(where, e instanceof Error ? e.message : String(e), { cause: e });
      }
    },
    encode: (value) => writeMessage(specs, complete(specs, value)),
    fromJson: (text) => complete(specs, fromJson(specs, text, where)),
    toJson: (value) => {
      const whole = complete(specs, value);
      return JSON.stringify(Object.fromEntries(Object.keys(specs).map((name) => [name, jsonOf(whole[name])])));
    },
  };
};

type Plain = Readonly<Record<string, unknown>>;

/** Every field is there: what was not given is zero, or its default. */
const complete = (specs: FieldSpecs, given: unknown): Plain => {
  const value = given as Plain;
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, value[name] ?? zeroOf(spec)]));
};

const zeroOf = (spec: FieldSpec): unknown => {
  if (spec.list) return [];
  if (spec.default !== undefined) return spec.default;
  switch (spec.type) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int64':
    case 'uint64':
      return 0n;
    case 'bytes':
      return new Uint8Array();
    default:
      return 0;
  }
};

const jsonOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value === 'bigint') return String(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
};

/** Proto names and their camelCase form, 64 bits as text or number, unknown fields passed over. */
const fromJson = (specs: FieldSpecs, text: string, where: string): Plain => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (e) {
    throw badRequest(where, `the request is not valid JSON: ${e instanceof Error ? e.message : String(e)}`, {
      cause: e,
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badRequest(where, 'the request is not a JSON object');
  const given = value as Plain;
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => {
      const found = given[name] ?? given[name.replace(/_(.)/g, (_, c: string) => c.toUpperCase())];
      return [name, found === undefined || found === null ? undefined : fieldOf(spec, found, `${where}: ${name}`)];
    }),
  );
};

const fieldOf = (spec: FieldSpec, value: unknown, where: string): unknown => {
  if (!spec.list) return scalarOf(spec.type, value, where);
  if (!Array.isArray(value)) throw badRequest(where, 'want a list');
  return value.map((item) => scalarOf(spec.type, item, where));
};

const scalarOf = (type: FieldType, value: unknown, where: string): unknown => {
  const typed = typedScalar(type, value);
  if (typed === undefined) throw badRequest(where, `want a ${type}`);
  return typed;
};

const typedScalar = (type: FieldType, value: unknown): unknown => {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : undefined;
    case 'bool':
      return typeof value === 'boolean' ? value : undefined;
    case 'bytes':
      return typeof value === 'string' ? new Uint8Array(Buffer.from(value, 'base64')) : undefined;
    case 'double':
      return finite(value);
    default:
      return wholeNumber(type, value);
  }
};

const finite = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
};

const wholeNumber = (type: FieldType, value: unknown): number | bigint | undefined => {
  const isWhole = typeof value === 'number' ? Number.isSafeInteger(value) : /^-?\d{1,20}$/.test(String(value));
  if (!isWhole || (typeof value !== 'number' && typeof value !== 'string')) return undefined;
  const number = BigInt(value);
  const bits = type.endsWith('64') ? 64 : 32;
  const fits = type.startsWith('u') ? BigInt.asUintN(bits, number) : BigInt.asIntN(bits, number);
  if (fits !== number) return undefined;
  return bits === 64 ? number : Number(number);
};

const treeOf = (name: string, specs: FieldSpecs): ValueTree => ({
  name,
  type: name,
  values: Object.entries(specs).map(([field, spec]) => ({
    name: field,
    type: `${spec.list ? '[]' : ''}${goTypes[spec.type]}`,
    values: [],
  })),
});
