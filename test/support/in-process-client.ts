/** A Client that hands calls straight to handlers of this process, through their real codecs: how rpc drivers are tested without a network. */

import type { Account } from '../../internal/contract/auth.ts';
import type { Client, ClientOptions, ClientStream } from '../../internal/contract/client.ts';
import { internal, notImplemented } from '../../internal/contract/error.ts';
import type { CallContext, Handler, Handlers } from '../../internal/contract/handler.ts';

/** May do everything. */
export const testAdmin: Account = {
  id: 'admin',
  type: 'user',
  issuer: 'micro',
  metadata: {},
  scopes: ['admin'],
  name: 'admin',
};

export interface InProcessOptions {
  /** Service name -> its handlers. */
  readonly services: Readonly<Record<string, Handlers>>;
  /** Who calls; nobody when left out. */
  readonly account?: Account;
}

export const inProcessClient = (o: InProcessOptions): Client => ({
  call: async (service, endpoint, bytes, options = {}) => {
    options.signal?.throwIfAborted();
    const handler = handlerOf(o, service, endpoint);
    const ctx = contextOf(o, service, endpoint, options);
    if (handler.kind !== 'unary') throw internal('go.micro.client', `${endpoint} is a stream`);
    return handler.response.encode(await handler.handle(handler.request.decode(bytes), ctx));
  },
  stream: (service, endpoint, options = {}) => {
    const left = new AbortController();
    const signal = options.signal === undefined ? left.signal : AbortSignal.any([options.signal, left.signal]);
    const sent = new TransformStream<Uint8Array, Uint8Array>({}, { highWaterMark: 1_024 }, { highWaterMark: 1_024 });
    const writer = sent.writable.getWriter();
    const ctx = contextOf(o, service, endpoint, { ...options, signal });
    const answers = run(() => handlerOf(o, service, endpoint), sent.readable, ctx);
    return inProcessStream({ writer, answers, leave: () => left.abort() });
  },
});

const handlerOf = (o: InProcessOptions, service: string, endpoint: string): Handler => {
  const handler = o.services[service]?.find((h) => h.endpoint === endpoint);
  if (handler === undefined) throw notImplemented('go.micro.client', `unknown service ${endpoint}`);
  return handler;
};

const contextOf = (o: InProcessOptions, service: string, endpoint: string, options: ClientOptions): CallContext => ({
  service,
  endpoint,
  namespace: options.namespace ?? 'micro',
  account: o.account,
  metadata: options.metadata ?? {},
  signal: options.signal ?? new AbortController().signal,
  remote: '127.0.0.1:1',
});

const inProcessStream = (o: {
  writer: WritableStreamDefaultWriter<Uint8Array>;
  answers: AsyncGenerator<Uint8Array>;
  leave(): void;
}): ClientStream => ({
  send: (message) => o.writer.write(message),
  end: () => void o.writer.close().catch(() => undefined),
  cancel: o.leave,
  async *[Symbol.asyncIterator]() {
    try {
      yield* o.answers;
    } finally {
      o.leave();
    }
  },
});

async function* run(
  find: () => Handler,
  sent: ReadableStream<Uint8Array>,
  ctx: CallContext,
): AsyncGenerator<Uint8Array> {
  ctx.signal.throwIfAborted();
  const handler = find();
  const requests = decoded(sent, handler);
  const first = async (): Promise<unknown> => (await requests.next()).value;
  switch (handler.kind) {
    case 'unary':
      yield handler.response.encode(await handler.handle(await first(), ctx));
      return;
    case 'client-stream':
      yield handler.response.encode(await handler.handle(requests, ctx));
      return;
    case 'server-stream':
      for await (const answer of handler.handle(await first(), ctx)) yield handler.response.encode(answer);
      return;
    case 'bidi':
      for await (const answer of handler.handle(requests, ctx)) yield handler.response.encode(answer);
  }
}

async function* decoded(sent: ReadableStream<Uint8Array>, handler: Handler): AsyncGenerator<unknown> {
  for await (const message of sent) yield handler.request.decode(message);
}
