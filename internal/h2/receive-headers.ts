/** Header blocks that came (RFC 9113 sections 8.1 to 8.4): a request opens a stream, anything later is a response or trailers. Malformed ones end their stream. */

import type { AssembledBlock } from './block-assembler.ts';
import type { BlockReader } from './block-reader.ts';
import { contentLength, isFit } from './check-fields.ts';
import { errorCode } from './error.ts';
import { fieldValue, type HeaderBlock, type MessagePart } from './header-block.ts';
import { encodeFields } from './hpack/encoder.ts';
import type { Stream, StreamReader } from './stream.ts';
import { deafReader, type StreamState } from './stream-state.ts';
import type { StreamTable } from './stream-table.ts';

export interface HeaderReceiverOptions {
  readonly isServer: boolean;
  readonly blocks: BlockReader;
  readonly streams: StreamTable;
  readonly streamsMax: number;
  /** No new streams are taken. */
  refusing(): boolean;
  /** A frame that costs more than it brings. */
  takeControl(): void;
  readonly onStream: ((stream: Stream, block: HeaderBlock, endStream: boolean) => StreamReader) | undefined;
}

const tooLargeBlock = encodeFields([[':status', '431']]);

/** What to do with a complete block. Throws H2Error when the connection cannot go on. */
export const createHeaderReceiver = (o: HeaderReceiverOptions): ((assembled: AssembledBlock) => void) => {
  const { streams } = o;

  const onRequest = (id: number, block: HeaderBlock | undefined, endStream: boolean): void => {
    streams.lastPeerId = id;
    if (o.refusing() || streams.size >= o.streamsMax) refuse(id, errorCode.refusedStream);
    else if (block === undefined) answerTooLarge(streams.add(id, deafReader, endStream));
    else if (isMalformed(block, endStream)) refuse(id, errorCode.protocolError);
    else {
      const s = streams.add(id, deafReader, endStream);
      s.missing = contentLength(block.fields);
      s.headed = true;
      s.reader = o.onStream?.(s.stream, block, endStream) ?? deafReader;
    }
  };
  const refuse = (id: number, code: number): void => {
    streams.refuse(id, code);
    o.takeControl();
  };
  const answerTooLarge = (s: StreamState): void => {
    s.stream.sendHeaders(tooLargeBlock, true);
    streams.reset(s, errorCode.noError);
  };
  const onLaterBlock = (s: StreamState, block: HeaderBlock | undefined, endStream: boolean): void => {
    const code = laterFault(s, block, endStream);
    if (code !== undefined || block === undefined) {
      streams.breakOff(s, code ?? errorCode.protocolError);
      return;
    }
    if (!s.headed && isInterim(block)) {
      o.takeControl();
      return;
    }
    if (!s.headed && !endStream) s.missing = contentLength(block.fields);
    s.headed = true;
    if (endStream) s.remoteEnd = true;
    s.reader.headers(block, endStream);
    if (endStream && s.localEnd) streams.leave(s);
  };

  return ({ streamId: id, bytes, endStream }) => {
    // Decoded whatever becomes of it: the table is the connection's.
    const block = o.blocks.read(bytes);
    const s = streams.get(id);
    if (s !== undefined) onLaterBlock(s, block, endStream);
    else if (o.isServer && id % 2 === 1 && id > streams.lastPeerId) onRequest(id, block, endStream);
    else streams.checkLate(id, 'HEADERS');
  };
};

const isMalformed = (block: HeaderBlock, endStream: boolean): boolean => {
  if (!isFit(block, 'request')) return true;
  const length = contentLength(block.fields);
  return Number.isNaN(length) || (endStream && length !== undefined && length !== 0);
};

/** Interim responses (1xx) come before the one that counts and are left out. */
const isInterim = (block: HeaderBlock): boolean => fieldValue(block, ':status')?.startsWith('1') ?? false;

/** Why headers on an open stream end it; undefined when they are in order. */
const laterFault = (s: StreamState, block: HeaderBlock | undefined, endStream: boolean): number | undefined => {
  if (s.remoteEnd) return errorCode.streamClosed;
  if (block === undefined) return errorCode.enhanceYourCalm;
  const part: MessagePart = s.headed ? 'trailers' : 'response';
  if (!isFit(block, part)) return errorCode.protocolError;
  if (part === 'response') {
    const inOrder = endStream ? !isInterim(block) : !Number.isNaN(contentLength(block.fields));
    return inOrder ? undefined : errorCode.protocolError;
  }
  return endStream && (s.missing ?? 0) === 0 ? undefined : errorCode.protocolError;
};
