/** The connections of one client, by address: dialled on demand, several where a peer takes few calls on one, closed when idle. An idle one keeps no process alive. Sends no calls. */

import type { Socket } from 'node:net';

import { canceled, type MicroError, toMicroError } from '../contract/error.ts';
import {
  clientWindowBytes,
  connectionsMax,
  nodeConnectionsMax,
  nodeDialMs,
  nodeQuietMs,
  nodeResetsMax,
  nodeSilentMs,
} from '../contract/limits.ts';
import { type Connection, createConnection } from '../h2/connection.ts';
import { type ConnectionLimits, connectionLimits } from '../h2/connection-limits.ts';
import { dialSocket } from '../h2/dial-socket.ts';
import { faultOf, HandshakeError, isTlsError } from '../h2/handshake-error.ts';
import type { TlsFault, TlsTrust } from '../contract/tls.ts';
import { parseTarget, splitAddress, type Target } from './address.ts';
import { clientErrorId } from './status.ts';
import { dialFault, goawayFault, lostFault, prefaceFault } from './transport-error.ts';

export interface CallConnection {
  readonly h2: Connection;
  readonly target: Target;
  /** What calls that were on it end with when it is gone. */
  lost(): MicroError;
  /** A call is about to be opened on it. */
  used(): void;
  /** A call on it was cancelled, or ran out of time. */
  cancelled(): void;
}

export interface CallConnections {
  /** One that takes a call now, in this turn of the event loop. Throws badRequest for what is no address. */
  ready(address: string): CallConnection | undefined;
  /** Resolves when ready() is worth asking again: a connection stands, or has room. Rejects with what kept it from standing; nothing was sent then. */
  more(address: string): Promise<void>;
  /** Cuts all of them. */
  close(): void;
  readonly closed: boolean;
}

interface Entry extends CallConnection {
  readonly socket: Socket;
  readonly peer: Peer;
  resets: number;
  usedAt: number;
}

interface Peer {
  readonly target: Target;
  /** Those that take calls. */
  readonly open: Set<Entry>;
  dialling: Promise<void> | undefined;
  /** Calls that wait for room. */
  readonly waiting: Set<() => void>;
}

/** The peer opens no streams. What it sends on one waits for the reader, whatever the others do. One that does not acknowledge what it is asked, or goes silent inside a frame, is gone. */
const limits: ConnectionLimits = {
  ...connectionLimits,
  settingsTimeoutMs: nodeSilentMs,
  frameTimeoutMs: nodeSilentMs,
  streamsMax: 0,
  streamWindowBytes: clientWindowBytes,
  connectionWindowBytes: undefined,
};

const tickMs = 1_000;

export interface CallConnectionsOptions {
  readonly now: () => number;
  /** Whom to believe at an address (host:port) that is dialled with TLS; default the authorities this machine knows. */
  trustOf?(address: string): TlsTrust | undefined;
}

/** Nothing is dialled before it is asked for. */
export const createCallConnections = ({ now, trustOf }: CallConnectionsOptions): CallConnections => {
  const peers = new Map<string, Peer>();
  const entries = new Set<Entry>();
  const closing = new AbortController();
  let timer: NodeJS.Timeout | undefined;

  const peerOf = (address: string): Peer => {
    let peer = peers.get(address);
    if (peer === undefined) {
      peer = { target: parseTarget(address), open: new Set(), dialling: undefined, waiting: new Set() };
      peers.set(address, peer);
    }
    return peer;
  };
  const forgetUnused = (address: string, peer: Peer): void => {
    if (peer.open.size === 0 && peer.dialling === undefined && peers.get(address) === peer) peers.delete(address);
  };
  const add = (entry: Entry): void => {
    if (entries.size >= connectionsMax) closeIdlest(entries);
    entries.add(entry);
    timer ??= setInterval(() => {
      for (const { h2 } of entries) h2.tick();
    }, tickMs).unref();
  };
  const remove = (entry: Entry): void => {
    entries.delete(entry);
    if (entries.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  const dial = async (address: string, peer: Peer): Promise<void> => {
    try {
      await open(peer, {
        now,
        trust: peer.target.tls ? trustOf?.(peer.target.address) : undefined,
        signal: closing.signal,
        add,
        remove,
        left: () => forgetUnused(address, peer),
      });
    } finally {
      peer.dialling = undefined;
      forgetUnused(address, peer);
      wake(peer);
    }
  };

  return {
    ready: (address) => {
      const peer = peers.get(address);
      if (peer === undefined) return undefined;
      for (const entry of peer.open) if (entry.h2.canOpen) return entry;
      return undefined;
    },
    more: async (address) => {
      if (closing.signal.aborted) throw canceled(clientErrorId, 'client is closed');
      const peer = peerOf(address);
      if (peer.dialling === undefined && peer.open.size >= nodeConnectionsMax)
        return new Promise((resolve) => peer.waiting.add(resolve));
      peer.dialling ??= dial(address, peer);
      return peer.dialling;
    },
    close: () => {
      closing.abort(canceled(clientErrorId, 'context canceled'));
      for (const { h2 } of entries) h2.destroy();
    },
    get closed() {
      return closing.signal.aborted;
    },
  };
};

const wake = (peer: Peer): void => {
  const waiting = [...peer.waiting];
  peer.waiting.clear();
  for (const resume of waiting) resume();
};

const closeIdlest = (entries: ReadonlySet<Entry>): void => {
  let idlest: Entry | undefined;
  for (const entry of entries)
    if (entry.h2.streamCount === 0 && (idlest === undefined || entry.usedAt < idlest.usedAt)) idlest = entry;
  if (idlest === undefined) return;
  idlest.peer.open.delete(idlest);
  idlest.h2.drain();
};

interface OpenOptions {
  readonly now: () => number;
  readonly trust: TlsTrust | undefined;
  readonly signal: AbortSignal;
  add(entry: Entry): void;
  remove(entry: Entry): void;
  /** The entry takes no more calls. */
  left(): void;
}

/** Resolves when the peer has said how many calls it takes and has not gone away with the same breath: who does has seen none. */
const open = async (peer: Peer, o: OpenOptions): Promise<void> => {
  const { address, tls } = peer.target;
  const { host, port } = splitAddress(address);
  const started = performance.now();
  let socket: Socket;
  try {
    socket = await dialSocket({ host, port: Number(port), tls, trust: o.trust, dialMs: nodeDialMs, signal: o.signal });
  } catch (error) {
    throw o.signal.aborted ? toMicroError(o.signal.reason, clientErrorId) : dialFault(error, address);
  }
  if (o.signal.aborted) {
    socket.destroy();
    throw toMicroError(o.signal.reason, clientErrorId);
  }
  return new Promise((resolve, reject) => {
    const msLeft = Math.max(1, nodeDialMs - (performance.now() - started));
    const silent = Object.assign(new Error('no SETTINGS came'), { code: 'ETIMEDOUT' });
    /** What went wrong on our side. */
    let fault: unknown;
    let farewell: MicroError | undefined;
    const giveUp = setTimeout(() => socket.destroy(silent), msLeft);
    const leave = (): void => {
      peer.open.delete(entry);
      o.left();
    };
    const h2 = createConnection({
      role: 'client',
      socket,
      remote: address,
      limits,
      now: o.now,
      onSettled: () => {
        clearTimeout(giveUp);
        socket.unref();
        peer.open.add(entry);
        // What came together with the SETTINGS is read first.
        queueMicrotask(() => (farewell === undefined ? resolve() : reject(farewell)));
      },
      onStreamOver: () => {
        if (h2.streamCount === 0) socket.unref();
        wake(peer);
      },
      onGoaway: (code, text) => {
        farewell = goawayFault({ code, text }, peer.target);
        leave();
      },
      onClose: () => {
        clearTimeout(giveUp);
        o.remove(entry);
        leave();
        wake(peer);
        reject(
          o.signal.aborted
            ? toMicroError(o.signal.reason, clientErrorId)
            : unsettledFault(socket, peer.target, o.trust),
        );
      },
      onFault: (error) => {
        fault = error;
      },
    });
    const entry: Entry = {
      h2,
      socket,
      peer,
      target: peer.target,
      resets: 0,
      usedAt: o.now(),
      lost: () => (o.signal.aborted ? canceled(clientErrorId, 'context canceled') : lostFault(fault)),
      used: () => {
        entry.usedAt = o.now();
        socket.ref();
      },
      cancelled: () => {
        entry.resets += 1;
        // Perhaps it ran out of time because nobody is there any more: the next calls should not find that out one by one.
        if (o.now() - h2.heardAt >= nodeQuietMs) h2.probe();
        if (entry.resets < nodeResetsMax) return;
        // Peers cut a connection that brings too many cancellations: its other calls end as they would have.
        leave();
        h2.drain();
      },
    };
    o.add(entry);
  });
};

const unsettledFault = (socket: Socket, { tls, address }: Target, trust: TlsTrust | undefined): MicroError => {
  const error = socket.errored;
  const handshake = (fault: TlsFault): MicroError => dialFault(new HandshakeError(fault, { cause: error }), address);
  if (isTlsError(error)) return handshake(faultOf(error, trust?.cert !== undefined));
  if (tls && socket.bytesRead === 0) return handshake({ kind: 'closed' });
  return error === null ? prefaceFault(socket.bytesRead > 0, address) : dialFault(error, address);
};
