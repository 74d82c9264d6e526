/** HTTP/2 connections from the proxy to nodes: one per address, dialled on demand, reused, replaced when they go away. Forwards nothing itself. */

import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
} from 'node:http2';

import {
  headerBytesMax,
  idleConnectionMs,
  nodeDialMs,
  nodeResetsMax,
  proxyWindowBytes,
} from '../../../internal/contract/limits.ts';

export interface NodeSessions {
  /** Opens a stream to a node; resolves only with a connection that stands. Throws when it cannot be dialled: nothing was sent then. */
  request(address: string, headers: OutgoingHttpHeaders, signal: AbortSignal): Promise<ClientHttp2Stream>;
  /** Cuts every connection. */
  close(): void;
}

interface Entry {
  readonly session: ClientHttp2Session;
  readonly ready: Promise<void>;
  streams: number;
  /** Streams of it that were cancelled. */
  resets: number;
}

const noop = (): void => undefined;

export const createNodeSessions = (): NodeSessions => {
  const entries = new Map<string, Entry>();

  const usable = (address: string): Entry => {
    const found = entries.get(address);
    if (found !== undefined && !found.session.closed && !found.session.destroyed && !isWorn(found)) return found;
    // Its calls end as they would have; it takes no new ones.
    found?.session.close();
    const session = dial(address);
    const entry: Entry = { session, ready: untilConnected(session, address), streams: 0, resets: 0 };
    entry.ready.catch(noop);
    entries.set(address, entry);
    const forget = (): void => {
      if (entries.get(address) === entry) entries.delete(address);
    };
    // After GOAWAY the calls in flight go on, but new ones need a new connection.
    session.once('goaway', forget);
    session.once('close', forget);
    session.setTimeout(idleConnectionMs, () => {
      if (entry.streams === 0) session.close();
    });
    return entry;
  };

  return {
    request: async (address, headers, signal) => {
      // A connection can die between two calls without a word; that one may be replaced once, as nothing was sent on it.
      for (let attempt = 1; ; attempt += 1) {
        const entry = usable(address);
        const { session } = entry;
        await entry.ready;
        signal.throwIfAborted();
        try {
          return counted(entry, session.request(headers, { endStream: false }));
        } catch (error) {
          entries.delete(address);
          session.close();
          if (attempt === 2 || !isSessionFault(error)) throw error;
        }
      }
    },
    close: () => {
      for (const { session } of entries.values()) session.destroy();
      entries.clear();
    },
  };
};

/** Nodes cut a connection that brings too many cancellations (Node and Go allow some 1,000 at once): callers who cancel must not cost others their calls. */
const isWorn = (entry: Entry): boolean => entry.resets >= nodeResetsMax;

const counted = (entry: Entry, stream: ClientHttp2Stream): ClientHttp2Stream => {
  entry.streams += 1;
  stream.once('close', () => {
    entry.streams -= 1;
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) entry.resets += 1;
  });
  return stream;
};

const sessionFaults: ReadonlySet<string> = new Set([
  'ERR_HTTP2_INVALID_SESSION',
  'ERR_HTTP2_GOAWAY_SESSION',
  'ERR_HTTP2_OUT_OF_STREAMS',
]);

const isSessionFault = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && sessionFaults.has(String(error.code));

const dial = (address: string): ClientHttp2Session => {
  const session = connect(`http://${address}`, {
    settings: { enablePush: false, initialWindowSize: proxyWindowBytes, maxHeaderListSize: headerBytesMax },
  });
  // Every failure also closes the session, which is where it is dealt with.
  session.on('error', noop);
  return session;
};

const untilConnected = (session: ClientHttp2Session, address: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => session.destroy(new Error(`dial tcp ${address}: i/o timeout`)), nodeDialMs);
    let fault: unknown;
    session.once('error', (error) => {
      fault = error;
    });
    session.once('close', () => {
      clearTimeout(timer);
      reject(fault ?? new Error(`dial tcp ${address}: connection closed`));
    });
    session.once('connect', () => {
      clearTimeout(timer);
      resolve();
    });
  });
