/** Passes one exchange between two streams: bytes, ends, cancellation and credit, both ways. Reads no headers and no bodies. */

import { errorCode } from './error.ts';
import type { HeaderBlock } from './header-block.ts';
import type { Stream, StreamReader } from './stream.ts';

export interface RelayOptions {
  /** Towards the caller; its reader is what `caller` of the answer becomes. */
  readonly caller: Stream;
  /** Response headers or trailers on their way to the caller: what is to be sent instead. */
  readonly edit?: (block: HeaderBlock) => Buffer;
  /** The node's side ended without an end of its own; `answered` says whether headers have gone to the caller. The caller's side is still open. */
  readonly broken: (code: number, answered: boolean) => void;
  /** Everything is over, for better or worse. Called once. */
  readonly over: () => void;
}

export interface Relay {
  /** What the node's stream tells. */
  readonly nodeReader: StreamReader;
  /** Gives the relay its other end. What came from the caller until now is in `held`. */
  connect(node: Stream): void;
  /** What the caller's stream tells. */
  readonly callerReader: StreamReader;
}

/** The caller's reader works at once; what it is told before connect() is kept, bounded by the caller's window. */
export const createRelay = (o: RelayOptions): Relay => {
  const { caller } = o;
  let node: Stream | undefined;
  let held: Buffer[] = [];
  let callerEnd: 'open' | 'data' | HeaderBlock = 'open';
  let answered = false;
  let done = false;
  /** Bytes the other side has taken over but not sent: their credit is given back when it has. */
  let owedToCaller = 0;
  let owedToNode = 0;

  const finish = (): void => {
    if (done) return;
    done = true;
    held = [];
    o.over();
  };
  const toNode = (to: Stream, chunk: Buffer, endStream: boolean): void => {
    if (to.sendData(chunk, endStream)) caller.consumed(chunk.length);
    else owedToCaller += chunk.length;
  };
  /** The answer is complete: a caller that still sends is told that nobody listens, the node gets its half-close. */
  const complete = (): void => {
    caller.reset(errorCode.noError);
    if (node !== undefined && node.pendingBytes > 0) node.reset(errorCode.cancel);
    else node?.sendData(nothing, true);
    finish();
  };

  const callerReader: StreamReader = {
    headers: (block) => {
      callerEnd = block;
      node?.sendHeaders(block.bytes, true);
    },
    data: (chunk, endStream) => {
      if (endStream) callerEnd = 'data';
      if (node !== undefined) toNode(node, chunk, endStream);
      else if (chunk.length > 0) held.push(Buffer.from(chunk));
    },
    writable: () => {
      const bytes = owedToNode;
      owedToNode = 0;
      node?.consumed(bytes);
    },
    reset: (code) => {
      // A caller that wants no more is not a fault; a connection that broke is told as a cancellation.
      node?.reset(code === errorCode.noError || code === errorCode.connectError ? errorCode.cancel : code);
      finish();
    },
  };
  const nodeReader: StreamReader = {
    headers: (block, endStream) => {
      answered = true;
      caller.sendHeaders(o.edit?.(block) ?? block.bytes, endStream);
      if (endStream) complete();
    },
    data: (chunk, endStream) => {
      if (caller.sendData(chunk, endStream)) node?.consumed(chunk.length);
      else owedToNode += chunk.length;
      if (endStream) complete();
    },
    writable: () => {
      const bytes = owedToCaller;
      owedToCaller = 0;
      caller.consumed(bytes);
    },
    reset: (code) => {
      if (done) return;
      o.broken(code, answered);
      finish();
    },
  };

  return {
    callerReader,
    nodeReader,
    connect: (to) => {
      node = to;
      const waiting = held;
      held = [];
      for (const chunk of waiting) toNode(to, chunk, false);
      if (callerEnd === 'data') to.sendData(nothing, true);
      else if (callerEnd !== 'open') to.sendHeaders(callerEnd.bytes, true);
    },
  };
};

const nothing = Buffer.alloc(0);
