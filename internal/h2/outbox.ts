/** What a connection sends: frames of one turn of the event loop leave as one write. Owns the queue before the socket, not the socket. */

import type { Duplex } from 'node:stream';

export interface Outbox {
  push(bytes: Buffer): void;
  /** The socket is full: bodies wait, control frames still queue. */
  readonly full: boolean;
  /** Bytes that wait here or in the socket. */
  readonly bytes: number;
  /** Writes what waits now; used before an end. */
  flush(): void;
  close(): void;
}

export interface OutboxEvents {
  /** The socket has room again. */
  drained(): void;
  /** The peer makes us queue more than it reads (`bytesMax`); told once. */
  flooded(): void;
}

/** Small pieces are copied together into buffers of up to this size: to hand over each by itself costs more than the copy. */
const copyBytesMax = 32_768;
/** Larger ones go as they are. */
const smallBytesMax = 4_096;
/** Bodies wait while this much is queued for one turn. */
const turnBytesMax = 262_144;

/** The same bytes in fewer pieces. */
const gathered = (pieces: readonly Buffer[]): readonly Buffer[] => {
  const out: Buffer[] = [];
  let run: Buffer[] = [];
  let runBytes = 0;
  const endRun = (): void => {
    if (run.length > 0) out.push(run.length === 1 ? run[0]! : Buffer.concat(run, runBytes));
    run = [];
    runBytes = 0;
  };
  for (const piece of pieces) {
    const isSmall = piece.length <= smallBytesMax;
    if (!isSmall || runBytes + piece.length > copyBytesMax) endRun();
    if (isSmall) {
      run.push(piece);
      runBytes += piece.length;
    } else out.push(piece);
  }
  endRun();
  return out;
};

export const createOutbox = (socket: Duplex, bytesMax: number, on: OutboxEvents): Outbox => {
  let queue: Buffer[] = [];
  let queued = 0;
  let scheduled = false;
  let blocked = false;
  let asked = false;
  let closed = false;
  let overfull = false;

  const write = (pieces: readonly Buffer[], total: number): boolean => {
    if (pieces.length === 1) return socket.write(pieces[0]);
    if (total <= copyBytesMax) return socket.write(Buffer.concat(pieces, total));
    let room = true;
    socket.cork();
    for (const piece of gathered(pieces)) room = socket.write(piece);
    socket.uncork();
    return room;
  };
  const tellRoom = (): void => {
    if (!asked || blocked || closed) return;
    asked = false;
    on.drained();
  };
  const flush = (): void => {
    scheduled = false;
    if (queue.length === 0 || closed) return;
    const pieces = queue;
    const total = queued;
    queue = [];
    queued = 0;
    if (socket.destroyed || socket.writableEnded) return;
    blocked = !write(pieces, total);
    tellRoom();
  };
  socket.on('drain', () => {
    blocked = false;
    tellRoom();
  });

  return {
    push: (bytes) => {
      if (closed) return;
      queue.push(bytes);
      queued += bytes.length;
      if (!scheduled) {
        scheduled = true;
        setImmediate(flush);
      }
      // Told once: what ends the connection then has words of its own to send.
      if (overfull || queued + socket.writableLength <= bytesMax) return;
      overfull = true;
      on.flooded();
    },
    get full() {
      const full = blocked || queued >= turnBytesMax;
      if (full) asked = true;
      return full;
    },
    get bytes() {
      return queued + socket.writableLength;
    },
    flush,
    close: () => {
      closed = true;
      queue = [];
      queued = 0;
    },
  };
};
