/** Runs handlers of streams: requests as an async iterable, responses with back-pressure, and an end to both when the call ends. Knows no transport library. */

import type { BidiHandler, CallContext, ClientStreamHandler, ServerStreamHandler } from '../contract/handler.ts';
import type { CallTransport } from '../contract/call-transport.ts';

export type StreamHandler = ServerStreamHandler | ClientStreamHandler | BidiHandler;

/** The messages of one call, for code that waits. */
export interface MessageGate {
  /** The next message; undefined after the last. Rejects with the signal's reason. One at a time. */
  next(): Promise<Buffer | undefined>;
  /** Resolves when there is room for another one. Rejects with the signal's reason. One at a time. */
  send(message: Buffer): Promise<void>;
  /** Told by the transport: the message that next() asked for, and room after send(). */
  message(bytes: Buffer | undefined): void;
  writable(): void;
}

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

export const openMessageGate = (transport: CallTransport, signal: AbortSignal): MessageGate => {
  let reader: Waiting<Buffer | undefined> | undefined;
  let sender: Waiting<void> | undefined;
  const leave = (): void => {
    reader?.reject(signal.reason);
    sender?.reject(signal.reason);
  };
  signal.addEventListener('abort', leave, { once: true });
  return {
    next: () =>
      new Promise((resolve, reject) => {
        if (signal.aborted) throw signal.reason;
        reader = { resolve, reject };
        transport.pull();
      }),
    async send(message) {
      if (signal.aborted) throw signal.reason;
      if (transport.send(message)) return;
      await new Promise<void>((resolve, reject) => {
        sender = { resolve, reject };
      });
    },
    message: (bytes) => reader?.resolve(bytes),
    writable: () => sender?.resolve(),
  };
};

export interface StreamRun {
  readonly context: CallContext;
  readonly gate: MessageGate;
  /** Throws for undefined, the end where a message is a must. */
  decode(bytes: Buffer | undefined): unknown;
  encode(value: unknown): Buffer;
}

/** Resolves when the handler is done and has sent what it had to say. */
export const runStreamHandler = async (handler: StreamHandler, run: StreamRun): Promise<void> => {
  const { context, gate } = run;
  switch (handler.kind) {
    case 'client-stream':
      return gate.send(run.encode(await handler.handle(readRequests(run), context)));
    case 'server-stream':
      return sendAll(handler.handle(run.decode(await gate.next()), context), run);
    case 'bidi':
      return sendAll(handler.handle(readRequests(run), context), run);
    default:
      return handler satisfies never;
  }
};

async function* readRequests({ gate, decode }: StreamRun): AsyncGenerator<unknown, void, undefined> {
  for (let bytes = await gate.next(); bytes !== undefined; bytes = await gate.next()) yield decode(bytes);
}

const noop = (): void => undefined;

/** Sends what the handler yields. Its `finally` blocks run when the caller leaves, even while it waits in a yield. */
const sendAll = async (responses: AsyncIterable<unknown>, { gate, encode, context }: StreamRun): Promise<void> => {
  const { signal } = context;
  const iterator = responses[Symbol.asyncIterator]();
  const stop = (): void => void iterator.return?.().then(noop, noop);
  signal.addEventListener('abort', stop, { once: true });
  try {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
      await gate.send(encode(next.value));
  } catch (error) {
    stop();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
};
