/** One call on its way to a node: its span, deadline, relay and bad ends. Chooses no node and checks no caller. */

import { type Hint, internal, type MicroErrorJson, timeout, unavailable } from '../../../internal/contract/error.ts';
import type { Picked } from '../../../internal/contract/router.ts';
import { errorCode } from '../../../internal/h2/error.ts';
import { type HeaderBlock, fieldValue } from '../../../internal/h2/header-block.ts';
import { createRelay } from '../../../internal/h2/relay.ts';
import type { Stream, StreamReader } from '../../../internal/h2/stream.ts';
import { errorBlock, proxyErrorId } from './headers.ts';
import type { NodeConnection } from './node-connections.ts';

export interface ProxiedCall {
  /** What the caller's stream tells. */
  readonly reader: StreamReader;
  /** Fires when the caller has left or everything has been said; made when it is first read. */
  readonly signal: AbortSignal;
  readonly isOver: boolean;
  /** From now on the call ends by itself after so long. */
  limit(timeoutMs: number): void;
  /** Opens a stream to the node that was picked and joins the two; the pick is done when the call is. */
  sendTo(o: { readonly node: NodeConnection; readonly picked: Picked; readonly request: Buffer }): void;
  /** Ends the call with an error, in front of or behind what has been passed on. Later calls are ignored. */
  fail(error: MicroErrorJson & Hint): void;
}

export interface ProxiedCallOptions {
  readonly stream: Stream;
  readonly block: HeaderBlock;
  /** The head ended the stream: there is no body. */
  readonly endStream: boolean;
  /** Called once: with the error the proxy itself had to answer with, if any. */
  readonly over: (failure: (MicroErrorJson & Hint) | undefined) => void;
}

/** One for all: an abort without a reason makes an exception with a stack of its own, and every call ends. */
const callIsOver = unavailable(proxyErrorId, 'the call is over');

export const openProxiedCall = (o: ProxiedCallOptions): ProxiedCall => {
  const { stream } = o;
  let isOver = false;
  let failure: (MicroErrorJson & Hint) | undefined;
  let controller: AbortController | undefined;
  let timer: NodeJS.Timeout | undefined;
  let sent: { readonly node: NodeConnection; readonly picked: Picked; readonly stream: Stream } | undefined;
  let answered = false;
  let lost = false;

  const over = (): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    controller?.abort(callIsOver);
    sent?.picked.done(lost ? 'failed' : answered ? 'answered' : 'unknown');
    o.over(failure);
  };
  /** Tells the caller; the relay's own end follows. */
  const answer = (error: MicroErrorJson & Hint, answered: boolean): void => {
    failure = error;
    stream.sendHeaders(errorBlock(error, answered ? undefined : fieldValue(o.block, 'content-type')), true);
    stream.reset(errorCode.noError);
  };
  const fail = (error: MicroErrorJson & Hint): void => {
    if (isOver) return;
    answer(error, answered);
    if (sent !== undefined) leaveNode(sent.node, sent.stream);
    over();
  };
  const relay = createRelay({
    caller: stream,
    broken: (code, hadHeaders) => {
      lost = code === errorCode.connectError;
      answer(brokenOff(code, sent?.picked.route.node.address ?? ''), hadHeaders);
    },
    over,
  });
  const reader: StreamReader = {
    ...relay.callerReader,
    reset: (code) => {
      sent?.node.cancelled();
      relay.callerReader.reset(code);
    },
  };
  const nodeReader: StreamReader = {
    ...relay.nodeReader,
    headers: (block, endStream) => {
      answered = true;
      if (!isOver) relay.nodeReader.headers(block, endStream);
    },
    data: (chunk, endStream) => {
      if (isOver) return;
      relay.nodeReader.data(chunk, false);
      // Every gRPC answer ends with trailers.
      if (endStream) fail(brokenOff(errorCode.noError, sent?.picked.route.node.address ?? ''));
    },
  };

  return {
    reader,
    get signal() {
      controller ??= new AbortController();
      if (isOver) controller.abort(callIsOver);
      return controller.signal;
    },
    get isOver() {
      return isOver;
    },
    limit: (timeoutMs) => {
      if (!isOver)
        timer = setTimeout(() => fail(timeout(proxyErrorId, 'context deadline exceeded')), timeoutMs).unref();
    },
    sendTo: ({ node, picked, request }) => {
      const opened = node.h2.open(request, o.endStream, nodeReader);
      sent = { node, picked, stream: opened };
      relay.connect(opened);
    },
    fail,
  };
};

const leaveNode = (node: NodeConnection, stream: Stream): void => {
  if (stream.closed) return;
  stream.reset(errorCode.cancel);
  node.cancelled();
};

/** What the caller is told of a node's stream that ended before its status came. */
const brokenOff = (code: number, address: string): MicroErrorJson & Hint => {
  switch (code) {
    case errorCode.noError:
      return internal(proxyErrorId, `node ${address} ended the call without a status`);
    case errorCode.refusedStream:
      return unavailable(proxyErrorId, `node ${address} refused the call`);
    case errorCode.enhanceYourCalm:
      return unavailable(proxyErrorId, `node ${address} refused the call: too much at once, or headers too large`);
    case errorCode.connectError:
      return unavailable(proxyErrorId, `connection to node ${address} was lost`);
    default:
      return unavailable(proxyErrorId, `node ${address} broke the call off (HTTP/2 error code ${code})`);
  }
};
