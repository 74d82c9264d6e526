/**
 * gRPC over the frame engine: answers one HTTP/2 stream as one call (gRPC over HTTP/2; wire.md 2). Knows streams, no sockets; what a call means is the
 * dispatcher's business. Classes here and in message-reader.ts, since the functions of a call, made anew for each one, were most of its garbage.
 */

import { canceled, internal, toMicroError } from '../contract/error.ts';
import { largeMessageBytes } from '../contract/limits.ts';
import { errorCode } from '../h2/error.ts';
import { type HeaderBlock, fieldValue as headerOf } from '../h2/header-block.ts';
import type { Stream, StreamReader } from '../h2/stream.ts';
import type { CallEvents, CallTransport, GrpcStatus } from '../contract/call-transport.ts';
import type { Dispatcher } from './dispatcher.ts';
import { okTrailers, refusalBlock, responseHead, statusBlock } from './frame-blocks.ts';
import { parseGrpcTimeout } from './grpc-timeout.ts';
import { isKnownEncoding } from './inflate-message.ts';
import type { MessageMemory } from './message-memory.ts';
import { MessageReader } from './message-reader.ts';
import { metadataOfFields } from './metadata.ts';
import { sendMessage } from './send-message.ts';
import { serverErrorId, statusOfError } from './status.ts';

export interface FrameCallOptions {
  readonly dispatcher: Pick<Dispatcher, 'dispatch'>;
  /** What large messages may hold, shared by all calls of a listener. */
  readonly memory: MessageMemory;
  /** The head ended the stream: the request has no body. */
  readonly endStream: boolean;
}

/** Answers a stream that a peer opened with `head`. The result is what the stream tells from now on. */
export const answerFrameCall = (stream: Stream, head: HeaderBlock, o: FrameCallOptions): StreamReader => {
  const call = new FrameCall(stream, head, o);
  const timeout = call.header('grpc-timeout');
  if (call.header(':method') !== 'POST') call.refuse(405, 'gRPC calls are POST requests');
  else if (!isGrpcType(call.type)) call.refuse(415, `Unsupported Content-Type: ${call.type}`);
  else if (timeout !== undefined && parseGrpcTimeout(timeout) === undefined)
    call.fail(statusOfError(internal(serverErrorId, `malformed grpc-timeout: ${timeout}`)));
  else o.dispatcher.dispatch(call.header(':path') ?? '', call);
  return call;
};

const grpcType = /^application\/grpc(\+[a-z0-9.-]+)?(\s*;.*)?$/i;
const plainType = 'application/grpc';
const protoType = 'application/grpc+proto';

const isGrpcType = (text: string): boolean => text === protoType || text === plainType || grpcType.test(text);

/** Both ends of a call: what the stream tells (StreamReader) and what the dispatcher does (CallTransport). */
class FrameCall implements StreamReader, CallTransport {
  /** The content type as it came; empty for none. */
  readonly type: string;
  readonly #stream: Stream;
  readonly #head: HeaderBlock;
  readonly #memory: MessageMemory;
  readonly #messages = new MessageReader('request');
  #events: CallEvents | undefined = undefined;
  /** The caller has sent all of its messages. */
  #ended: boolean;
  #headSent = false;
  #over = false;
  /** The handler waits for a message; one is being inflated. */
  #wanted = false;
  #inflating = false;
  /** Bytes that came and were not given back as credit. */
  #owedBytes = 0;
  /** What the message that comes, or that the handler has, counts in #memory. */
  #claimedBytes = 0;

  constructor(stream: Stream, head: HeaderBlock, { memory, endStream }: FrameCallOptions) {
    this.#stream = stream;
    this.#head = head;
    this.#memory = memory;
    this.#ended = endStream;
    this.type = headerOf(head, 'content-type') ?? '';
  }

  // ---- What the dispatcher asks and does

  get remote(): string {
    return this.#stream.remote;
  }
  get contentType(): string | undefined {
    // Plain gRPC names no codec.
    return this.type === plainType ? undefined : this.type;
  }
  header(name: string): string | undefined {
    return headerOf(this.#head, name);
  }
  metadata(): Readonly<Record<string, string>> {
    return metadataOfFields(this.#head.fields);
  }
  msLeft(): number | undefined {
    const timeout = this.header('grpc-timeout');
    return timeout === undefined ? undefined : parseGrpcTimeout(timeout);
  }
  open(events: CallEvents): void {
    this.#events = events;
  }
  pull(): void {
    this.#wanted = true;
    this.#claim(0);
    this.#serve();
  }
  send(message: Buffer): boolean {
    if (this.#over) return true;
    this.#sendHead();
    return sendMessage(this.#stream, message);
  }
  end(): void {
    if (this.#over) return;
    this.#sendHead();
    this.#endWith(okTrailers);
  }
  fail(status: GrpcStatus): void {
    if (this.#over) return;
    const unknownEncoding = !isKnownEncoding(this.header('grpc-encoding'));
    this.#endWith(statusBlock(status, { contentType: this.#headSent ? undefined : this.type, unknownEncoding }));
  }
  /** An HTTP status for who does not speak gRPC. */
  refuse(httpStatus: number, message: string): void {
    this.#endWith(refusalBlock(httpStatus, message));
  }

  // ---- What the stream tells

  headers(_: HeaderBlock, endStream: boolean): void {
    if (endStream) this.#ended = true;
    this.#serve();
  }
  data(chunk: Buffer, endStream: boolean): void {
    if (endStream) this.#ended = true;
    if (this.#over) return;
    this.#owedBytes += chunk.length;
    this.#messages.push(chunk);
    this.#serve();
  }
  writable(): void {
    this.#events?.writable();
  }
  reset(): void {
    if (this.#over) return;
    this.#over = true;
    this.#claim(0);
    this.#events?.left(canceled(serverErrorId, 'context canceled'));
  }

  // ---- In between

  /** Gives the handler the message it waits for, once that is there. */
  #serve(): void {
    if (!this.#wanted || this.#inflating || this.#over) return;
    try {
      const message = this.#messages.take();
      if (message !== undefined && this.#messages.takenCompressed) void this.#inflate(message);
      else if (message !== undefined) this.#deliver(message);
      else if (!this.#ended) this.#waitForMore();
      else if (this.#messages.heldBytes === 0) this.#deliver(undefined);
      else throw internal(serverErrorId, 'the request ended inside a message');
    } catch (error) {
      this.#giveUp(error);
    }
  }

  #deliver(message: Buffer | undefined): void {
    this.#wanted = false;
    this.#giveCredit();
    this.#events?.message(message);
  }

  async #inflate(message: Buffer): Promise<void> {
    this.#inflating = true;
    try {
      const plain = await this.#memory.inflate(this.header('grpc-encoding'), message);
      this.#inflating = false;
      if (this.#over) return;
      this.#claim(plain.length);
      this.#deliver(plain);
    } catch (error) {
      this.#giveUp(error);
    }
  }

  #waitForMore(): void {
    this.#claim(this.#messages.heldBytes);
    this.#giveCredit();
  }

  /** Counts what the call holds for its handler; small messages are bounded by the windows already. Throws when all calls hold too much. */
  #claim(heldBytes: number): void {
    const bytes = heldBytes > largeMessageBytes ? heldBytes : 0;
    if (bytes > this.#claimedBytes) this.#memory.take(bytes - this.#claimedBytes);
    else this.#memory.give(this.#claimedBytes - bytes);
    this.#claimedBytes = bytes;
  }

  #giveUp(cause: unknown): void {
    this.#events?.left(toMicroError(cause, serverErrorId));
  }

  /** Credit for what is held no more. Who waits for a message gets all of it: a message may be larger than the window. */
  #giveCredit(): void {
    const due = this.#wanted ? this.#owedBytes : this.#owedBytes - this.#messages.heldBytes;
    if (due <= 0) return;
    this.#owedBytes -= due;
    this.#stream.consumed(due);
  }

  #sendHead(): void {
    if (this.#headSent) return;
    this.#headSent = true;
    this.#stream.sendHeaders(responseHead(this.type), false);
  }

  #endWith(block: Buffer): void {
    this.#over = true;
    this.#claim(0);
    this.#stream.sendHeaders(block, true);
    // The answer is complete, whatever else the caller meant to send (RFC 9113 section 8.1).
    if (!this.#ended) this.#stream.reset(errorCode.noError);
  }
}
