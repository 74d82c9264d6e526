/** Frames that came (RFC 9113 section 6), checked and turned into what they mean for streams, credit and the connection. Throws H2Error when the connection cannot go on. */

import { type AssembledBlock, createBlockAssembler, dependsOnItself, unpadded } from './block-assembler.ts';
import { errorCode, H2Error } from './error.ts';
import { flag, frameType, pingFrame, rstStreamFrame } from './frame.ts';
import type { FrameHandler } from './frame-reader.ts';
import type { Outbox } from './outbox.ts';
import type { ReceiveCredit } from './receive-credit.ts';
import type { SendQueue } from './send-queue.ts';
import type { StreamTable } from './stream-table.ts';

export interface FrameReceiverOptions {
  readonly outbox: Outbox;
  readonly streams: StreamTable;
  readonly credit: ReceiveCredit;
  readonly queue: SendQueue;
  /** Bytes of one header block as it is sent. */
  readonly blockBytesMax: number;
  readonly onBlock: (assembled: AssembledBlock) => void;
  readonly onSettings: (payload: Buffer) => void;
  readonly onSettingsAck: () => void;
  /** `text` is the peer's own word on it, often empty. */
  readonly onGoaway: (lastStreamId: number, code: number, text: string) => void;
  /** The peer reset a stream of its own. */
  takeReset(): void;
  /** A frame that carries nothing: cheap to send and not free to read. */
  takeControl(): void;
}

export interface FrameReceiver {
  readonly onFrame: FrameHandler;
  /** A header block has begun and is not complete. */
  readonly inBlock: boolean;
  /** The peer's first SETTINGS have come. */
  readonly settled: boolean;
}

/** More of a peer's last words is not worth keeping. */
const goawayTextBytesMax = 256;

type Receive = (flags: number, streamId: number, payload: Buffer) => void;

export const createFrameReceiver = (o: FrameReceiverOptions): FrameReceiver => {
  const { streams, credit, queue, outbox } = o;
  const assembler = createBlockAssembler(o.blockBytesMax);
  let settled = false;

  /** DATA (section 6.1). */
  const onData: Receive = (flags, id, payload) => {
    requireStream(id, 'DATA');
    credit.arrived(payload.length);
    const chunk = unpadded(flags, payload);
    const end = (flags & flag.endStream) !== 0;
    if (chunk.length === 0 && !end) o.takeControl();
    const s = streams.get(id);
    if (s === undefined) {
      credit.discarded(payload.length);
      streams.checkLate(id, 'DATA');
      return;
    }
    s.receiveWindow -= payload.length;
    s.held += payload.length;
    if (s.missing !== undefined) s.missing -= chunk.length;
    const fault = dataFault(s, end);
    if (fault !== undefined) {
      streams.breakOff(s, fault);
      return;
    }
    if (payload.length > chunk.length) credit.consumed(s, payload.length - chunk.length);
    if (end) s.remoteEnd = true;
    s.reader.data(chunk, end);
    if (end && s.localEnd) streams.leave(s);
  };

  /** HEADERS and CONTINUATION (sections 6.2 and 6.10). */
  const onHeaders: Receive = (flags, id, payload) => {
    requireStream(id, 'HEADERS');
    const block = assembler.headers(id, flags, payload);
    if (block !== undefined) o.onBlock(block);
  };
  const onContinuation: Receive = (flags, id, payload) => {
    if (assembler.expecting === 0) throw new H2Error(errorCode.protocolError, 'CONTINUATION without HEADERS');
    const block = assembler.continuation(id, flags, payload);
    if (block !== undefined) o.onBlock(block);
  };

  /** PRIORITY (RFC 7540 section 6.3; RFC 9113 keeps only its shape). */
  const onPriority: Receive = (_flags, id, payload) => {
    requireStream(id, 'PRIORITY');
    o.takeControl();
    if (payload.length === 5 && !dependsOnItself(id, payload)) return;
    const code = payload.length === 5 ? errorCode.protocolError : errorCode.frameSizeError;
    const s = streams.get(id);
    if (s === undefined) outbox.push(rstStreamFrame(id, code));
    else streams.breakOff(s, code);
  };

  /** RST_STREAM (section 6.4): the peer's last word on a stream. */
  const onReset: Receive = (_flags, id, payload) => {
    requireSize(payload, 4, 'RST_STREAM');
    if (id === 0 || streams.isIdle(id)) throw new H2Error(errorCode.protocolError, `RST_STREAM on stream ${id}`);
    o.takeReset();
    const s = streams.get(id);
    if (s === undefined) {
      streams.hasEnded(id);
      return;
    }
    streams.leave(s);
    s.reader.reset(payload.readUInt32BE(0));
  };

  /** SETTINGS (section 6.5). */
  const onSettings: Receive = (flags, id, payload) => {
    requireConnection(id, 'SETTINGS');
    if ((flags & flag.ack) !== 0) {
      requireSize(payload, 0, 'an acknowledgement of SETTINGS');
      o.onSettingsAck();
      return;
    }
    o.takeControl();
    settled = true;
    o.onSettings(payload);
  };

  /** PING (section 6.7). */
  const onPing: Receive = (flags, id, payload) => {
    requireConnection(id, 'PING');
    requireSize(payload, 8, 'PING');
    if ((flags & flag.ack) !== 0) return;
    o.takeControl();
    outbox.push(pingFrame(payload, true));
  };

  /** GOAWAY (section 6.8). */
  const onGoaway: Receive = (_flags, id, payload) => {
    requireConnection(id, 'GOAWAY');
    if (payload.length < 8) throw new H2Error(errorCode.frameSizeError, 'GOAWAY is shorter than 8 bytes');
    const text = payload.toString('utf8', 8, 8 + goawayTextBytesMax);
    o.onGoaway(payload.readUInt32BE(0) & idMask, payload.readUInt32BE(4), text);
  };

  /** WINDOW_UPDATE (section 6.9). */
  const onWindowUpdate: Receive = (_flags, id, payload) => {
    requireSize(payload, 4, 'WINDOW_UPDATE');
    const bytes = payload.readUInt32BE(0) & idMask;
    if (id === 0) {
      if (bytes === 0) throw new H2Error(errorCode.protocolError, 'WINDOW_UPDATE of 0');
      if (!queue.credit(bytes)) throw new H2Error(errorCode.flowControlError, 'window over its largest');
      queue.pump();
      return;
    }
    if (streams.isIdle(id)) throw new H2Error(errorCode.protocolError, `WINDOW_UPDATE on idle stream ${id}`);
    const s = streams.get(id);
    if (s === undefined) return;
    if (bytes === 0) streams.breakOff(s, errorCode.protocolError);
    else if (!queue.creditStream(s, bytes)) streams.breakOff(s, errorCode.flowControlError);
    else queue.pump();
  };

  const handlers: Readonly<Record<number, Receive>> = {
    [frameType.data]: onData,
    [frameType.headers]: onHeaders,
    [frameType.priority]: onPriority,
    [frameType.rstStream]: onReset,
    [frameType.settings]: onSettings,
    [frameType.pushPromise]: () => {
      throw new H2Error(errorCode.protocolError, 'PUSH_PROMISE was not asked for');
    },
    [frameType.ping]: onPing,
    [frameType.goaway]: onGoaway,
    [frameType.windowUpdate]: onWindowUpdate,
    [frameType.continuation]: onContinuation,
  };

  return {
    onFrame: (type, flags, id, payload) => {
      if (!settled && type !== frameType.settings)
        throw new H2Error(errorCode.protocolError, 'the first frame is not SETTINGS');
      if (assembler.expecting !== 0 && (type !== frameType.continuation || id !== assembler.expecting))
        throw new H2Error(errorCode.protocolError, 'a header block was interrupted');
      const handle = handlers[type];
      // Frames of extensions are ignored (section 5.5).
      if (handle === undefined) o.takeControl();
      else handle(flags, id, payload);
    },
    get inBlock() {
      return assembler.expecting !== 0;
    },
    get settled() {
      return settled;
    },
  };
};

const idMask = 0x7fff_ffff;

/** Why DATA on an open stream ends it; undefined when it is in order. */
const dataFault = (
  s: { receiveWindow: number; remoteEnd: boolean; headed: boolean; missing: number | undefined },
  end: boolean,
): number | undefined => {
  if (s.receiveWindow < 0) return errorCode.flowControlError;
  if (s.remoteEnd) return errorCode.streamClosed;
  if (!s.headed) return errorCode.protocolError;
  if (s.missing !== undefined && (s.missing < 0 || (end && s.missing !== 0))) return errorCode.protocolError;
  return undefined;
};

const requireStream = (id: number, what: string): void => {
  if (id === 0) throw new H2Error(errorCode.protocolError, `${what} on stream 0`);
};
const requireConnection = (id: number, what: string): void => {
  if (id !== 0) throw new H2Error(errorCode.protocolError, `${what} on stream ${id}`);
};
const requireSize = (payload: Buffer, bytes: number, what: string): void => {
  if (payload.length !== bytes)
    throw new H2Error(errorCode.frameSizeError, `${what} of ${payload.length} bytes where ${bytes} are right`);
};
