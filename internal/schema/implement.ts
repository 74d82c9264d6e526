/** Turns functions by endpoint name into Handlers of a core package. The compiler checks names, kinds, requests and responses. */

import type { CallContext, Handler, Handlers } from '../contract/handler.ts';
import type { Api, Input, MethodType } from './api.ts';

type Implementation<T> = T extends { kind: 'unary'; request: infer Req; response: infer Rsp }
  ? (request: Req, ctx: CallContext) => Promise<Input<Rsp>>
  : T extends { kind: 'server-stream'; request: infer Req; response: infer Rsp }
    ? (request: Req, ctx: CallContext) => AsyncIterable<Input<Rsp>>
    : T extends { kind: 'client-stream'; request: infer Req; response: infer Rsp }
      ? (requests: AsyncIterable<Req>, ctx: CallContext) => Promise<Input<Rsp>>
      : T extends { kind: 'bidi'; request: infer Req; response: infer Rsp }
        ? (requests: AsyncIterable<Req>, ctx: CallContext) => AsyncIterable<Input<Rsp>>
        : never;

export type Impl<M> = { readonly [K in keyof M]: Implementation<M[K]> };

/** Handlers for every method of the package. */
export const implement = <M extends { [K in keyof M]: MethodType }>(
  api: Api<M>,
  impl: Impl<M>,
  o: { readonly internal?: boolean } = {},
): Handlers => implementSome(api, impl, o);

/** Handlers for the methods that are given; the others answer as unknown. `internal` keeps them out of the registry. */
export const implementSome = <M extends { [K in keyof M]: MethodType }>(
  api: Api<M>,
  impl: Partial<Impl<M>>,
  o: { readonly internal?: boolean } = {},
): Handlers =>
  Object.entries(impl).map(([endpoint, handle]) => {
    const { kind, request, response, describe } = api.method(endpoint);
    return { endpoint, kind, request, response, describe, handle, internal: o.internal } as unknown as Handler;
  });
