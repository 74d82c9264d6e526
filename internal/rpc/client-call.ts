/**
 * One outgoing gRPC call on a stream of the frame engine: messages out with back-pressure, messages in as they are asked for, one end. Knows its time and
 * its caller's signal; picks no connection. A class, like its counterpart frame-call.ts.
 */

import { canceled, internal, type MicroErrorJson, timeout } from '../contract/error.ts';
import { errorCode } from '../h2/error.ts';
import { fieldValue, type HeaderBlock } from '../h2/header-block.ts';
import type { Stream, StreamReader } from '../h2/stream.ts';
import type { CallConnection } from './call-connections.ts';
import { MessageReader } from './message-reader.ts';
import { sendMessage } from './send-message.ts';
import { clientErrorId, decodeGrpcMessage, errorOfStatus } from './status.ts';
import { abortFault, httpStatusFault, resetFault } from './transport-error.ts';

type Failure = MicroErrorJson & Error;

export interface ClientCallOptions {
  readonly path: string;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds from now; undefined: no end. */
  readonly timeoutMs: number | undefined;
  /** Called once, when the call has ended. */
  readonly over: (failure: Failure | undefined) => void;
}

interface Waiting {
  resolve(message: Buffer | undefined): void;
  reject(failure: Failure): void;
}

/** Longer ones a timer cannot count; nobody waits that long. */
const timerMsMax = 2 ** 31 - 1;

export class ClientCall implements StreamReader {
  readonly #o: ClientCallOptions;
  readonly #deadlineAt: number;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #messages = new MessageReader('response');
  #on: CallConnection | undefined;
  #stream: Stream | undefined;
  #answered = false;
  #halfClosed = false;
  #over = false;
  #failure: Failure | undefined;
  /** The reader waits for a message; a sender for room. */
  #waiting: Waiting | undefined;
  #room: (() => void) | undefined;
  /** Bytes that came and were not given back as credit. */
  #owedBytes = 0;

  constructor(o: ClientCallOptions) {
    this.#o = o;
    this.#deadlineAt = performance.now() + (o.timeoutMs ?? Number.POSITIVE_INFINITY);
    if (o.timeoutMs !== undefined && o.timeoutMs <= timerMsMax)
      this.#timer = setTimeout(() => this.fail(timeout(clientErrorId, 'context deadline exceeded')), o.timeoutMs);
    o.signal?.addEventListener('abort', this.#abort, { once: true });
    if (o.signal?.aborted === true) this.#abort();
  }

  // ---- What the caller asks and does

  get over(): boolean {
    return this.#over;
  }
  get failure(): Failure | undefined {
    return this.#failure;
  }
  /** Whether it can still send. */
  get canSend(): boolean {
    return !this.#over && !this.#halfClosed;
  }
  /** Undefined: no end. */
  get msLeft(): number | undefined {
    return this.#o.timeoutMs === undefined ? undefined : this.#deadlineAt - performance.now();
  }
  /** Begins with `head` on a connection that can take it. Once, and not after its end. */
  open(on: CallConnection, head: Buffer): void {
    on.used();
    this.#on = on;
    this.#stream = on.h2.open(head, false, this);
  }
  /** False when `room()` is to be awaited before the next one. */
  send(message: Buffer, last: boolean): boolean {
    if (last) this.#halfClosed = true;
    return this.#stream === undefined || sendMessage(this.#stream, message, last);
  }
  /** Resolves when there is room to send, or when the call is over. */
  room(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#over) return resolve();
      this.#room = resolve;
    });
  }
  halfClose(): void {
    if (!this.canSend) return;
    this.#halfClosed = true;
    this.#stream?.sendData(nothing, true);
  }
  cancel(): void {
    this.fail(canceled(clientErrorId, 'context canceled'));
  }
  /** Ends the call from this side; what came and was not read is dropped. */
  fail(failure: Failure): void {
    if (this.#over) return;
    if (this.#stream !== undefined) {
      this.#stream.reset(errorCode.cancel);
      this.#on?.cancelled();
    }
    this.#messages.drop();
    this.#finish(failure);
  }
  /** The next message; undefined after the last one of a call that went well. One at a time. Rejects with what ended it otherwise. */
  next(): Promise<Buffer | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#serve();
    });
  }

  // ---- What the stream tells

  headers(block: HeaderBlock, endStream: boolean): void {
    if (endStream) {
      this.#end(this.#statusFault(block));
      return;
    }
    this.#answered = true;
    const fault = headFault(block, this.#o.path);
    if (fault !== undefined) this.fail(fault);
  }
  data(chunk: Buffer, endStream: boolean): void {
    if (this.#over) return;
    this.#owedBytes += chunk.length;
    this.#messages.push(chunk);
    this.#serve();
    if (endStream) this.#end(internal(clientErrorId, `the answer of ${this.#o.path} ended without a status`));
  }
  writable(): void {
    this.#tellRoom();
  }
  reset(code: number): void {
    this.#finish(code === errorCode.connectError ? (this.#on as CallConnection).lost() : resetFault(code));
  }

  // ---- In between

  readonly #abort = (): void => this.fail(abortFault(this.#o.signal as AbortSignal));

  /** The peer has said its last word; ours, if it is still due, tells it so. */
  #end(failure: Failure | undefined): void {
    if (this.#over) return;
    const stream = this.#stream as Stream;
    if (stream.pendingBytes > 0) stream.reset(errorCode.cancel);
    else if (!this.#halfClosed) stream.sendData(nothing, true);
    this.#finish(failure);
  }

  #finish(failure: Failure | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = failure;
    clearTimeout(this.#timer);
    this.#o.signal?.removeEventListener('abort', this.#abort);
    this.#o.over(failure);
    this.#tellRoom();
    this.#serve();
  }

  #tellRoom(): void {
    const tell = this.#room;
    this.#room = undefined;
    tell?.();
  }

  /** Gives the reader what it waits for, once that is there. */
  #serve(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    try {
      const message = this.#messages.take();
      if (message === undefined && !this.#over) {
        this.#giveCredit(this.#owedBytes);
        return;
      }
      if (message === undefined) this.#checkEnd();
      else if (this.#messages.takenCompressed)
        throw internal(clientErrorId, `${this.#o.path} answered with a compressed message, which was not asked for`);
      this.#waiting = undefined;
      this.#giveCredit(this.#owedBytes - this.#messages.heldBytes);
      waiting.resolve(message);
    } catch (error) {
      this.#waiting = undefined;
      waiting.reject(error as Failure);
      this.fail(error as Failure);
    }
  }

  /** Throws when the end is a bad one. */
  #checkEnd(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#messages.heldBytes > 0)
      throw internal(clientErrorId, `the answer of ${this.#o.path} ended inside a message`);
  }

  /** Who waits for a message gets all of it: a message may be larger than the window. */
  #giveCredit(bytes: number): void {
    if (bytes <= 0) return;
    this.#owedBytes -= bytes;
    this.#stream?.consumed(bytes);
  }

  #statusFault(block: HeaderBlock): Failure | undefined {
    const status = fieldValue(block, 'grpc-status');
    if (status === '0') return undefined;
    if (status !== undefined && /^\d{1,9}$/.test(status))
      return errorOfStatus({
        code: Number(status),
        details: decodeGrpcMessage(fieldValue(block, 'grpc-message') ?? ''),
      });
    return (
      (this.#answered ? undefined : headFault(block, this.#o.path)) ??
      internal(clientErrorId, `the answer of ${this.#o.path} ended without a status`)
    );
  }
}

const nothing = Buffer.alloc(0);

/** Why these are not the headers of a gRPC answer; undefined when they are. */
const headFault = (block: HeaderBlock, path: string): Failure | undefined => {
  const status = fieldValue(block, ':status') ?? '';
  if (status !== '200') return httpStatusFault(status);
  const type = fieldValue(block, 'content-type') ?? '';
  return type.startsWith('application/grpc')
    ? undefined
    : internal(clientErrorId, `${path} was answered with content-type ${JSON.stringify(type)}, which is not gRPC`);
};
