/** One call on its way to a node: its span, deadline, relay and bad ends. Chooses no node and checks no caller. */

import { type Hint, internal, type MicroErrorJson, timeout, unavailable } from '../../../internal/contract/error.ts';
import { proxyDeadlineGraceMs, proxyReplayBytesMax } from '../../../internal/contract/limits.ts';
import type { OpenCall } from '../../../internal/contract/open-call.ts';
import type { Picked } from '../../../internal/contract/router.ts';
import { errorCode } from '../../../internal/h2/error.ts';
import { type HeaderBlock, fieldValue } from '../../../internal/h2/header-block.ts';
import { createRelay, type Relay, type RelayEvents } from '../../../internal/h2/relay.ts';
import type { Stream, StreamReader } from '../../../internal/h2/stream.ts';
import { parsePath, type RpcPath } from '../../../internal/rpc/path.ts';
import { errorBlock, proxyErrorId } from './headers.ts';
import type { CallTarget } from './call-target.ts';
import type { NodeConnection } from './node-connections.ts';

export interface ProxiedCall extends OpenCall {
  /** What the caller's stream tells. */
  readonly reader: StreamReader;
  /** Fires when the caller has left or everything has been said; made when it is first read. */
  readonly signal: AbortSignal;
  readonly isOver: boolean;
  /** What it has come to be about; set once its caller is admitted. */
  target: CallTarget | undefined;
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
  /** A node has refused the call unread: true when it will be sent to another one. */
  readonly refused: (address: string) => boolean;
  /** Called once: with the error the proxy itself had to answer with, if any. */
  readonly over: (failure: (MicroErrorJson & Hint) | undefined) => void;
}

/** One for all: an abort without a reason makes an exception with a stack of its own, and every call ends. */
const callIsOver = unavailable(proxyErrorId, 'the call is over');

export const openProxiedCall = (o: ProxiedCallOptions): ProxiedCall => new RelayedCall(o);

/** The longest a timer of Node can wait. */
const timerMsMax = 2 ** 31 - 1;

/** A class, as the relay's parts are: one is made for each call. */
class RelayedCall implements ProxiedCall, RelayEvents {
  isOver = false;
  target: CallTarget | undefined = undefined;
  readonly #o: ProxiedCallOptions;
  readonly #relay: Relay;
  #failure: (MicroErrorJson & Hint) | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #node: NodeConnection | undefined = undefined;
  #picked: Picked | undefined = undefined;
  #nodeStream: Stream | undefined = undefined;
  #answered = false;
  #lost = false;

  constructor(o: ProxiedCallOptions) {
    this.#o = o;
    this.#relay = createRelay({ caller: o.stream, events: this, replayBytesMax: proxyReplayBytesMax });
  }
  get reader(): StreamReader {
    return this.#relay.callerReader;
  }
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.isOver) this.#controller.abort(callIsOver);
    return this.#controller.signal;
  }
  get service(): string {
    return this.target?.service ?? this.#path?.service ?? '';
  }
  get endpoint(): string {
    return this.target?.endpoint ?? this.#path?.endpoint ?? '';
  }
  get #path(): RpcPath | undefined {
    return parsePath(fieldValue(this.#o.block, ':path') ?? '');
  }
  get authorization(): string | undefined {
    return fieldValue(this.#o.block, 'authorization');
  }
  get isAnonymous(): boolean {
    return this.target !== undefined && this.target.account === undefined;
  }
  abort(error: MicroErrorJson & Hint): void {
    this.fail(error);
  }
  limit(timeoutMs: number): void {
    if (this.isOver) return;
    const expire = (): void => this.fail(timeout(proxyErrorId, 'context deadline exceeded'));
    this.#timer = setTimeout(expire, Math.min(timeoutMs + proxyDeadlineGraceMs, timerMsMax)).unref();
  }
  sendTo({ node, picked, request }: { node: NodeConnection; picked: Picked; request: Buffer }): void {
    const stream = node.h2.open(request, this.#o.endStream, this.#relay.nodeReader);
    this.#node = node;
    this.#picked = picked;
    this.#nodeStream = stream;
    this.#relay.connect(stream);
  }
  fail(error: MicroErrorJson & Hint): void {
    if (this.isOver) return;
    this.#answer(error, this.#answered);
    this.#relay.stop();
    if (this.#node !== undefined && this.#nodeStream !== undefined) leaveNode(this.#node, this.#nodeStream);
    this.over();
  }
  /** Tells the caller; the relay's own end follows. */
  #answer(error: MicroErrorJson & Hint, answered: boolean): void {
    this.#failure = error;
    const { stream, block } = this.#o;
    stream.sendHeaders(errorBlock(error, answered ? undefined : fieldValue(block, 'content-type')), true);
    stream.reset(errorCode.noError);
  }
  get #address(): string {
    return this.#picked?.route.node.address ?? '';
  }

  // ---- What the relay tells

  left(): void {
    this.#node?.cancelled();
  }
  answers(): void {
    this.#answered = true;
  }
  /** Every gRPC answer ends with trailers. */
  endedBare(): void {
    this.fail(brokenOff(errorCode.noError, this.#address));
  }
  refused(): boolean {
    if (!this.#o.refused(this.#address)) return false;
    this.#picked?.done('unknown');
    this.#picked = undefined;
    this.#node = undefined;
    this.#nodeStream = undefined;
    return true;
  }
  broken(code: number, answered: boolean): void {
    this.#lost = code === errorCode.connectError;
    this.#answer(brokenOff(code, this.#address), answered);
  }
  over(): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.#timer);
    this.#controller?.abort(callIsOver);
    this.#picked?.done(this.#lost ? 'failed' : this.#answered ? 'answered' : 'unknown');
    this.#o.over(this.#failure);
  }
}

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
