/** What the peer may still send us (RFC 9113 section 5.2): counts what comes, gives back what was taken, in WINDOW_UPDATE frames of half a window. */

import { errorCode, H2Error } from './error.ts';
import { windowDefault, windowUpdateFrame } from './frame.ts';
import type { Outbox } from './outbox.ts';
import type { StreamState } from './stream-state.ts';

export interface ReceiveCredit {
  /** Announces the connection's window. */
  open(): void;
  /** DATA came, padding included. Throws H2Error beyond the connection's window. */
  arrived(bytes: number): void;
  /** Bytes of no stream, or of none that is open. */
  discarded(bytes: number): void;
  /** These bytes of the stream need no room here any more. */
  consumed(s: StreamState, bytes: number): void;
  /** The stream is over: what it held back is no longer held against the connection. */
  abandon(s: StreamState): void;
}

export interface ReceiveCreditOptions {
  readonly outbox: Outbox;
  readonly streamWindowBytes: number;
  /** All streams together; undefined: streams do not wait for each other, so credit goes back as bytes come. */
  readonly connectionWindowBytes: number | undefined;
}

/** The connection's window where streams do not wait for each other. */
const openWindowBytes = 16 * 1024 * 1024;

export const createReceiveCredit = (o: ReceiveCreditOptions): ReceiveCredit => {
  const { outbox } = o;
  const shared = o.connectionWindowBytes !== undefined;
  // It starts at the default, and an update can only make it larger.
  const windowBytes = Math.max(o.connectionWindowBytes ?? openWindowBytes, windowDefault);
  let window = windowBytes;
  let credit = 0;

  const giveBack = (bytes: number): void => {
    credit += bytes;
    if (credit < windowBytes / 2) return;
    outbox.push(windowUpdateFrame(0, credit));
    window += credit;
    credit = 0;
  };
  const release = (bytes: number): void => {
    if (shared && bytes > 0) giveBack(bytes);
  };

  return {
    open: () => {
      if (windowBytes > windowDefault) outbox.push(windowUpdateFrame(0, windowBytes - windowDefault));
    },
    arrived: (bytes) => {
      window -= bytes;
      if (window < 0) throw new H2Error(errorCode.flowControlError, 'DATA beyond the connection window');
      if (!shared) giveBack(bytes);
    },
    discarded: release,
    consumed: (s, bytes) => {
      if (s.over) return;
      s.held -= bytes;
      release(bytes);
      if (s.remoteEnd) return;
      s.credit += bytes;
      if (s.credit < o.streamWindowBytes / 2) return;
      outbox.push(windowUpdateFrame(s.id, s.credit));
      s.receiveWindow += s.credit;
      s.credit = 0;
    },
    abandon: (s) => {
      release(s.held);
      s.held = 0;
    },
  };
};
