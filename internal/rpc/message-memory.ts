/** What the large messages of all calls together may hold, and how many are inflated at one time: few bytes of a caller must not become much memory. Keeps counts, no messages. */

import { tooMany } from '../contract/error.ts';
import { inflationsMax } from '../contract/limits.ts';
import { inflateMessage } from './inflate-message.ts';
import { serverErrorId } from './status.ts';

export interface MessageMemory {
  /** Counts bytes in. Throws tooMany when there is no room for them. */
  take(bytes: number): void;
  give(bytes: number): void;
  readonly heldBytes: number;
  /** As inflateMessage, in turn. */
  inflate(encoding: string | undefined, bytes: Buffer): Promise<Buffer>;
}

export const createMessageMemory = (bytesMax: number): MessageMemory => {
  const waiting: (() => void)[] = [];
  let running = 0;
  let heldBytes = 0;
  return {
    take: (bytes) => {
      if (heldBytes + bytes > bytesMax)
        throw tooMany(serverErrorId, `large messages of all callers hold ${bytesMax} bytes (messages_bytes_max)`, {
          hint: 'try again later, or with smaller messages',
        });
      heldBytes += bytes;
    },
    give: (bytes) => {
      heldBytes -= bytes;
    },
    get heldBytes() {
      return heldBytes;
    },
    inflate: async (encoding, bytes) => {
      if (running === inflationsMax) await new Promise<void>((resolve) => waiting.push(resolve));
      else running += 1;
      try {
        return await inflateMessage(encoding, bytes);
      } finally {
        // The turn goes to who waits longest.
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
};
