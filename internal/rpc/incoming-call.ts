/** One incoming call from raw bytes to handler and back: codec, deadline, cancellation, back-pressure, status. Knows no registry and no accounts. */

import { once } from 'node:events';

import { Metadata } from '@grpc/grpc-js';

import {
  type Hint,
  internal,
  type MicroErrorJson,
  microError,
  timeout,
  toMicroError,
  unauthorized,
} from '../contract/error.ts';
import type { CallContext, Handler } from '../contract/handler.ts';
import { messageBytesMax } from '../contract/limits.ts';
import type { RawCall } from './catch-all.ts';
import { codecOfContentType, decodeMessage, encodeMessage, sniffCodec, type WireCodec } from './codec.ts';
import { type HeaderValues, headerOf, parseTimeoutHeader } from './metadata.ts';
import { statusOfError } from './status.ts';

export const serverErrorId = 'go.micro.server';

/** A call on its way through the server. */
export interface IncomingCall {
  readonly raw: RawCall;
  readonly headers: HeaderValues;
  /** Fires with a MicroError as its reason: the caller left, the deadline passed, or the server stops. */
  readonly signal: AbortSignal;
  abort(reason: MicroErrorJson & Error): void;
  /** Takes the timer down; the signal stays as it is. */
  release(): void;
}

const noop = (): void => undefined;

/** Watches the transport and the caller's deadline from the first moment on. */
export const openIncomingCall = (raw: RawCall): IncomingCall => {
  const headers = raw.metadata.toJSON() as HeaderValues;
  const controller = new AbortController();
  const abort = (reason: MicroErrorJson & Error): void => {
    if (!controller.signal.aborted) controller.abort(reason);
  };
  const expire = (): void => abort(timeout(serverErrorId, 'context deadline exceeded'));
  const timer = startTimer(msLeft(raw, headers), expire);
  raw.on('error', noop);
  raw.on('cancelled', () => {
    clearTimeout(timer);
    if (Number(raw.getDeadline()) <= Date.now()) expire();
    else abort(microError(499, serverErrorId, 'context canceled'));
  });
  return { raw, headers, signal: controller.signal, abort, release: () => clearTimeout(timer) };
};

/** Milliseconds until the earlier of the two deadlines a caller may send; undefined without one. */
const msLeft = (raw: RawCall, headers: HeaderValues): number | undefined => {
  const micro = parseTimeoutHeader(headerOf(headers, 'timeout'));
  const deadline = Number(raw.getDeadline());
  const grpc = Number.isFinite(deadline) ? Math.max(0, deadline - Date.now()) : undefined;
  if (micro === undefined) return grpc;
  return grpc === undefined ? micro : Math.min(micro, grpc);
};

const startTimer = (ms: number | undefined, expire: () => void): NodeJS.Timeout | undefined =>
  ms === undefined ? undefined : setTimeout(expire, ms).unref();

/** Ends the call with an error; does nothing when the caller has gone. */
export const failCall = (raw: RawCall, error: MicroErrorJson & Hint): void => {
  const { code, message, details } = statusOfError(error);
  endWithStatus(raw, code, message, details);
};

/** Ends the call with a bare gRPC status, as v3 does for paths it does not know. */
export const endWithStatus = (raw: RawCall, code: number, message: string, details?: Buffer): void => {
  if (raw.cancelled || raw.destroyed || raw.writableEnded) return;
  const metadata = new Metadata();
  if (details !== undefined) metadata.set('grpc-status-details-bin', details);
  raw.emit('error', Object.assign(new Error(message), { code, details: message, metadata }));
};

/** Runs the handler and answers. Resolves with the error that was sent, or undefined for OK. Never rejects. */
export const answerCall = async (
  call: IncomingCall,
  handler: Handler,
  { ctx, problem }: { readonly ctx: CallContext; readonly problem?: string },
): Promise<(MicroErrorJson & Hint & Error) | undefined> => {
  try {
    await untilAborted(call.signal, runHandler(call, handler, ctx));
    call.raw.end();
    return undefined;
  } catch (cause) {
    const error = explained(toMicroError(cause, `${ctx.service}.${ctx.endpoint}`), problem);
    failCall(call.raw, error);
    return error;
  }
};

/** A handler that misses an account does not know that a token was sent, and what was wrong with it. */
const explained = (error: MicroErrorJson & Hint & Error, problem: string | undefined) =>
  error.code === 401 && error.hint === undefined && problem !== undefined
    ? unauthorized(error.id, error.detail, { hint: problem, cause: error })
    : error;

/** Settles with the work, or rejects with the signal's reason as soon as that fires; the work's own later failure is then of no interest. */
const untilAborted = async (signal: AbortSignal, work: Promise<void>): Promise<void> => {
  if (signal.aborted) {
    work.catch(noop);
    throw signal.reason;
  }
  let onAbort = noop;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
};

const runHandler = async (call: IncomingCall, handler: Handler, ctx: CallContext): Promise<void> => {
  const wire: { codec: WireCodec | undefined } = {
    codec: codecOfContentType(headerOf(call.headers, 'x-content-type')),
  };
  const requests = readRequests(call, handler, wire);
  const answer = (value: unknown): Promise<void> =>
    send(call, encodeMessage(handler.response, wire.codec ?? 'proto', value));
  switch (handler.kind) {
    case 'unary':
      return answer(await handler.handle(await firstOf(requests), ctx));
    case 'client-stream':
      return answer(await handler.handle(requests, ctx));
    case 'server-stream':
      return sendAll(handler.handle(await firstOf(requests), ctx), answer, call.signal);
    case 'bidi':
      return sendAll(handler.handle(requests, ctx), answer, call.signal);
    default:
      return handler satisfies never;
  }
};

async function* readRequests(
  call: IncomingCall,
  handler: Handler,
  wire: { codec: WireCodec | undefined },
): AsyncGenerator<unknown, void, undefined> {
  // The stream outlives the loop: a unary call is answered after its first message.
  try {
    for await (const bytes of call.raw.iterator({ destroyOnReturn: false })) {
      wire.codec ??= sniffCodec(bytes);
      yield decodeMessage(handler.request, wire.codec, bytes);
    }
  } catch (error) {
    // A transport that breaks shows as an error of the stream; handlers see why the call ended instead.
    throw call.signal.aborted ? call.signal.reason : error;
  }
}

const firstOf = async (requests: AsyncGenerator<unknown, void, undefined>): Promise<unknown> => {
  const first = await requests.next();
  if (first.done === true) throw internal(serverErrorId, 'EOF');
  return first.value;
};

/** Sends what the handler yields. Its `finally` blocks run when the caller leaves, even while it waits in a yield. */
const sendAll = async (
  responses: AsyncIterable<unknown>,
  answer: (value: unknown) => Promise<void>,
  signal: AbortSignal,
): Promise<void> => {
  const iterator = responses[Symbol.asyncIterator]();
  const stop = (): void => void iterator.return?.().then(noop, noop);
  signal.addEventListener('abort', stop, { once: true });
  try {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) await answer(next.value);
  } catch (error) {
    stop();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
};

/** Writes one message and waits while the transport is full. */
const send = async (call: IncomingCall, message: Buffer): Promise<void> => {
  if (message.length > messageBytesMax)
    throw microError(
      413,
      serverErrorId,
      `response of ${message.length} bytes is over messageBytesMax (${messageBytesMax})`,
    );
  if (call.signal.aborted) throw call.signal.reason;
  if (!call.raw.write(message)) await once(call.raw, 'drain', { signal: call.signal });
};
