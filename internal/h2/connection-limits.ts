/** What one connection may cost: the bounds of RFC 9113's resources, by name. Data only; who opens a connection chooses. */

import {
  controlFramesMax,
  controlFramesPerSecond,
  frameTimeoutMs,
  headerBytesMax,
  idleConnectionMs,
  outboxBytesMax,
  peerResetsMax,
  peerResetsPerSecond,
  proxyHandshakeMs,
  stalledConnectionMs,
} from '../contract/limits.ts';

export interface ConnectionLimits {
  /** Streams the peer may have open at one time. */
  readonly streamsMax: number;
  /** What the peer may send on one stream before we take it, in bytes. */
  readonly streamWindowBytes: number;
  /** The same for all streams together; undefined: streams do not wait for each other. */
  readonly connectionWindowBytes: number | undefined;
  /** One list of headers, in bytes as RFC 9113 section 6.5.2 counts them. */
  readonly headerBytesMax: number;
  /** Bytes queued for a peer that does not read. */
  readonly outboxBytesMax: number;
  /** Streams the peer may reset: at once, and per second in the long run. */
  readonly resetsMax: number;
  readonly resetsPerSecond: number;
  /** Frames that carry nothing: at once, and per second. */
  readonly controlFramesMax: number;
  readonly controlFramesPerSecond: number;
  /** Time for the peer's SETTINGS. */
  readonly handshakeMs: number;
  /** Time for a frame or a header block that has begun. */
  readonly frameTimeoutMs: number;
  /** Time for the acknowledgement of our SETTINGS. */
  readonly settingsTimeoutMs: number;
  /** A connection without streams is closed after this long. */
  readonly idleMs: number;
  /** A peer that takes nothing of what waits for it is let go after this long. */
  readonly stalledMs: number;
}

/** What holds unless something else is said. */
export const connectionLimits: Omit<ConnectionLimits, 'streamsMax' | 'streamWindowBytes' | 'connectionWindowBytes'> = {
  headerBytesMax,
  outboxBytesMax,
  resetsMax: peerResetsMax,
  resetsPerSecond: peerResetsPerSecond,
  controlFramesMax,
  controlFramesPerSecond,
  handshakeMs: proxyHandshakeMs,
  frameTimeoutMs,
  settingsTimeoutMs: frameTimeoutMs,
  idleMs: idleConnectionMs,
  stalledMs: stalledConnectionMs,
};
