/** One outgoing stream as a ClientStream: back-pressure both ways, an error only at the end, cancel when the reader leaves. Knows no addresses. */

import { type EventEmitter, once } from 'node:events';

import type { ClientDuplexStream, ServiceError, StatusObject } from '@grpc/grpc-js';

import type { ClientStream } from '../contract/client.ts';
import { canceled, type Hint, type MicroErrorJson, toMicroError } from '../contract/error.ts';
import { clientErrorId } from './status.ts';

type Raw = ClientDuplexStream<Uint8Array, Buffer>;
type Failure = MicroErrorJson & Hint & Error;

export interface OpenedStream {
  readonly raw: Raw;
  /** Called once, when the stream has ended. */
  closed(failure: Failure | undefined): void;
  /** The MicroError of a bad status. */
  fault(error: ServiceError): Failure;
}

export interface OutgoingOptions {
  /** Throws for a message that is too large to send. */
  limit(message: Uint8Array): void;
  readonly signal: AbortSignal | undefined;
  open(): Promise<OpenedStream>;
}

/** How a stream ended; `over` fires when it has. */
interface Live {
  readonly raw: Raw;
  readonly over: AbortSignal;
  failure(): Failure | undefined;
}

const noop = (): void => undefined;
const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;

/** Starts opening at once; the first send or read waits for it. */
export const openStream = (o: OutgoingOptions): ClientStream => {
  const opening = start(o);
  opening.catch(noop);
  return {
    send: async (message) => {
      o.limit(message);
      await sendOn(await opening, message);
    },
    end: () => void opening.then(({ raw }) => raw.end(), noop),
    cancel: () => void opening.then(({ raw }) => raw.cancel(), noop),
    async *[Symbol.asyncIterator]() {
      yield* messagesOf(await opening);
    },
  };
};

const start = async (o: OutgoingOptions): Promise<Live> => {
  if (isAborted(o.signal)) throw toMicroError(o.signal?.reason, clientErrorId);
  const { raw, closed, fault } = await o.open();
  const over = new AbortController();
  let failure: Failure | undefined;
  const cancel = (): void => raw.cancel();
  o.signal?.addEventListener('abort', cancel, { once: true });
  raw.on('error', (error: Error) => {
    failure ??= 'code' in error ? fault(error as ServiceError) : toMicroError(error, clientErrorId);
  });
  raw.once('status', (_: StatusObject) => {
    o.signal?.removeEventListener('abort', cancel);
    closed(failure);
    over.abort();
  });
  // The caller may have left while the stream was opening.
  if (isAborted(o.signal)) cancel();
  return { raw, over: over.signal, failure: () => failure };
};

const sendOn = async ({ raw, over, failure }: Live, message: Uint8Array): Promise<void> => {
  const checkOpen = (): void => {
    if (over.aborted || raw.writableEnded) throw failure() ?? canceled(clientErrorId, 'stream is closed');
  };
  checkOpen();
  if (raw.write(message)) return;
  await once(raw as EventEmitter, 'drain', { signal: over }).catch(noop);
  checkOpen();
};

async function* messagesOf({ raw, over, failure }: Live): AsyncGenerator<Uint8Array, void, undefined> {
  let done = false;
  try {
    // The iterator must not destroy the stream: grpc-js would then never report its status.
    for await (const message of raw.iterator({ destroyOnReturn: false })) yield message as Buffer;
    done = true;
  } catch (error) {
    done = true;
    throw failure() ?? toMicroError(error, clientErrorId);
  } finally {
    if (!done) raw.cancel();
  }
  if (!over.aborted)
    await new Promise<void>((resolve) => over.addEventListener('abort', () => resolve(), { once: true }));
  const fault = failure();
  if (fault !== undefined) throw fault;
}
