/** One outgoing stream as a ClientStream: back-pressure both ways, an error only at the end, cancel when the reader leaves. Knows no addresses. */

import type { ClientStream } from '../contract/client.ts';
import { canceled } from '../contract/error.ts';
import type { ClientCall } from './client-call.ts';
import { clientErrorId } from './status.ts';

export interface OutgoingOptions {
  /** Throws for a message that is too large to send. */
  limit(message: Uint8Array): void;
  /** Resolves with a call that is open. */
  open(): Promise<ClientCall>;
}

const noop = (): void => undefined;

/** Starts opening at once; the first send or read waits for it. */
export const openStream = (o: OutgoingOptions): ClientStream => {
  const opening = o.open();
  opening.catch(noop);
  return {
    send: async (message) => {
      o.limit(message);
      await sendOn(await opening, message);
    },
    end: () => void opening.then((call) => call.halfClose(), noop),
    cancel: () => void opening.then((call) => call.cancel(), noop),
    async *[Symbol.asyncIterator]() {
      yield* messagesOf(await opening);
    },
  };
};

const sendOn = async (call: ClientCall, message: Uint8Array): Promise<void> => {
  const checkOpen = (): void => {
    if (!call.canSend) throw call.failure ?? canceled(clientErrorId, 'stream is closed');
  };
  checkOpen();
  // Copied: what is sent may still wait in the socket when the caller gets its bytes back.
  if (call.send(Buffer.from(message), false)) return;
  await call.room();
  checkOpen();
};

async function* messagesOf(call: ClientCall): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (let message = await call.next(); message !== undefined; message = await call.next()) yield message;
  } finally {
    // Ended calls stay as they are: this is for readers who leave.
    call.cancel();
  }
}
