/** Connections from the proxy to nodes: shared by all callers, dialled on demand, replaced when they go away or are worn. Forwards nothing itself. */

import {
  nodeConnectionsMax,
  nodeDialMs,
  nodeQuietMs,
  nodeResetsMax,
  nodeTickMs,
  nodeUnresponsiveMs,
} from '../../../internal/contract/limits.ts';
import type { Connection } from '../../../internal/h2/connection.ts';
import type { ConnectionLimits } from '../../../internal/h2/connection-limits.ts';
import { dial } from '../../../internal/h2/dial.ts';
import { splitAddress } from '../../../internal/rpc/address.ts';

/** A connection and what wore it. */
export interface NodeConnection {
  readonly h2: Connection;
  /** A call on it was cancelled. */
  cancelled(): void;
}

export interface NodeConnections {
  /** One that can take a call now; undefined when one has to be dialled first. */
  ready(address: string): NodeConnection | undefined;
  /** The same, dialling if need be. Rejects with the system's error when the node cannot be reached: nothing was sent then. */
  connect(address: string): Promise<NodeConnection>;
  /** Cuts every connection. */
  close(): void;
}

export interface NodeConnectionsOptions {
  readonly now: () => number;
  readonly limits: ConnectionLimits;
  /** A node with calls in flight has owed a sign of life for nodeUnresponsiveMs; told again while that lasts. */
  readonly unresponsive: (address: string) => void;
  readonly onFault: (error: unknown) => void;
}

interface Entry extends NodeConnection {
  resets: number;
  /** Takes no new calls. */
  leaving: boolean;
}

interface Node {
  readonly entries: Set<Entry>;
  dialling: Promise<NodeConnection> | undefined;
}

export const createNodeConnections = (o: NodeConnectionsOptions): NodeConnections => {
  const nodes = new Map<string, Node>();
  let closed = false;

  const nodeOf = (address: string): Node => {
    let node = nodes.get(address);
    if (node === undefined) {
      node = { entries: new Set(), dialling: undefined };
      nodes.set(address, node);
    }
    return node;
  };
  const forget = (address: string, entry: Entry): void => {
    const node = nodes.get(address);
    node?.entries.delete(entry);
    if (node?.entries.size === 0 && node.dialling === undefined) nodes.delete(address);
  };
  const open = async (address: string, node: Node): Promise<NodeConnection> => {
    if (node.entries.size >= nodeConnectionsMax)
      throw new Error(`all ${nodeConnectionsMax} connections to node ${address} are full (nodeConnectionsMax)`);
    const { host, port } = splitAddress(address);
    let entry: Entry | undefined;
    const h2 = await dial({
      host,
      port: Number(port),
      dialMs: nodeDialMs,
      limits: o.limits,
      now: o.now,
      onGoaway: () => {
        if (entry !== undefined) entry.leaving = true;
      },
      onClose: () => {
        if (entry !== undefined) forget(address, entry);
      },
      onFault: o.onFault,
    });
    const opened: Entry = { h2, resets: 0, leaving: false, cancelled: () => wear(opened) };
    entry = opened;
    if (closed) {
      h2.destroy();
      throw new Error('proxy is stopping');
    }
    node.entries.add(opened);
    return opened;
  };
  const ready = (address: string): NodeConnection | undefined => {
    const node = nodes.get(address);
    if (node !== undefined) for (const entry of node.entries) if (!entry.leaving && entry.h2.canOpen) return entry;
    return undefined;
  };
  const timer = setInterval(() => {
    for (const [address, { entries }] of nodes) for (const entry of entries) watch(address, entry, o);
  }, nodeTickMs).unref();

  return {
    ready,
    connect: (address) => {
      const found = ready(address);
      if (found !== undefined) return Promise.resolve(found);
      const node = nodeOf(address);
      node.dialling ??= open(address, node).finally(() => {
        node.dialling = undefined;
        if (node.entries.size === 0) nodes.delete(address);
      });
      return node.dialling;
    },
    close: () => {
      closed = true;
      clearInterval(timer);
      for (const { entries } of nodes.values()) for (const { h2 } of entries) h2.destroy();
      nodes.clear();
    },
  };
};

/** Nodes cut a connection that brings too many cancellations (Node and Go allow some 1,000 at once): callers who cancel must not cost others their calls. */
const wear = (entry: Entry): void => {
  entry.resets += 1;
  if (entry.resets < nodeResetsMax || entry.leaving) return;
  entry.leaving = true;
  // Its calls end as they would have.
  entry.h2.drain();
};

/** A node whose calls hear nothing is asked for a sign of life; one that gives none is reported. Not by PING, which Go's servers count against us. */
const watch = (address: string, { h2 }: Entry, o: NodeConnectionsOptions): void => {
  h2.tick();
  if (h2.streamCount === 0) return;
  if (o.now() - h2.heardAt >= nodeQuietMs) h2.probe();
  if (h2.owedMs() >= nodeUnresponsiveMs) o.unresponsive(address);
};
