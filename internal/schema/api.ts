/** Api: one core package ready for use, with the codec and shape of each method. Everything is made at first use, so that declaring an Api costs nothing. */

import type { Codec, MethodKind, ValueTree } from '../contract/handler.ts';
import { createCodec, type MessageClass } from './codec.ts';
import type { ApiData } from './schema-data.ts';
import { valueTree } from './value-tree.ts';

export interface ApiMethod {
  /** `Type.Method`. */
  readonly endpoint: string;
  readonly kind: MethodKind;
  readonly request: Codec;
  readonly response: Codec;
  describe(): { readonly request: ValueTree; readonly response: ValueTree };
}

/** `M` is the package's `Methods` interface; it exists for the compiler only. */
export interface Api<M> {
  /** The name of the micro service that serves it. */
  readonly service: string;
  readonly endpoints: readonly string[];
  method(endpoint: string): ApiMethod;
  readonly _methods?: M;
}

/** What a caller may hand in: any part of a message, numbers for 64-bit fields included. */
export type Input<T> = T extends bigint
  ? bigint | number
  : T extends Uint8Array
    ? Uint8Array
    : T extends readonly (infer U)[]
      ? readonly Input<U>[]
      : T extends object
        ? { readonly [K in keyof T]?: Input<T[K]> }
        : T;

export interface MethodType {
  readonly kind: MethodKind;
  readonly request: unknown;
  readonly response: unknown;
}

/** Turns the data of proto/gen/<name>.gen.ts into an Api. `service` differs from the package for packages every service serves (debug). */
export const defineApi = <M>(data: ApiData, o: { readonly service?: string } = {}): Api<M> => {
  const codec = memoize((message: string) =>
    createCodec(
      once(() => classOf(data.classes, message)),
      data,
      message,
    ),
  );
  const make = (endpoint: string): ApiMethod => {
    const m = Object.hasOwn(data.methods, endpoint) ? data.methods[endpoint] : undefined;
    if (!m) throw new Error(`package ${data.package} has no method ${endpoint}`);
    const describe = () => ({ request: valueTree(data, m.request), response: valueTree(data, m.response) });
    return { endpoint, kind: m.kind, request: codec(m.request), response: codec(m.response), describe };
  };
  return {
    service: o.service ?? data.package,
    endpoints: Object.keys(data.methods),
    method: memoize(make),
  };
};

/** The codec of any message of a package, by its full name (`errors.Error`). */
export const messageCodec = <T>(data: ApiData, message: string): Codec<T> =>
  createCodec<T>(
    once(() => classOf(data.classes, message)),
    data,
    message,
  );

const classOf = (classes: unknown, message: string): MessageClass => {
  let at: unknown = classes;
  for (const part of message.split('.')) at = (at as Record<string, unknown>)[part];
  return at as MessageClass;
};

const memoize = <T>(make: (name: string) => T): ((name: string) => T) => {
  const made = new Map<string, T>();
  return (name) => {
    const found = made.get(name) ?? make(name);
    made.set(name, found);
    return found;
  };
};

const once = <T>(make: () => T): (() => T) => {
  let value: T | undefined;
  return () => (value ??= make());
};
