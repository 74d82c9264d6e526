/** The streams of one connection (RFC 9113 section 5.1): opened, ended, reset and remembered for a while. Owns the table; sends only RST_STREAM. */

import { errorCode, H2Error } from './error.ts';
import { rstStreamFrame, windowMax } from './frame.ts';
import type { Outbox } from './outbox.ts';
import type { ReceiveCredit } from './receive-credit.ts';
import type { SendQueue } from './send-queue.ts';
import type { Stream, StreamReader } from './stream.ts';
import { newStreamState, type StreamState } from './stream-state.ts';

export interface StreamTable {
  readonly size: number;
  get(id: number): StreamState | undefined;
  all(): IterableIterator<StreamState>;
  /** The id of the next stream that we open, counted on. */
  nextId(): number;
  /** False when all ids are used up (section 5.1.1). */
  readonly idsLeft: boolean;
  /** The last stream that the peer opened. */
  lastPeerId: number;
  add(id: number, reader: StreamReader, remoteEnd: boolean): StreamState;
  /** Both halves are done: it leaves the table. */
  leave(s: StreamState): void;
  /** Our half is done. */
  ended(s: StreamState): void;
  /** We end it, without telling the reader. */
  reset(s: StreamState, code: number): void;
  /** The peer's fault, told to both sides. */
  breakOff(s: StreamState, code: number): void;
  /** Refuses a stream before it is one. */
  refuse(id: number, code: number): void;
  /** Tells every stream that the connection is gone. */
  lose(): void;
  /** A frame for a stream that is not in the table: throws H2Error unless we reset that one and the peer could not know. */
  checkLate(id: number, what: string): void;
  /** The peer has ended it as well: from now on any frame for it is late. */
  hasEnded(id: number): void;
  /** No frame may come for it yet (section 5.1). */
  isIdle(id: number): boolean;
}

export interface StreamTableOptions {
  readonly isServer: boolean;
  readonly remote: string;
  readonly streamWindowBytes: number;
  readonly outbox: Outbox;
  readonly queue: SendQueue;
  readonly credit: ReceiveCredit;
  /** The peer's window for new streams, as it stands. */
  initialSendWindow(): number;
  /** A stream has left. */
  left(): void;
}

/** Streams that we reset and remember one by one: what the peer had under way for them is no fault of its. */
const recentResetsMax = 256;

export const createStreamTable = (o: StreamTableOptions): StreamTable => {
  const { outbox, queue, credit } = o;
  const streams = new Map<number, StreamState>();
  const recentResets = new Set<number>();
  /** Up to this stream no late frame is held against the peer: more were reset than are remembered. */
  let forgivenUpTo = 0;
  let lastPeerId = 0;
  let nextId = 1;

  const noteReset = (id: number): void => {
    recentResets.add(id);
    if (recentResets.size <= recentResetsMax) return;
    const oldest = recentResets.values().next().value as number;
    recentResets.delete(oldest);
    forgivenUpTo = Math.max(forgivenUpTo, oldest);
  };
  const leave = (s: StreamState): void => {
    if (s.over) return;
    s.over = true;
    streams.delete(s.id);
    queue.drop(s);
    credit.abandon(s);
    o.left();
  };
  const reset = (s: StreamState, code: number): void => {
    if (s.over) return;
    if (code === errorCode.noError && s.end !== 'open' && !s.localEnd) {
      s.closing = true;
      return;
    }
    outbox.push(rstStreamFrame(s.id, code));
    noteReset(s.id);
    leave(s);
  };
  const shared: Shared = { remote: o.remote, queue, credit, reset };
  const isOwn = (id: number): boolean => (id % 2 === 1) !== o.isServer;
  const isIdle = (id: number): boolean => (isOwn(id) ? id >= nextId : id > lastPeerId);

  return {
    get size() {
      return streams.size;
    },
    get: (id) => streams.get(id),
    all: () => streams.values(),
    nextId: () => {
      const id = nextId;
      nextId += 2;
      return id;
    },
    get idsLeft() {
      return nextId < windowMax;
    },
    get lastPeerId() {
      return lastPeerId;
    },
    set lastPeerId(id) {
      lastPeerId = id;
    },
    add: (id, reader, remoteEnd) => {
      const windows = { sendWindow: o.initialSendWindow(), receiveWindow: o.streamWindowBytes };
      const s = newStreamState({ id, reader, remoteEnd, ...windows }, (state) => new StreamHandle(state, shared));
      streams.set(id, s);
      return s;
    },
    leave,
    ended: (s) => {
      s.localEnd = true;
      if (s.remoteEnd) leave(s);
      else if (s.closing) reset(s, errorCode.noError);
    },
    reset,
    breakOff: (s, code) => {
      if (s.over) return;
      reset(s, code);
      s.reader.reset(code);
    },
    refuse: (id, code) => {
      outbox.push(rstStreamFrame(id, code));
      noteReset(id);
    },
    lose: () => {
      for (const s of [...streams.values()]) {
        s.over = true;
        streams.delete(s.id);
        queue.drop(s);
        s.reader.reset(errorCode.connectError);
      }
    },
    checkLate: (id, what) => {
      if (isIdle(id)) throw new H2Error(errorCode.protocolError, `${what} on idle stream ${id}`);
      if (id > forgivenUpTo && !recentResets.has(id))
        throw new H2Error(errorCode.streamClosed, `${what} on closed stream ${id}`);
    },
    hasEnded: (id) => {
      recentResets.delete(id);
    },
    isIdle,
  };
};

/** What the handles of one connection work with. */
interface Shared {
  readonly remote: string;
  readonly queue: SendQueue;
  readonly credit: ReceiveCredit;
  reset(s: StreamState, code: number): void;
}

/** What the layer above holds of a stream. A class, since functions made anew for each stream were most of its garbage. */
class StreamHandle implements Stream {
  readonly id: number;
  readonly #s: StreamState;
  readonly #shared: Shared;

  constructor(s: StreamState, shared: Shared) {
    this.id = s.id;
    this.#s = s;
    this.#shared = shared;
  }

  get remote(): string {
    return this.#shared.remote;
  }

  get pendingBytes(): number {
    return this.#s.pendingBytes;
  }

  get closed(): boolean {
    return this.#s.over;
  }

  get #canSend(): boolean {
    return !this.#s.over && !this.#s.localEnd && this.#s.end === 'open';
  }

  sendHeaders(block: Buffer, endStream: boolean): void {
    if (this.#canSend) this.#shared.queue.headers(this.#s, block, endStream);
  }

  sendData(chunk: Buffer, endStream: boolean): boolean {
    return this.#canSend ? this.#shared.queue.data(this.#s, chunk, endStream) : true;
  }

  consumed(bytes: number): void {
    this.#shared.credit.consumed(this.#s, bytes);
  }

  reset(code: number): void {
    this.#shared.reset(this.#s, code);
  }
}
