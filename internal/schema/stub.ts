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
    const open = () => client.stream(service, endpoint, options);
    switch (m.kind) {
      case 'unary':
        return unary(m, input, (bytes) => client.call(service, endpoint, bytes, options));
      case 'server-stream':
        return serverStream(open, m, input);
      case 'client-stream':
        return clientStream(open, m, input as AsyncIterable<unknown>);
      case 'bidi':
        return bidi(open, m, input as AsyncIterable<unknown>);
    }
  };
};

/** A caller that passes `{ namespace: undefined }` means the default. */
const withoutUndefined = (o: ClientOptions): ClientOptions =>
  Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined));

const unary = async (
  m: ApiMethod,
  input: unknown,
  call: (request: Uint8Array) => Promise<Uint8Array>,
): Promise<unknown> => m.response.decode(await call(m.request.encode(input)));

/** Opened by the first read, so that an iterable nobody reads holds nothing. */
async function* serverStream(open: () => ClientStream, m: ApiMethod, input: unknown): AsyncIterable<unknown> {
  const request = m.request.encode(input);
  const stream = open();
  await stream.send(request);
  stream.end();
  for await (const bytes of stream) yield m.response.decode(bytes);
}

const clientStream = async (
  open: () => ClientStream,
  m: ApiMethod,
  inputs: AsyncIterable<unknown>,
): Promise<unknown> => {
  let last: { readonly response: unknown } | undefined;
  for await (const response of bidi(open, m, inputs)) last = { response };
  if (!last) throw internal('go.micro.client', `${m.endpoint} ended without a response`);
  return last.response;
};

/** A fault of the source ends the call and is what the caller sees; the service may end first, which leaves the source. */
async function* bidi(open: () => ClientStream, m: ApiMethod, inputs: AsyncIterable<unknown>): AsyncIterable<unknown> {
  const stream = open();
  const answers = stream[Symbol.asyncIterator]();
  const source = pump(stream, m, inputs);
  // A promise of its own for each answer: racing one that lives as long as the call would gather memory with every message.
  const nextAnswer = (): Promise<IteratorResult<Uint8Array>> =>
    new Promise((resolve, reject) => {
      source.onFault(reject);
      answers.next().then(resolve, reject);
    });
  try {
    for (let next = await nextAnswer(); !next.done; next = await nextAnswer()) yield m.response.decode(next.value);
  } finally {
    source.leave();
    leave(answers);
  }
}

interface Pump {
  /** Tells what the source or its encoding threw, at once if it has; each listener replaces the one before. */
  onFault(listener: (error: unknown) => void): void;
  leave(): void;
}

const pump = (stream: ClientStream, m: ApiMethod, inputs: AsyncIterable<unknown>): Pump => {
  const iterator = inputs[Symbol.asyncIterator]();
  let fault: { readonly error: unknown } | undefined;
  let tell: (error: unknown) => void = () => undefined;
  let left = false;
  const nextBytes = async (): Promise<Uint8Array | undefined> => {
    const next = await iterator.next();
    return next.done ? undefined : m.request.encode(next.value);
  };
  const run = async (): Promise<void> => {
    for (;;) {
      const bytes = await nextBytes();
      if (left) return;
      if (bytes === undefined) return stream.end();
      // A stream that takes no more has ended; its reader says why.
      const taken = await stream.send(bytes).then(
        () => true,
        () => false,
      );
      if (!taken) return;
    }
  };
  run().catch((error: unknown) => {
    if (left) return;
    fault = { error };
    tell(error);
    stream.cancel();
  });
  return {
    onFault: (listener) => {
      tell = listener;
      if (fault) listener(fault.error);
    },
    leave: () => {
      left = true;
      leave(iterator);
    },
  };
};

/** An iterator that waits answers this only later; nobody waits for it, and what it throws by then concerns nobody. */
const leave = (iterator: AsyncIterator<unknown>): void => {
  iterator.return?.()?.then(undefined, () => undefined);
};
