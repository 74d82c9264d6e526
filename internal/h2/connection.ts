/**
 * One HTTP/2 connection (RFC 9113), as server or client: frames in, streams up; headers, bodies and credit down. Owns the
 * streams and the socket it was given. Knows nothing of what the streams carry.
 */

import type { Duplex } from 'node:stream';

import {
  controlFramesMax,
  controlFramesPerSecond,
  frameTimeoutMs,
  headerBytesMax,
  peerResetsMax,
  peerResetsPerSecond,
  stalledConnectionMs,
} from '../contract/limits.ts';
import { type AssembledBlock, createBlockAssembler, dependsOnItself, unpadded } from './block-assembler.ts';
import { createBlockReader } from './block-reader.ts';
import { contentLength, fieldsFault, type MessagePart } from './check-fields.ts';
import { errorCode, H2Error } from './error.ts';
import { createBucket } from './flood-guard.ts';
import {
  clientPreface,
  flag,
  frameSizeDefault,
  frameType,
  goawayFrame,
  pingFrame,
  rstStreamFrame,
  settingsAck,
  settingsFrame,
  windowDefault,
  windowMax,
  windowUpdateFrame,
} from './frame.ts';
import { createFrameReader } from './frame-reader.ts';
import type { HeaderBlock } from './header-block.ts';
import { fieldValue } from './header-block.ts';
import { encodeFields } from './hpack/encoder.ts';
import { createOutbox } from './outbox.ts';
import { createSendQueue } from './send-queue.ts';
import { applySettings, initialPeerSettings, type PeerSettings, settingId } from './settings.ts';
import type { Stream, StreamReader } from './stream.ts';
import { deafReader, newStreamState, type StreamState } from './stream-state.ts';

export interface ConnectionOptions {
  readonly role: 'server' | 'client';
  readonly socket: Duplex;
  /** Peer as ip:port. */
  readonly remote: string;
  /** Streams the peer may have open at one time. */
  readonly streamsMax: number;
  /** What the peer may send on one stream before we take it, in bytes. */
  readonly streamWindowBytes: number;
  /** The same for all streams together; undefined: streams do not wait for each other. */
  readonly connectionWindowBytes?: number;
  readonly now: () => number;
  /** A stream that the peer opened. */
  readonly onStream?: (stream: Stream, block: HeaderBlock, endStream: boolean) => StreamReader;
  /** No new streams can be opened from now on; those that are open go on. */
  readonly onGoaway?: () => void;
  /** The socket is gone; every stream has been told. */
  readonly onClose: () => void;
  /** A fault in the layer above: the connection ends, and this says why. */
  readonly onFault: (error: unknown) => void;
}

export interface Connection {
  /** Opens a stream to a server. Only while `canOpen` says so. */
  open(block: Buffer, endStream: boolean, reader: StreamReader): Stream;
  readonly canOpen: boolean;
  readonly streamCount: number;
  /** When bytes last came, in ms of `now`. */
  readonly heardAt: number;
  /** Whether the peer's first SETTINGS have come. */
  readonly settled: boolean;
  /** Asks the peer for a sign of life: a SETTINGS frame that it must acknowledge. */
  probe(): void;
  /** Takes no new streams, ends when the last is over. */
  drain(): void;
  /** Ends everything now. */
  destroy(code?: number): void;
  /** Looks at the clock: what is overdue ends. `handshakeMs` bounds the peer's SETTINGS (as client also their acknowledgement). To be called about once a second. */
  tick(handshakeMs: number, idleMs: number): void;
}

/** Streams that we reset and remember one by one: what the peer had under way for them is no fault of its. */
const recentResetsMax = 256;
/** The connection's window as a client: large, and given back as bytes come. */
const openWindowBytes = 16 * 1024 * 1024;

const tooLargeBlock = encodeFields([[':status', '431']]);

/** Speaks first at once: preface (as client) and SETTINGS are under way when this returns. */
export const createConnection = (o: ConnectionOptions): Connection => {
  const { role, socket, now } = o;
  const isServer = role === 'server';
  const streams = new Map<number, StreamState>();
  const recentResets = new Set<number>();
  const assembler = createBlockAssembler(headerBytesMax);
  const blocks = createBlockReader(headerBytesMax);
  const resets = createBucket(peerResetsMax, peerResetsPerSecond, now);
  const controls = createBucket(controlFramesMax, controlFramesPerSecond, now);
  const windowBytes = o.connectionWindowBytes ?? openWindowBytes;
  const openedAt = now();

  let peer: PeerSettings = initialPeerSettings;
  let settled = false;
  let prefaceLeft = isServer ? clientPreface.length : 0;
  let heardAt = openedAt;
  let usefulAt = openedAt;
  let partialSince = 0;
  let stalledSince = 0;
  let settingsSentAt = openedAt;
  let settingsUnacked = 0;
  let sizeUpdateDue = false;
  let receiveWindow = windowDefault;
  let credit = 0;
  let lastPeerId = 0;
  let nextId = 1;
  /** Up to this stream no late frame is held against the peer: more were reset than are remembered. */
  let forgivenUpTo = 0;
  let draining = false;
  let goawaySent = false;
  let ended = false;

  const outbox = createOutbox(socket, {
    drained: () => guard(() => queue.pump()),
    flooded: () => fail(new H2Error(errorCode.enhanceYourCalm, 'the peer does not read what it is sent')),
  });
  const queue = createSendQueue({
    outbox,
    peer: () => peer,
    takeSizeUpdate: () => {
      const due = sizeUpdateDue;
      sizeUpdateDue = false;
      return due;
    },
    ended: (s) => {
      s.localEnd = true;
      if (s.remoteEnd) leave(s);
      else if (s.closing) resetStream(s, errorCode.noError);
    },
    window: windowDefault,
  });

  // ---- Streams

  const leave = (s: StreamState): void => {
    if (s.over) return;
    s.over = true;
    streams.delete(s.id);
    queue.drop(s);
    giveBack(s.held);
    usefulAt = now();
    if (draining && streams.size === 0) finish();
  };
  const noteReset = (id: number): void => {
    recentResets.add(id);
    if (recentResets.size <= recentResetsMax) return;
    const oldest = recentResets.values().next().value as number;
    recentResets.delete(oldest);
    forgivenUpTo = Math.max(forgivenUpTo, oldest);
  };
  /** We end it, without telling the reader. */
  const resetStream = (s: StreamState, code: number): void => {
    if (s.over) return;
    if (code === errorCode.noError && s.end !== 'open' && !s.localEnd) {
      s.closing = true;
      return;
    }
    outbox.push(rstStreamFrame(s.id, code));
    noteReset(s.id);
    leave(s);
  };
  /** The peer's fault, told to both sides. */
  const breakStream = (s: StreamState, code: number): void => {
    if (s.over) return;
    resetStream(s, code);
    s.reader.reset(code);
  };

  const newStream = (id: number, reader: StreamReader, remoteEnd: boolean): StreamState => {
    const stream: Stream = {
      id,
      remote: o.remote,
      sendHeaders: (block, endStream) => {
        if (!s.over && !s.localEnd && s.end === 'open') queue.headers(s, block, endStream);
      },
      sendData: (chunk, endStream) => {
        if (s.over || s.localEnd || s.end !== 'open') return true;
        return queue.data(s, chunk, endStream);
      },
      consumed: (bytes) => consumed(s, bytes),
      reset: (code) => resetStream(s, code),
      get pendingBytes() {
        return s.pendingBytes;
      },
      get closed() {
        return s.over;
      },
    };
    const s = newStreamState({
      id,
      stream,
      reader,
      remoteEnd,
      sendWindow: peer.initialWindowSize,
      receiveWindow: o.streamWindowBytes,
    });
    streams.set(id, s);
    return s;
  };

  // ---- Credit (RFC 9113 section 5.2)

  const giveBack = (bytes: number): void => {
    // As a client the connection's credit went back when the bytes came.
    if (o.connectionWindowBytes !== undefined) creditConnection(bytes);
  };
  const creditConnection = (bytes: number): void => {
    credit += bytes;
    if (credit < windowBytes / 2 || ended) return;
    outbox.push(windowUpdateFrame(0, credit));
    receiveWindow += credit;
    credit = 0;
  };
  const consumed = (s: StreamState, bytes: number): void => {
    if (s.over) return;
    s.held -= bytes;
    giveBack(bytes);
    if (s.remoteEnd) return;
    s.credit += bytes;
    if (s.credit < o.streamWindowBytes / 2) return;
    outbox.push(windowUpdateFrame(s.id, s.credit));
    s.receiveWindow += s.credit;
    s.credit = 0;
  };

  // ---- Frames in

  const onData = (flags: number, id: number, payload: Buffer): void => {
    if (id === 0) throw new H2Error(errorCode.protocolError, 'DATA on stream 0');
    receiveWindow -= payload.length;
    if (receiveWindow < 0) throw new H2Error(errorCode.flowControlError, 'DATA beyond the connection window');
    const chunk = unpadded(flags, payload);
    const end = (flags & flag.endStream) !== 0;
    if (chunk.length === 0 && !end) takeControl();
    if (o.connectionWindowBytes === undefined) creditConnection(payload.length);
    const s = streams.get(id);
    if (s === undefined) {
      giveBack(payload.length);
      return notOpen(id, 'DATA');
    }
    s.receiveWindow -= payload.length;
    s.held += payload.length;
    if (s.receiveWindow < 0) return breakStream(s, errorCode.flowControlError);
    if (s.remoteEnd) return breakStream(s, errorCode.streamClosed);
    if (!isServer && !s.headed) return breakStream(s, errorCode.protocolError);
    const padding = payload.length - chunk.length;
    if (padding > 0) consumed(s, padding);
    if (s.missing !== undefined) {
      s.missing -= chunk.length;
      if (s.missing < 0 || (end && s.missing !== 0)) return breakStream(s, errorCode.protocolError);
    }
    if (end) s.remoteEnd = true;
    s.reader.data(chunk, end);
    if (end && s.localEnd) leave(s);
  };

  /** A frame for a stream that is not in the table: one that we just left, one that is long over, or one that never was. */
  const notOpen = (id: number, what: string): void => {
    if (isIdle(id)) throw new H2Error(errorCode.protocolError, `${what} on idle stream ${id}`);
    if (id > forgivenUpTo && !recentResets.has(id))
      throw new H2Error(errorCode.streamClosed, `${what} on closed stream ${id}`);
  };
  const isOwn = (id: number): boolean => (id % 2 === 1) !== isServer;
  const isIdle = (id: number): boolean => (isOwn(id) ? id >= nextId : id > lastPeerId);

  const onBlock = (assembled: AssembledBlock): void => {
    // Decoded whatever becomes of it: the table is the connection's.
    const block = blocks.read(assembled.bytes);
    const { streamId: id, endStream } = assembled;
    const s = streams.get(id);
    if (s !== undefined)
      return s.remoteEnd ? breakStream(s, errorCode.streamClosed) : onLaterBlock(s, block, endStream);
    if (isServer && id % 2 === 1 && id > lastPeerId) return onRequest(id, block, endStream);
    if (!isOwn(id) && isIdle(id)) throw new H2Error(errorCode.protocolError, `HEADERS on stream ${id}`);
    notOpen(id, 'HEADERS');
  };
  const onRequest = (id: number, block: HeaderBlock | undefined, endStream: boolean): void => {
    lastPeerId = id;
    usefulAt = heardAt;
    if (goawaySent || draining) return refuse(id, errorCode.refusedStream);
    if (streams.size >= o.streamsMax) return refuse(id, errorCode.refusedStream);
    if (block === undefined) return refuseTooLarge(id, endStream);
    if (fieldsFault(block.fields, 'request') !== undefined) return refuse(id, errorCode.protocolError);
    const missing = contentLength(block.fields);
    if (Number.isNaN(missing) || (endStream && (missing ?? 0) !== 0)) return refuse(id, errorCode.protocolError);
    const s = newStream(id, deafReader, endStream);
    s.missing = missing;
    s.headed = true;
    s.reader = o.onStream?.(s.stream, block, endStream) ?? deafReader;
  };
  const refuse = (id: number, code: number): void => {
    outbox.push(rstStreamFrame(id, code));
    noteReset(id);
    takeControl();
  };
  const refuseTooLarge = (id: number, endStream: boolean): void => {
    const s = newStream(id, deafReader, endStream);
    s.stream.sendHeaders(tooLargeBlock, true);
    if (!endStream) resetStream(s, errorCode.noError);
  };
  /** The headers of a response, or trailers. */
  const onLaterBlock = (s: StreamState, block: HeaderBlock | undefined, endStream: boolean): void => {
    if (block === undefined) return breakStream(s, errorCode.enhanceYourCalm);
    const part: MessagePart = s.headed ? 'trailers' : 'response';
    if (fieldsFault(block.fields, part) !== undefined) return breakStream(s, errorCode.protocolError);
    if (part === 'trailers' && !endStream) return breakStream(s, errorCode.protocolError);
    if (part === 'response' && !endStream && fieldValue(block, ':status')?.startsWith('1')) return takeControl();
    if (part === 'trailers' && s.missing !== undefined && s.missing !== 0)
      return breakStream(s, errorCode.protocolError);
    if (part === 'response' && !endStream) {
      const missing = contentLength(block.fields);
      if (Number.isNaN(missing)) return breakStream(s, errorCode.protocolError);
      s.missing = missing;
    }
    s.headed = true;
    if (endStream) s.remoteEnd = true;
    s.reader.headers(block, endStream);
    if (endStream && s.localEnd) leave(s);
  };

  const onReset = (id: number, payload: Buffer): void => {
    if (payload.length !== 4) throw new H2Error(errorCode.frameSizeError, 'RST_STREAM is not 4 bytes');
    if (id === 0 || isIdle(id)) throw new H2Error(errorCode.protocolError, `RST_STREAM on stream ${id}`);
    if (isServer && !resets.take()) throw new H2Error(errorCode.enhanceYourCalm, 'too many streams were reset');
    const s = streams.get(id);
    if (s === undefined) return;
    leave(s);
    s.reader.reset(payload.readUInt32BE(0));
  };

  let tableClosed = false;
  const onSettings = (flags: number, id: number, payload: Buffer): void => {
    if (id !== 0) throw new H2Error(errorCode.protocolError, `SETTINGS on stream ${id}`);
    if ((flags & flag.ack) !== 0) {
      if (payload.length !== 0) throw new H2Error(errorCode.frameSizeError, 'SETTINGS acknowledgement with a payload');
      if (settingsUnacked === 0) return;
      settingsUnacked -= 1;
      if (!tableClosed) {
        tableClosed = true;
        blocks.tableClosed();
      }
      return;
    }
    takeControl();
    const before = peer;
    peer = applySettings(peer, payload);
    settled = true;
    if (peer.headerTableSize < before.headerTableSize) sizeUpdateDue = true;
    const more = peer.initialWindowSize - before.initialWindowSize;
    if (more !== 0)
      for (const s of streams.values())
        if (!queue.creditStream(s, more)) throw new H2Error(errorCode.flowControlError, 'window over its largest');
    outbox.push(settingsAck);
    queue.pump();
  };

  const onPing = (flags: number, id: number, payload: Buffer): void => {
    if (id !== 0) throw new H2Error(errorCode.protocolError, `PING on stream ${id}`);
    if (payload.length !== 8) throw new H2Error(errorCode.frameSizeError, 'PING is not 8 bytes');
    if ((flags & flag.ack) !== 0) return;
    takeControl();
    outbox.push(pingFrame(payload, true));
  };

  const onGoaway = (id: number, payload: Buffer): void => {
    if (id !== 0) throw new H2Error(errorCode.protocolError, `GOAWAY on stream ${id}`);
    if (payload.length < 8) throw new H2Error(errorCode.frameSizeError, 'GOAWAY is shorter than 8 bytes');
    const last = payload.readUInt32BE(0) & 0x7fff_ffff;
    const first = !draining;
    draining = true;
    if (first) o.onGoaway?.();
    if (!isServer)
      for (const s of [...streams.values()])
        if (s.id > last) {
          leave(s);
          s.reader.reset(errorCode.refusedStream);
        }
    if (streams.size === 0) finish();
  };

  const onWindowUpdate = (id: number, payload: Buffer): void => {
    if (payload.length !== 4) throw new H2Error(errorCode.frameSizeError, 'WINDOW_UPDATE is not 4 bytes');
    const bytes = payload.readUInt32BE(0) & 0x7fff_ffff;
    if (id === 0) {
      if (bytes === 0) throw new H2Error(errorCode.protocolError, 'WINDOW_UPDATE of 0');
      if (!queue.credit(bytes)) throw new H2Error(errorCode.flowControlError, 'window over its largest');
      queue.pump();
      return;
    }
    if (isIdle(id)) throw new H2Error(errorCode.protocolError, `WINDOW_UPDATE on idle stream ${id}`);
    const s = streams.get(id);
    if (s === undefined) return;
    if (bytes === 0) return breakStream(s, errorCode.protocolError);
    if (!queue.creditStream(s, bytes)) return breakStream(s, errorCode.flowControlError);
    queue.pump();
  };

  const onPriority = (id: number, payload: Buffer): void => {
    if (id === 0) throw new H2Error(errorCode.protocolError, 'PRIORITY on stream 0');
    takeControl();
    if (payload.length === 5 && !dependsOnItself(id, payload)) return;
    const code = payload.length === 5 ? errorCode.protocolError : errorCode.frameSizeError;
    const s = streams.get(id);
    if (s === undefined) outbox.push(rstStreamFrame(id, code));
    else breakStream(s, code);
  };

  /** Frames that carry nothing are cheap to send and not free to read. */
  const takeControl = (): void => {
    if (!controls.take()) throw new H2Error(errorCode.enhanceYourCalm, 'too many frames that carry nothing');
  };

  const onFrame = (type: number, flags: number, id: number, payload: Buffer): void => {
    if (ended) return;
    if (!settled && type !== frameType.settings)
      throw new H2Error(errorCode.protocolError, 'the first frame is not SETTINGS');
    if (assembler.expecting !== 0 && (type !== frameType.continuation || id !== assembler.expecting))
      throw new H2Error(errorCode.protocolError, 'a header block was interrupted');
    switch (type) {
      case frameType.data:
        return onData(flags, id, payload);
      case frameType.headers: {
        if (id === 0) throw new H2Error(errorCode.protocolError, 'HEADERS on stream 0');
        const block = assembler.headers(id, flags, payload);
        if (block !== undefined) onBlock(block);
        return;
      }
      case frameType.continuation: {
        if (assembler.expecting === 0) throw new H2Error(errorCode.protocolError, 'CONTINUATION without HEADERS');
        const block = assembler.continuation(id, flags, payload);
        if (block !== undefined) onBlock(block);
        return;
      }
      case frameType.priority:
        return onPriority(id, payload);
      case frameType.rstStream:
        return onReset(id, payload);
      case frameType.settings:
        return onSettings(flags, id, payload);
      case frameType.pushPromise:
        throw new H2Error(errorCode.protocolError, 'PUSH_PROMISE was not asked for');
      case frameType.ping:
        return onPing(flags, id, payload);
      case frameType.goaway:
        return onGoaway(id, payload);
      case frameType.windowUpdate:
        return onWindowUpdate(id, payload);
      default:
        // Frames of extensions are ignored (section 5.5).
        takeControl();
    }
  };

  const frames = createFrameReader(frameSizeDefault, onFrame);

  /** What goes wrong in there ends the connection and nothing else. */
  const guard = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof H2Error)) o.onFault(error);
      fail(error instanceof H2Error ? error : new H2Error(errorCode.internalError, 'internal error'));
    }
  };

  /** Takes the client's preface off; the rest of the chunk, or undefined while it is incomplete. */
  const afterPreface = (chunk: Buffer): Buffer | undefined => {
    const from = clientPreface.length - prefaceLeft;
    const part = Math.min(prefaceLeft, chunk.length);
    if (!clientPreface.subarray(from, from + part).equals(chunk.subarray(0, part)))
      throw new H2Error(errorCode.protocolError, 'not an HTTP/2 preface');
    prefaceLeft -= part;
    return part === chunk.length ? undefined : chunk.subarray(part);
  };

  // ---- The end

  const fail = (error: H2Error): void => {
    if (ended) return;
    if (!goawaySent) {
      goawaySent = true;
      outbox.push(goawayFrame(lastPeerId, error.code, error.message));
    }
    finish();
  };
  /** Writes what waits, ends the socket, tells every stream. */
  const finish = (): void => {
    if (ended) return;
    ended = true;
    outbox.flush();
    outbox.close();
    socket.end();
    loseStreams();
    // A peer that does not close its side is not waited for.
    setTimeout(() => socket.destroy(), lingerMs).unref();
  };
  const loseStreams = (): void => {
    for (const s of [...streams.values()]) {
      s.over = true;
      streams.delete(s.id);
      queue.drop(s);
      s.reader.reset(errorCode.connectError);
    }
  };

  socket.on('data', (chunk: Buffer) => {
    if (ended) return;
    heardAt = now();
    guard(() => {
      const rest = prefaceLeft > 0 ? afterPreface(chunk) : chunk;
      if (rest !== undefined) frames.feed(rest);
    });
    const partial = frames.heldBytes > 0 || assembler.expecting !== 0;
    if (!partial) partialSince = 0;
    else if (partialSince === 0) partialSince = heardAt;
  });
  socket.on('error', () => undefined);
  socket.once('close', () => {
    ended = true;
    outbox.close();
    loseStreams();
    o.onClose();
  });

  const start = (): void => {
    if (!isServer) outbox.push(clientPreface);
    outbox.push(
      settingsFrame([
        [settingId.headerTableSize, 0],
        ...(isServer ? [] : ([[settingId.enablePush, 0]] as const)),
        [settingId.maxConcurrentStreams, o.streamsMax],
        [settingId.initialWindowSize, o.streamWindowBytes],
        [settingId.maxHeaderListSize, headerBytesMax],
      ]),
    );
    settingsUnacked = 1;
    outbox.push(windowUpdateFrame(0, windowBytes - windowDefault));
    receiveWindow = windowBytes;
  };
  start();

  return {
    open: (block, endStream, reader) => {
      const s = newStream(nextId, reader, false);
      nextId += 2;
      queue.headers(s, block, endStream);
      return s.stream;
    },
    get canOpen() {
      return !ended && !draining && streams.size < peer.maxConcurrentStreams && nextId < windowMax;
    },
    get streamCount() {
      return streams.size;
    },
    get heardAt() {
      return heardAt;
    },
    get settled() {
      return settled;
    },
    probe: () => {
      if (ended || settingsUnacked > 0) return;
      outbox.push(settingsFrame([]));
      settingsUnacked += 1;
      settingsSentAt = now();
    },
    drain: () => {
      if (ended || goawaySent) return;
      draining = true;
      goawaySent = true;
      outbox.push(goawayFrame(lastPeerId, errorCode.noError));
      if (streams.size === 0) finish();
    },
    destroy: (code = errorCode.noError) => {
      fail(new H2Error(code, ''));
      socket.destroy();
    },
    tick: (handshakeMs, idleMs) => {
      if (ended) return;
      const time = now();
      if (!settled && time - openedAt >= handshakeMs) return void socket.destroy();
      if (settingsUnacked > 0 && time - settingsSentAt >= (isServer ? frameTimeoutMs : handshakeMs))
        return fail(new H2Error(errorCode.settingsTimeout, 'SETTINGS were not acknowledged'));
      if (partialSince > 0 && time - partialSince >= frameTimeoutMs)
        return fail(new H2Error(errorCode.enhanceYourCalm, 'a frame was not completed'));
      if (streams.size === 0 && time - usefulAt >= idleMs) return fail(new H2Error(errorCode.noError, 'idle'));
      if (outbox.bytes === 0) stalledSince = 0;
      else if (stalledSince === 0) stalledSince = time;
      else if (time - stalledSince >= stalledConnectionMs) socket.destroy();
    },
  };
};

const lingerMs = 1_000;
