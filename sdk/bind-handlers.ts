/**
 * Joins the author's functions with the methods of the proto files. Every mismatch is an error at start that names file, service and method.
 * Owns names, kinds and what happens when a handler throws; does not read files and opens nothing.
 */

import { internal, isMicroError } from '../internal/contract/error.ts';
import type { CallContext, Codec, Handler, Handlers, MethodKind, ValueTree } from '../internal/contract/handler.ts';
import type { Logger } from '../internal/contract/logger.ts';

import type { Context } from './context.ts';

/**
 * A method of the author: the request object (client streams and bidi: an async iterable of them) and the context.
 * Unary and client-stream methods return the response, the others yield responses. Request types may be annotated freely.
 */
export type HandlerMethod = { method(request: unknown, ctx: Context): unknown }['method'];

/** Service name of the proto file -> its methods, first letter in either case. Class instances are welcome. */
export type ServiceHandlers = Readonly<Record<string, Readonly<Record<string, HandlerMethod>> | object>>;

/** What is known of a method before anybody implements it. */
export interface MethodShape {
  readonly name: string;
  readonly kind: MethodKind;
  readonly request: Codec;
  readonly response: Codec;
  describe(): { readonly request: ValueTree; readonly response: ValueTree };
}

export interface ServiceShape {
  /** With its package: `helloworld.Helloworld`. */
  readonly fullName: string;
  readonly name: string;
  readonly methods: readonly MethodShape[];
}

export interface BindOptions {
  readonly services: readonly ServiceShape[];
  readonly handlers: ServiceHandlers;
  /** What the messages call the proto files. */
  readonly source: string;
  /** Id of errors that a handler did not mean to throw. */
  readonly serviceName: string;
  readonly log: Logger;
  contextOf(call: CallContext): Context;
}

/** Proto services without handlers are left alone: files may describe other people's services as well. */
export const bindHandlers = (o: BindOptions): Handlers => {
  const names = Object.keys(o.handlers);
  if (names.length === 0) throw new Error(`handlers is empty; ${o.source} has ${list(o.services.map((s) => s.name))}`);
  return names.flatMap((name) => bindService(findService(name, o), o.handlers[name] as object, o));
};

const findService = (name: string, o: BindOptions): ServiceShape => {
  const found = o.services.filter((s) => s.name === name || s.fullName === name);
  if (found.length > 1)
    throw new Error(
      `handlers.${name}: ${o.source} has ${list(found.map((s) => s.fullName))}; name one of them in full`,
    );
  if (found[0]) return found[0];
  throw new Error(
    `handlers.${name}: no service ${name} in ${o.source}, which has ${list(o.services.map((s) => s.name))}`,
  );
};

const bindService = (service: ServiceShape, methods: object, o: BindOptions): readonly Handler[] => {
  const implemented = methodNames(methods);
  const unknown = implemented.own.find((n) => !service.methods.some((m) => sameName(m.name, n)));
  if (unknown !== undefined)
    throw new Error(
      `handlers.${service.name}.${unknown}: service ${service.name} in ${o.source} has no such method, it has ${list(service.methods.map((m) => m.name))}`,
    );
  return service.methods.map((shape) => {
    const key = implemented.all.find((n) => sameName(shape.name, n));
    if (key === undefined)
      throw new Error(
        `${o.source}: method ${shape.name} of service ${service.name} has no handler: add handlers.${service.name}.${lowerFirst(shape.name)}`,
      );
    const method: unknown = Reflect.get(methods, key);
    if (typeof method !== 'function') throw new Error(`handlers.${service.name}.${key} is not a function`);
    const endpoint = `${service.name}.${shape.name}`;
    return bindMethod(shape, { ...o, endpoint, call: method.bind(methods), responseFields: onceFieldsOf(shape) });
  });
};

/** `own` must all be methods of the proto; what a class inherits or keeps as fields may be more. */
const methodNames = (methods: object): { readonly own: readonly string[]; readonly all: readonly string[] } => {
  const isPlain = [Object.prototype, null].includes(Object.getPrototypeOf(methods));
  if (isPlain) return { own: Object.keys(methods), all: Object.keys(methods) };
  const all = new Set<string>();
  for (let o = methods; o !== null && o !== Object.prototype; o = Object.getPrototypeOf(o))
    for (const name of Object.getOwnPropertyNames(o)) if (name !== 'constructor') all.add(name);
  return { own: [], all: [...all] };
};

interface Bound extends BindOptions {
  readonly endpoint: string;
  /** Names of the response message's fields. */
  responseFields(): readonly string[];
  call(request: unknown, ctx: Context): unknown;
}

const bindMethod = (shape: MethodShape, b: Bound): Handler => {
  const { kind, request, response } = shape;
  const base = { endpoint: b.endpoint, request, response, describe: () => shape.describe() };
  const one = async (input: unknown, call: CallContext): Promise<unknown> => {
    try {
      const answer = await b.call(input, b.contextOf(call));
      if (isIterable(answer))
        throw new Error(`${b.endpoint} is not a server stream: return one response, do not yield`);
      return checkFields(answer ?? {}, shape, b);
    } catch (e) {
      throw failure(e, call, b);
    }
  };
  const many = async function* (input: unknown, call: CallContext): AsyncGenerator<unknown> {
    try {
      const answers = await b.call(input, b.contextOf(call));
      if (!isIterable(answers))
        throw new Error(`${b.endpoint} is a stream: write it as async *${lowerFirst(shape.name)}(…)`);
      for await (const answer of answers) yield checkFields(answer ?? {}, shape, b);
    } catch (e) {
      throw failure(e, call, b);
    }
  };
  switch (kind) {
    case 'unary':
      return { ...base, kind, handle: one };
    case 'client-stream':
      return { ...base, kind, handle: one };
    case 'server-stream':
      return { ...base, kind, handle: many };
    case 'bidi':
      return { ...base, kind, handle: many };
    default:
      return kind satisfies never;
  }
};

/** Errors the author made go out as they are; what happened to the author is logged whole and told in one line. */
const failure = (thrown: unknown, call: CallContext, b: Bound): unknown => {
  if (isMicroError(thrown)) return thrown;
  if (call.signal.aborted && isAbort(thrown, call.signal)) return call.signal.reason;
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  b.log.error(`handler failed: ${stack}`, { endpoint: b.endpoint });
  return internal(b.serviceName, thrown instanceof Error ? thrown.message : String(thrown));
};

/** Node's functions wrap what the signal says into an error of their own. */
const isAbort = (thrown: unknown, signal: AbortSignal): boolean =>
  thrown === signal.reason ||
  (thrown instanceof Error && thrown.name === 'AbortError' && thrown.cause === signal.reason);

/** Without generated types a misspelt field would vanish in silence. */
const checkFields = (answer: unknown, shape: MethodShape, b: Bound): unknown => {
  if (typeof answer !== 'object' || answer === null)
    throw new Error(`${b.endpoint} must return an object, not ${typeof answer}`);
  const known = b.responseFields();
  const unknown = Object.keys(answer).find((k) => !known.includes(k));
  if (unknown !== undefined)
    throw new Error(
      `${b.endpoint} answered field ${unknown}, but ${shape.describe().response.name} has ${list(known)}`,
    );
  return answer;
};

/** Worked out at the first answer, kept for the others. */
const onceFieldsOf = (shape: MethodShape): (() => readonly string[]) => {
  let names: readonly string[] | undefined;
  return () => {
    names ??= shape.describe().response.values.map((v) => v.name);
    return names;
  };
};

const isIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);

const lowerFirst = (name: string): string => name.slice(0, 1).toLowerCase() + name.slice(1);
const sameName = (a: string, b: string): boolean => lowerFirst(a) === lowerFirst(b);
const list = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '));
