/** gRPC over the frame engine: answers one HTTP/2 stream as one call (gRPC over HTTP/2; wire.md 2). Knows streams, no sockets; what a call means is the dispatcher's business. */

import { canceled, internal, toMicroError } from '../contract/error.ts';
import { errorCode } from '../h2/error.ts';
import { type HeaderBlock, valueOf as headerOf } from '../h2/header-block.ts';
import type { Stream, StreamReader } from '../h2/stream.ts';
import type { CallEvents, CallTransport } from './call-transport.ts';
import type { Dispatcher } from './dispatcher.ts';
import { okTrailers, refusalBlock, responseHead, sendMessage, statusBlock } from './frame-blocks.ts';
import { parseGrpcTimeout } from './grpc-timeout.ts';
import { inflateMessage, isKnownEncoding } from './inflate-message.ts';
import { createMessageReader } from './message-reader.ts';
import { metadataOfFields } from './metadata.ts';
import { serverErrorId, statusOfError } from './status.ts';

export interface FrameCallOptions {
  readonly dispatcher: Pick<Dispatcher, 'dispatch'>;
  /** The head ended the stream: the request has no body. */
  readonly endStream: boolean;
}

const grpcType = /^application\/grpc(\+[a-z0-9.-]+)?(\s*;.*)?$/i;

/** Answers a stream that a peer opened with `head`. The result is what the stream tells from now on. */
export const answerFrameCall = (stream: Stream, head: HeaderBlock, o: FrameCallOptions): StreamReader => {
  const contentType = headerOf(head, 'content-type') ?? '';
  const call = openFrameCall({ stream, head, contentType, ended: o.endStream });
  if (headerOf(head, ':method') !== 'POST') call.refuse(405, 'gRPC calls are POST requests');
  else if (!grpcType.test(contentType)) call.refuse(415, `Unsupported Content-Type: ${contentType}`);
  else {
    const text = headerOf(head, 'grpc-timeout');
    const fault = text !== undefined && parseGrpcTimeout(text) === undefined;
    if (fault) call.transport.fail(statusOfError(internal(serverErrorId, `malformed grpc-timeout: ${text}`)));
    else o.dispatcher.dispatch(headerOf(head, ':path') ?? '', call.transport);
  }
  return call.reader;
};

interface FrameCall {
  readonly reader: StreamReader;
  readonly transport: CallTransport;
  /** An HTTP status for who does not speak gRPC. */
  refuse(httpStatus: number, message: string): void;
}

interface Opened {
  readonly stream: Stream;
  readonly head: HeaderBlock;
  readonly contentType: string;
  /** The caller has sent all of its messages. */
  ended: boolean;
}

const openFrameCall = ({ stream, head, contentType, ended: headEnded }: Opened): FrameCall => {
  const messages = createMessageReader();
  let events: CallEvents | undefined;
  let ended = headEnded;
  let headSent = false;
  let over = false;
  /** The handler waits for a message; one is being inflated. */
  let wanted = false;
  let inflating = false;
  /** Bytes that came and were not given back as credit. */
  let owedBytes = 0;

  /** Credit for what is held no more. Who waits for a message gets all of it: a message may be larger than the window. */
  const giveCredit = (): void => {
    const due = wanted ? owedBytes : owedBytes - messages.heldBytes;
    if (due <= 0) return;
    owedBytes -= due;
    stream.consumed(due);
  };

  const deliver = (bytes: Buffer | undefined): void => {
    wanted = false;
    giveCredit();
    events?.message(bytes);
  };

  /** Gives the handler the message it waits for, once that is there. */
  const serve = (): void => {
    if (!wanted || inflating || over) return;
    try {
      const message = messages.take();
      if (message?.compressed === true) inflate(message.bytes);
      else if (message !== undefined) deliver(message.bytes);
      else if (!ended) giveCredit();
      else if (messages.heldBytes === 0) deliver(undefined);
      else throw internal(serverErrorId, 'the request ended inside a message');
    } catch (error) {
      giveUp(error);
    }
  };

  const inflate = (bytes: Buffer): void => {
    inflating = true;
    inflateMessage(headerOf(head, 'grpc-encoding'), bytes).then((plain) => {
      inflating = false;
      if (!over) deliver(plain);
    }, giveUp);
  };

  const giveUp = (cause: unknown): void => events?.left(toMicroError(cause, serverErrorId));

  const endWith = (block: Buffer): void => {
    over = true;
    stream.sendHeaders(block, true);
    // The answer is complete, whatever else the caller meant to send (RFC 9113 section 8.1).
    if (!ended) stream.reset(errorCode.noError);
  };

  const sendHead = (): void => {
    if (headSent) return;
    headSent = true;
    stream.sendHeaders(responseHead(contentType), false);
  };

  const transport: CallTransport = {
    remote: stream.remote,
    // Plain gRPC names no codec.
    contentType: contentType === 'application/grpc' ? undefined : contentType,
    header: (name) => headerOf(head, name),
    metadata: () => metadataOfFields(head.fields),
    msLeft: () => parseGrpcTimeout(headerOf(head, 'grpc-timeout') ?? ''),
    open: (told) => {
      events = told;
    },
    pull: () => {
      wanted = true;
      serve();
    },
    send: (message) => {
      if (over) return true;
      sendHead();
      return sendMessage(stream, message);
    },
    end: () => {
      if (over) return;
      sendHead();
      endWith(okTrailers);
    },
    fail: (status) => {
      if (over) return;
      const unknownEncoding = !isKnownEncoding(headerOf(head, 'grpc-encoding'));
      endWith(statusBlock(status, { contentType: headSent ? undefined : contentType, unknownEncoding }));
    },
  };

  const reader: StreamReader = {
    headers: (_, endStream) => {
      ended ||= endStream;
      serve();
    },
    data: (chunk, endStream) => {
      ended ||= endStream;
      if (over) return;
      owedBytes += chunk.length;
      messages.push(chunk);
      serve();
    },
    writable: () => events?.writable(),
    reset: () => {
      if (over) return;
      over = true;
      events?.left(canceled(serverErrorId, 'context canceled'));
    },
  };

  return {
    reader,
    transport,
    refuse: (httpStatus, message) => endWith(refusalBlock(httpStatus, message)),
  };
};
