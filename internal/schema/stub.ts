/** Typed calls to a core package over any Client: values in, values out. */

import type { Client, ClientOptions, ClientStream } from '../contract/client.ts';
import { defaultNamespace } from '../contract/core.ts';
import { internal } from '../contract/error.ts';
import type { Api, ApiMethod, Input, MethodType } from './api.ts';

type StubMethod<T> = T extends { kind: 'unary'; request: infer Req; response: infer Rsp }
  ? (request: Input<Req>, o?: ClientOptions) => Promise<Rsp>
  : T extends { kind: 'server-stream'; request: infer Req; response: infer Rsp }
    ? (request: Input<Req>, o?: ClientOptions) => AsyncIterable<Rsp>
    : T extends { kind: 'client-stream'; request: infer Req; response: infer Rsp }
      ? (requests: AsyncIterable<Input<Req>>, o?: ClientOptions) => Promise<Rsp>
      : T extends { kind: 'bidi'; request: infer Req; response: infer Rsp }
        ? (requests: AsyncIterable<Input<Req>>, o?: ClientOptions) => AsyncIterable<Rsp>
        : never;

export type Stub<M> = { readonly [K in keyof M]: StubMethod<M[K]> };

/** One function per endpoint: `stub(client, registryApi)['Registry.GetService']({ service })`. Namespace `micro` unless the defaults or the call say otherwise. */
export const stub = <M extends { [K in keyof M]: MethodType }>(
  client: Client,
  api: Api<M>,
  defaults: ClientOptions & { readonly service?: string } = {},
): Stub<M> => {
  const { service = api.service, ...rest } = defaults;
  const base: ClientOptions = { namespace: defaultNamespace, ...rest };
  const methods = api.endpoints.map((endpoint) => [endpoint, method(client, service, api, endpoint, base)]);
  return Object.fromEntries(methods) as Stub<M>;
};

const method = <M>(client: Client, service: string, api: Api<M>, endpoint: string, base: ClientOptions) => {
  return (input: unknown, o: ClientOptions = {}): unknown => {
    const m = api.method(endpoint);
    const options = { ...base, ...withoutUndefined(o), contentType: 'application/grpc+proto' as const };
    switch (m.kind) {
      case 'unary':
        return client
          .call(service, endpoint, m.request.encode(input), options)
          .then((bytes) => m.response.decode(bytes));
      case 'server-stream':
        return serverStream(client.stream(service, endpoint, options), m, input);
      case 'client-stream':
        return clientStream(client.stream(service, endpoint, options), m, input as AsyncIterable<unknown>);
      case 'bidi':
        return bidi(client.stream(service, endpoint, options), m, input as AsyncIterable<unknown>);
    }
  };
};

/** A caller that passes `{ namespace: undefined }` means the default. */
const withoutUndefined = (o: ClientOptions): ClientOptions =>
  Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined));

async function* serverStream(stream: ClientStream, m: ApiMethod, input: unknown): AsyncIterable<unknown> {
  await stream.send(m.request.encode(input));
  stream.end();
  for await (const bytes of stream) yield m.response.decode(bytes);
}

const clientStream = async (stream: ClientStream, m: ApiMethod, inputs: AsyncIterable<unknown>): Promise<unknown> => {
  const pumped = pump(stream, m, inputs);
  // An error of the source must reach the caller, and so must one of the service; whichever comes first ends the call.
  const received = (async () => {
    let last: unknown;
    let any = false;
    for await (const bytes of stream) {
      last = m.response.decode(bytes);
      any = true;
    }
    if (!any) throw internal('go.micro.client', `${m.endpoint} ended without a response`);
    return last;
  })();
  await Promise.race([pumped.then(() => received), received]);
  return received;
};

async function* bidi(stream: ClientStream, m: ApiMethod, inputs: AsyncIterable<unknown>): AsyncIterable<unknown> {
  const pumped = pump(stream, m, inputs);
  pumped.catch(() => stream.cancel());
  for await (const bytes of stream) yield m.response.decode(bytes);
  await pumped;
}

const pump = async (stream: ClientStream, m: ApiMethod, inputs: AsyncIterable<unknown>): Promise<void> => {
  try {
    for await (const input of inputs) await stream.send(m.request.encode(input));
    stream.end();
  } catch (e) {
    stream.cancel();
    throw e;
  }
};
