/**
 * Passes one exchange between two streams: bytes, ends, cancellation and credit, both ways. Reads no headers and no bodies. Classes, since the functions of
 * a relay, made anew for each call, were much of a proxy's garbage.
 */

import { errorCode } from './error.ts';
import type { HeaderBlock } from './header-block.ts';
import type { Stream, StreamReader } from './stream.ts';

export interface RelayEvents {
  /** The caller has left, or its connection has. */
  left(): void;
  /** The node's headers came; they go to the caller next. */
  answers(): void;
  /** The node's side ended without trailers, all of its bytes passed on: the caller's side and ours towards the node are still open. */
  endedBare(): void;
  /** The node has refused the stream unread (REFUSED_STREAM, or GOAWAY below it: RFC 9113 section 8.7) and the request is still whole: true when connect() will follow. */
  refused(): boolean;
  /** The node's side ended badly; `answered` says whether headers have gone to the caller. The caller's side is still open. */
  broken(code: number, answered: boolean): void;
  /** Everything is over, for better or worse. Called once. */
  over(): void;
}

export interface Relay {
  /** What the node's stream tells. */
  readonly nodeReader: StreamReader;
  /** What the caller's stream tells; works at once. What comes before connect() is kept, bounded by the caller's window. */
  readonly callerReader: StreamReader;
  /** Gives the relay its other end, or another one after a refusal. */
  connect(node: Stream): void;
  /** It has been ended from outside: nothing that still comes is passed on. */
  stop(): void;
}

export interface RelayOptions {
  /** The stream towards the caller. */
  readonly caller: Stream;
  readonly events: RelayEvents;
  /** Bytes of the request that are kept until an answer begins, for a second try. */
  readonly replayBytesMax: number;
}

export const createRelay = (o: RelayOptions): Relay => new Exchange(o);

class Exchange implements Relay {
  readonly nodeReader: StreamReader;
  readonly callerReader: StreamReader;
  readonly caller: Stream;
  readonly events: RelayEvents;
  readonly replayBytesMax: number;
  node: Stream | undefined = undefined;
  held: Buffer[] | undefined = undefined;
  /** What has gone to the node; undefined when it is too much to keep, or an answer has begun. */
  kept: Buffer[] | undefined = [];
  keptBytes = 0;
  callerEnd: 'open' | 'data' | HeaderBlock = 'open';
  answered = false;
  done = false;
  /** Bytes the other side has taken over but not sent: their credit is given back when it has. */
  owedToCaller = 0;
  owedToNode = 0;

  constructor({ caller, events, replayBytesMax }: RelayOptions) {
    this.caller = caller;
    this.events = events;
    this.replayBytesMax = replayBytesMax;
    this.callerReader = new CallerSide(this);
    this.nodeReader = new NodeSide(this);
  }
  connect(node: Stream): void {
    this.node = node;
    const waiting = this.held ?? [];
    this.held = undefined;
    // A second try: the caller has its credit for these already.
    for (const chunk of this.kept ?? []) node.sendData(chunk, false);
    for (const chunk of waiting) this.toNode(node, chunk, false);
    if (this.callerEnd === 'data') node.sendData(nothing, true);
    else if (this.callerEnd !== 'open') node.sendHeaders(this.callerEnd.bytes, true);
  }
  stop(): void {
    this.done = true;
    this.held = undefined;
    this.kept = undefined;
  }
  keep(chunk: Buffer): void {
    this.keptBytes += chunk.length;
    if (this.keptBytes > this.replayBytesMax) this.kept = undefined;
    else this.kept?.push(Buffer.from(chunk));
  }
  toNode(node: Stream, chunk: Buffer, endStream: boolean): void {
    if (this.kept !== undefined && chunk.length > 0) this.keep(chunk);
    if (node.sendData(chunk, endStream)) this.caller.consumed(chunk.length);
    else this.owedToCaller += chunk.length;
  }
  /** The answer is complete: a caller that still sends is told that nobody listens, the node gets its half-close. */
  complete(): void {
    this.caller.reset(errorCode.noError);
    const { node } = this;
    if (node !== undefined && node.pendingBytes > 0) node.reset(errorCode.cancel);
    else node?.sendData(nothing, true);
    this.finish();
  }
  finish(): void {
    if (this.done) return;
    this.stop();
    this.events.over();
  }
}

class CallerSide implements StreamReader {
  readonly #relay: Exchange;
  constructor(relay: Exchange) {
    this.#relay = relay;
  }
  headers(block: HeaderBlock): void {
    this.#relay.callerEnd = block;
    this.#relay.node?.sendHeaders(block.bytes, true);
  }
  data(chunk: Buffer, endStream: boolean): void {
    const relay = this.#relay;
    if (endStream) relay.callerEnd = 'data';
    if (relay.node !== undefined) relay.toNode(relay.node, chunk, endStream);
    else if (chunk.length > 0 && !relay.done) {
      relay.held ??= [];
      relay.held.push(Buffer.from(chunk));
    }
  }
  writable(): void {
    const bytes = this.#relay.owedToNode;
    this.#relay.owedToNode = 0;
    this.#relay.node?.consumed(bytes);
  }
  reset(code: number): void {
    this.#relay.events.left();
    // A caller that wants no more is not a fault; a connection that broke is told as a cancellation.
    const asCancel = code === errorCode.noError || code === errorCode.connectError;
    this.#relay.node?.reset(asCancel ? errorCode.cancel : code);
    this.#relay.finish();
  }
}

class NodeSide implements StreamReader {
  readonly #relay: Exchange;
  constructor(relay: Exchange) {
    this.#relay = relay;
  }
  headers(block: HeaderBlock, endStream: boolean): void {
    const relay = this.#relay;
    relay.events.answers();
    if (relay.done) return;
    relay.answered = true;
    relay.kept = undefined;
    relay.caller.sendHeaders(block.bytes, endStream);
    if (endStream) relay.complete();
  }
  data(chunk: Buffer, endStream: boolean): void {
    const relay = this.#relay;
    if (relay.done) return;
    if (relay.caller.sendData(chunk, false)) relay.node?.consumed(chunk.length);
    else relay.owedToNode += chunk.length;
    if (endStream) relay.events.endedBare();
  }
  writable(): void {
    const bytes = this.#relay.owedToCaller;
    this.#relay.owedToCaller = 0;
    this.#relay.caller.consumed(bytes);
  }
  reset(code: number): void {
    const relay = this.#relay;
    if (relay.done) return;
    if (code === errorCode.refusedStream && relay.kept !== undefined && relay.events.refused()) {
      relay.node = undefined;
      relay.caller.consumed(relay.owedToCaller);
      relay.owedToCaller = 0;
      return;
    }
    relay.events.broken(code, relay.answered);
    relay.finish();
  }
}

const nothing = Buffer.alloc(0);
