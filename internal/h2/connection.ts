/**
 * One HTTP/2 connection (RFC 9113), as server or client: frames in, streams up; headers, bodies and credit down. Owns the
 * socket it was given and wires the parts; knows nothing of what the streams carry.
 */

import type { Duplex } from 'node:stream';

import { createBlockReader } from './block-reader.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import { errorCode, H2Error } from './error.ts';
import { createBucket } from './flood-guard.ts';
import { clientPreface, frameSizeDefault, goawayFrame, settingsAck, settingsFrame, windowDefault } from './frame.ts';
import { createFrameReader } from './frame-reader.ts';
import type { HeaderBlock } from './header-block.ts';
import { createOutbox } from './outbox.ts';
import { createReceiveCredit } from './receive-credit.ts';
import { createFrameReceiver } from './receive-frames.ts';
import { createHeaderReceiver } from './receive-headers.ts';
import { createSendQueue } from './send-queue.ts';
import { applySettings, initialPeerSettings, type PeerSettings, settingId } from './settings.ts';
import type { Stream, StreamReader } from './stream.ts';
import { createStreamTable } from './stream-table.ts';

export interface ConnectionOptions {
  readonly role: 'server' | 'client';
  readonly socket: Duplex;
  /** Peer as ip:port. */
  readonly remote: string;
  readonly limits: ConnectionLimits;
  readonly now: () => number;
  /** Bytes for a peer that speaks HTTP/1 instead. */
  readonly http1Answer?: Buffer;
  /** A stream that the peer opened. */
  readonly onStream?: (stream: Stream, block: HeaderBlock, endStream: boolean) => StreamReader;
  /** The peer's first SETTINGS have come: it speaks HTTP/2, and how many streams it takes is known. */
  readonly onSettled?: () => void;
  /** A stream is over: there may be room for another one. */
  readonly onStreamOver?: () => void;
  /** No new streams can be opened from now on; those that are open go on. */
  readonly onGoaway?: (code: number, text: string) => void;
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
  /** Asks the peer for a sign of life: a SETTINGS frame that it must acknowledge. Does nothing while one is under way. */
  probe(): void;
  /** How long the peer has owed us an acknowledgement, in milliseconds; 0 when it owes none. */
  owedMs(): number;
  /** Takes no new streams, ends when the last is over. */
  drain(): void;
  /** Ends everything now. */
  destroy(code?: number): void;
  /** Looks at the clock: what is overdue ends. To be called about once a second. */
  tick(): void;
}

/** A peer that does not close its side after ours is not waited for. */
const lingerMs = 1_000;

/** Clients that make only a few calls are not worth a SETTINGS frame of their own. */
const indexedBlocksMax = 4;

const http1Request = /^[A-Z]{3,10} [/*a-z]/;

/** A client speaks at once: preface and SETTINGS are under way when this returns. A server waits for the preface. */
export const createConnection = (o: ConnectionOptions): Connection => {
  const { socket, now, limits } = o;
  const isServer = o.role === 'server';
  const blocks = createBlockReader(limits.headerBytesMax, () => closeTable());
  const resets = createBucket(limits.resetsMax, limits.resetsPerSecond, now);
  const controls = createBucket(limits.controlFramesMax, limits.controlFramesPerSecond, now);
  const openedAt = now();

  let peer: PeerSettings = initialPeerSettings;
  let prefaceLeft = isServer ? clientPreface.length : 0;
  let heardAt = openedAt;
  let usefulAt = openedAt;
  let partialSince = 0;
  let stalledSince = 0;
  /** SETTINGS the peer has not acknowledged, and when the last of them went out. */
  let settingsUnacked = 1;
  let settingsSentAt = openedAt;
  /** Blocks that leaned on a table. */
  let indexedBlocks = 0;
  let sizeUpdateDue = false;
  let draining = false;
  let goawaySent = false;
  let settled = false;
  let ended = false;
  let linger: NodeJS.Timeout | undefined;

  const outbox = createOutbox(socket, limits.outboxBytesMax, {
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
    ended: (s) => streams.ended(s),
    window: windowDefault,
  });
  const credit = createReceiveCredit({ ...limits, outbox });
  const streams = createStreamTable({
    isServer,
    remote: o.remote,
    streamWindowBytes: limits.streamWindowBytes,
    outbox,
    queue,
    credit,
    initialSendWindow: () => peer.initialWindowSize,
    left: () => {
      usefulAt = heardAt;
      if (draining && streams.size === 0) finish();
      o.onStreamOver?.();
    },
  });
  const takeControl = (): void => {
    if (!controls.take()) throw new H2Error(errorCode.enhanceYourCalm, 'too many frames that carry nothing');
  };
  const receiver = createFrameReceiver({
    outbox,
    streams,
    credit,
    queue,
    // What is over headerBytesMax once decoded is refused by status; only far larger ones cost the connection.
    blockBytesMax: 4 * limits.headerBytesMax,
    takeControl,
    takeReset: () => {
      if (isServer && !resets.take()) throw new H2Error(errorCode.enhanceYourCalm, 'too many streams were reset');
    },
    onBlock: createHeaderReceiver({
      isServer,
      blocks,
      streams,
      streamsMax: limits.streamsMax,
      refusing: () => goawaySent || draining,
      takeControl,
      onStream: o.onStream,
    }),
    onSettings: (payload) => {
      const before = peer;
      peer = applySettings(peer, payload);
      if (peer.headerTableSize < before.headerTableSize) sizeUpdateDue = true;
      const more = peer.initialWindowSize - before.initialWindowSize;
      if (more !== 0)
        for (const s of streams.all())
          if (!queue.creditStream(s, more)) throw new H2Error(errorCode.flowControlError, 'window over its largest');
      outbox.push(settingsAck);
      queue.pump();
      if (settled) return;
      settled = true;
      o.onSettled?.();
    },
    onSettingsAck: () => {
      if (settingsUnacked > 0) settingsUnacked -= 1;
    },
    onGoaway: (last, code, text) => {
      const first = !draining;
      draining = true;
      if (first) o.onGoaway?.(code, text);
      if (!isServer)
        for (const s of [...streams.all()])
          if (s.id > last) {
            streams.leave(s);
            s.reader.reset(errorCode.refusedStream);
          }
      if (streams.size === 0) finish();
    },
  });
  const frames = createFrameReader(frameSizeDefault, (type, flags, id, payload) => {
    if (!ended) receiver.onFrame(type, flags, id, payload);
  });

  const sendSettings = (pairs: Parameters<typeof settingsFrame>[0]): void => {
    outbox.push(settingsFrame(pairs));
    settingsUnacked += 1;
    settingsSentAt = now();
  };
  /** A peer that goes on indexing is asked to stop: with a table of nothing its blocks mean the same everywhere. */
  const closeTable = (): void => {
    indexedBlocks += 1;
    if (isServer && indexedBlocks === indexedBlocksMax) sendSettings([[settingId.headerTableSize, 0]]);
  };
  /** What goes wrong in there ends the connection and nothing else. */
  const guard = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof H2Error)) o.onFault(error);
      fail(error instanceof H2Error ? error : new H2Error(errorCode.internalError, 'internal error'));
    }
  };
  const sayHello = (): void => {
    outbox.push(ownSettings(o));
    credit.open();
  };
  /** Takes the client's preface off (section 3.4); the rest of the chunk, or undefined while it is incomplete. */
  const afterPreface = (chunk: Buffer): Buffer | undefined => {
    const from = clientPreface.length - prefaceLeft;
    const part = Math.min(prefaceLeft, chunk.length);
    if (!clientPreface.subarray(from, from + part).equals(chunk.subarray(0, part))) {
      if (from === 0 && http1Request.test(chunk.toString('latin1', 0, 16)) && o.http1Answer !== undefined)
        outbox.push(o.http1Answer);
      else throw new H2Error(errorCode.protocolError, 'not an HTTP/2 preface');
      finish();
      return undefined;
    }
    prefaceLeft -= part;
    if (prefaceLeft === 0) sayHello();
    return part === chunk.length ? undefined : chunk.subarray(part);
  };
  const fail = (error: H2Error): void => {
    if (ended) return;
    if (!goawaySent || error.code !== errorCode.noError)
      outbox.push(goawayFrame(streams.lastPeerId, error.code, error.message));
    goawaySent = true;
    finish();
  };
  /** Writes what waits, ends the socket, tells every stream. */
  const finish = (): void => {
    if (ended) return;
    ended = true;
    outbox.flush();
    outbox.close();
    socket.end();
    streams.lose();
    linger = setTimeout(() => socket.destroy(), lingerMs).unref();
  };

  socket.on('data', (chunk: Buffer) => {
    if (ended) return;
    heardAt = now();
    guard(() => {
      const rest = prefaceLeft > 0 ? afterPreface(chunk) : chunk;
      if (rest !== undefined) frames.feed(rest);
    });
    if (frames.heldBytes === 0 && !receiver.inBlock) partialSince = 0;
    else if (partialSince === 0) partialSince = heardAt;
  });
  // Every error also closes the socket, which is where it is dealt with.
  socket.on('error', () => undefined);
  socket.once('close', () => {
    ended = true;
    // Else it would hold all of this for a while: much, when many connections end.
    clearTimeout(linger);
    outbox.close();
    streams.lose();
    o.onClose();
  });

  if (!isServer) {
    outbox.push(clientPreface);
    sayHello();
  }

  return {
    open: (block, endStream, reader) => {
      const s = streams.add(streams.nextId(), reader, false);
      queue.headers(s, block, endStream);
      return s.stream;
    },
    get canOpen() {
      return !ended && !draining && streams.size < peer.maxConcurrentStreams && streams.idsLeft;
    },
    get streamCount() {
      return streams.size;
    },
    get heardAt() {
      return heardAt;
    },
    probe: () => {
      if (!ended && settingsUnacked === 0) sendSettings([]);
    },
    owedMs: () => (settingsUnacked === 0 ? 0 : now() - settingsSentAt),
    drain: () => {
      if (ended || goawaySent) return;
      draining = true;
      goawaySent = true;
      outbox.push(goawayFrame(streams.lastPeerId, errorCode.noError));
      if (streams.size === 0) finish();
    },
    destroy: (code = errorCode.noError) => {
      fail(new H2Error(code, ''));
      socket.destroy();
    },
    tick: () => {
      if (ended) return;
      const time = now();
      if (outbox.bytes === 0) stalledSince = 0;
      else if (stalledSince === 0) stalledSince = time;
      if (!receiver.settled && time - openedAt >= limits.handshakeMs) socket.destroy();
      else if (settingsUnacked > 0 && time - settingsSentAt >= limits.settingsTimeoutMs)
        fail(new H2Error(errorCode.settingsTimeout, 'SETTINGS were not acknowledged'));
      else if (partialSince > 0 && time - partialSince >= limits.frameTimeoutMs)
        fail(new H2Error(errorCode.enhanceYourCalm, 'a frame was not completed'));
      else if (streams.size === 0 && time - usefulAt >= limits.idleMs) fail(new H2Error(errorCode.noError, 'idle'));
      else if (stalledSince > 0 && time - stalledSince >= limits.stalledMs) socket.destroy();
    },
  };
};

/** What we announce (section 6.5.2): to a server at once that we keep no table, to a client when it keeps using one. */
const ownSettings = (o: ConnectionOptions): Buffer =>
  settingsFrame([
    ...(o.role === 'server' ? forClients(o) : forServers),
    [settingId.initialWindowSize, o.limits.streamWindowBytes],
    [settingId.maxHeaderListSize, o.limits.headerBytesMax],
  ]);

const forClients = (o: ConnectionOptions) => [[settingId.maxConcurrentStreams, o.limits.streamsMax]] as const;
const forServers = [
  [settingId.headerTableSize, 0],
  [settingId.enablePush, 0],
] as const;
