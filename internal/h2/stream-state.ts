/** What a connection knows of one stream (RFC 9113 section 5.1 and 5.2): its two halves, its windows and what waits to be sent. Data and small transitions; sends nothing. */

import type { Stream, StreamReader } from './stream.ts';

export interface StreamState {
  readonly id: number;
  /** What the layer above holds. */
  stream: Stream;
  reader: StreamReader;
  /** Nothing more is sent (after END_STREAM) or comes. */
  localEnd: boolean;
  remoteEnd: boolean;
  /** Both halves ended, or one reset: it is no longer in the connection's table. */
  over: boolean;
  /** Headers came (on a stream we opened): what follows are trailers. */
  headed: boolean;
  /** Credit the peer gave us, and what it may still send. */
  sendWindow: number;
  receiveWindow: number;
  /** Received and not yet consumed; consumed and not yet credited. */
  held: number;
  credit: number;
  /** Bodies that wait for windows or the socket, oldest first, and what ends them. */
  queue: Buffer[];
  pendingBytes: number;
  end: 'open' | 'data' | 'trailers';
  trailers: Buffer | undefined;
  /** Once our end has been sent, what the peer still sends is refused. */
  closing: boolean;
  /** sendData answered false: the reader is told when nothing waits any more. */
  wantsRoom: boolean;
  /** content-length minus what came; undefined without one. */
  missing: number | undefined;
}

export interface NewStream {
  readonly id: number;
  readonly reader: StreamReader;
  readonly remoteEnd: boolean;
  readonly sendWindow: number;
  readonly receiveWindow: number;
}

/** All fields at once, in one order: the engine makes many of these. `handleOf` makes what the layer above gets to hold. */
export const newStreamState = (o: NewStream, handleOf: (s: StreamState) => Stream): StreamState => {
  const s: StreamState = {
    id: o.id,
    stream: undefined as never,
    reader: o.reader,
    localEnd: false,
    remoteEnd: o.remoteEnd,
    over: false,
    headed: false,
    sendWindow: o.sendWindow,
    receiveWindow: o.receiveWindow,
    held: 0,
    credit: 0,
    queue: [],
    pendingBytes: 0,
    end: 'open',
    trailers: undefined,
    closing: false,
    wantsRoom: false,
    missing: undefined,
  };
  s.stream = handleOf(s);
  return s;
};

/** A small piece that must wait is copied: a view would keep the whole read that it came in. */
export const keepable = (chunk: Buffer): Buffer =>
  chunk.length * 2 < chunk.buffer.byteLength ? Buffer.from(chunk) : chunk;

/** A reader for streams nobody listens to any more. */
export const deafReader: StreamReader = {
  headers: () => undefined,
  data: () => undefined,
  writable: () => undefined,
  reset: () => undefined,
};
