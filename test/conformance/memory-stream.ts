/** One HTTP/2 stream without a connection: what frame engine tests put in the place of a peer. It keeps what is sent and hands out what a test says. */

import { createHpackDecoder } from '../../internal/h2/hpack/decoder.ts';
import { encodeBlock } from '../../internal/h2/hpack/encoder.ts';
import type { HeaderBlock } from '../../internal/h2/header-block.ts';
import type { Stream } from '../../internal/h2/stream.ts';

export type HeaderPairs = readonly (readonly [name: string, value: string])[];

export interface MemoryStream {
  readonly stream: Stream;
  /** What was sent so far. */
  readonly headers: readonly Readonly<Record<string, string>>[];
  readonly body: () => Buffer;
  /** Both in order: `headers`, `data`, `reset 8`; the one that ended the stream has a `.`. */
  readonly events: readonly string[];
  readonly consumedBytes: () => number;
  /** Resolves when the stream was ended or reset from here. */
  readonly ended: Promise<void>;
  /** What sendData answers from now on. */
  setRoom(room: boolean): void;
}

const limit = { listBytesMax: 1_048_576, fieldsMax: 1_000 };

export const blockOf = (pairs: HeaderPairs): HeaderBlock => encodeBlock(pairs);

export const openMemoryStream = (): MemoryStream => {
  const headers: Record<string, string>[] = [];
  const pieces: Buffer[] = [];
  const events: string[] = [];
  let consumed = 0;
  let room = true;
  let closed = false;
  let finish = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const note = (name: string, end: boolean): void => {
    events.push(end ? `${name}.` : name);
    if (end) finish();
  };
  return {
    stream: {
      id: 1,
      remote: '127.0.0.1:1234',
      sendHeaders: (block, end) => {
        const { fields } = createHpackDecoder({ tableBytesMax: 0 }).decode(block, limit);
        headers.push(Object.fromEntries(fields.map((f) => [f.name, f.value])));
        note('headers', end);
      },
      sendData: (chunk, end) => {
        pieces.push(chunk);
        note('data', end);
        return room;
      },
      consumed: (bytes) => {
        consumed += bytes;
      },
      reset: (code) => {
        closed = true;
        note(`reset ${code}`, false);
        finish();
      },
      pendingBytes: 0,
      get closed() {
        return closed;
      },
    },
    headers,
    body: () => Buffer.concat(pieces),
    events,
    consumedBytes: () => consumed,
    ended,
    setRoom: (value) => {
      room = value;
    },
  };
};
