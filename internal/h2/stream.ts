/** One HTTP/2 stream as the layers above see it (RFC 9113 section 5): what may be sent, and what is told. Types only; connection.ts makes them. */

import type { HeaderBlock } from './header-block.ts';

/** What a stream tells its reader. Calls come one at a time, in the order of the wire, never from inside a call to the stream. */
export interface StreamReader {
  /** The peer's headers (a response's, interim ones left out), or its trailers when headers came before or the stream was opened by the peer. */
  headers(block: HeaderBlock, endStream: boolean): void;
  /** Bytes of the body; give them back with `consumed` once they need no room here any more. An end may come with no bytes. */
  data(chunk: Buffer, endStream: boolean): void;
  /** There is room again after sendData answered false. */
  writable(): void;
  /** The stream ended badly: the peer reset it, or its connection is gone. The last call; it does not follow the stream's own reset(). */
  reset(code: number): void;
}

export interface Stream {
  readonly id: number;
  /** Sends headers, or trailers after headers; `block` is context-free (header-block.ts). Ignored once the stream is over. */
  sendHeaders(block: Buffer, endStream: boolean): void;
  /** Takes the bytes over and sends them as the peer's windows allow; false when more than a window waits already. Ignored once the stream is over. */
  sendData(chunk: Buffer, endStream: boolean): boolean;
  /** Gives receive credit back to the peer: these bytes, payload of data(), are dealt with. */
  consumed(bytes: number): void;
  /** Ends both directions now; what waits to be sent is dropped. With `noError` an end that was already said goes out first (RFC 9113 section 8.1). Safe at any time. */
  reset(code: number): void;
  /** Bytes taken by sendData that have not left. */
  readonly pendingBytes: number;
  /** Neither direction carries anything any more. */
  readonly closed: boolean;
  /** Peer as ip:port; empty when unknown. */
  readonly remote: string;
}
