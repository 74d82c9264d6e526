/** One incoming call from its head to its status, whatever carries it: caller, deadline, codec, errors, unary handlers. Knows no registry, no accounts and no library. */

import type { Account } from '../contract/auth.ts';
import { defaultNamespace } from '../contract/core.ts';
import {
  type Hint,
  internal,
  type MicroErrorJson,
  microError,
  timeout,
  toMicroError,
  unauthorized,
} from '../contract/error.ts';
import type { CallContext, Handler, UnaryHandler } from '../contract/handler.ts';
import { messageBytesMax } from '../contract/limits.ts';
import type { Span } from '../trace/tracer.ts';
import type { CallEvents, CallTransport } from './call-transport.ts';
import { codecOfContentType, decodeMessage, encodeMessage, sniffCodec, type WireCodec } from './codec.ts';
import { parseTimeoutHeader } from './metadata.ts';
import { serverErrorId, statusOfError } from './status.ts';
import { type MessageGate, openMessageGate, runStreamHandler, type StreamHandler } from './stream-handler.ts';

export type CallError = MicroErrorJson & Hint & Error;

/** What is known of a call before its body is read. */
export interface CallHead {
  readonly service: string;
  readonly endpoint: string;
  readonly authorization: string | undefined;
  readonly namespaceHeader: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly remote: string;
  readonly signal: AbortSignal;
}

/** Who calls, as `before` has found out. */
export interface Caller {
  readonly account?: Account;
  readonly namespace: string;
  /** Why a token that was sent gave no account: the hint of a handler's 401 that has none. */
  readonly problem?: string;
}

/** What all calls of a server share. */
export interface CallRules {
  /** Decides who calls, before the body is read; a throw refuses the call. */
  before?(head: CallHead): Promise<Caller>;
  /** The same without waiting, for callers that are known; undefined: ask before(). */
  beforeNow?(head: CallHead): Caller | undefined;
  /** Told once per call, after its status was handed to the transport; undefined for OK. */
  finished(call: IncomingCall, error: CallError | undefined): void;
}

export interface CallParts {
  readonly rules: CallRules;
  readonly transport: CallTransport;
  readonly handler: Handler;
  readonly service: string;
  readonly endpoint: string;
  readonly span: Span;
}

/** A call on its way. What changes in it changes in this file only. */
export interface IncomingCall extends CallParts, CallEvents {
  /** The head and the handler's context are one object: what `before` decides is written in, what costs something is made when it is read. */
  readonly context: CallHead & CallContext;
  /** Ends the call with this error now; the handler learns of it through its signal. */
  abort(reason: CallError): void;
}

interface State extends IncomingCall {
  readonly context: Writable<CallHead & CallContext>;
  /** Why the call ended early. */
  reason: CallError | undefined;
  codec: WireCodec | undefined;
  /** What was wrong with the caller's token. */
  problem: string | undefined;
  timer: NodeJS.Timeout | undefined;
  over: boolean;
  /** Made when someone reads the signal; most handlers never do. */
  controller: AbortController | undefined;
  /** Where messages and room to send go when the handler is one of streams. */
  stream: MessageGate | undefined;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A call at its beginning: nothing is asked of the transport before beginCall. */
export const openCall = (parts: CallParts): IncomingCall => {
  const { rules, transport, handler, service, endpoint, span } = parts;
  const call: State = {
    rules,
    transport,
    handler,
    service,
    endpoint,
    span,
    context: new Context(parts, () => signalOf(call)),
    reason: undefined,
    codec: undefined,
    problem: undefined,
    timer: undefined,
    over: false,
    controller: undefined,
    stream: undefined,
    message: (bytes) => deliver(call, bytes),
    writable: () => call.stream?.writable(),
    left: (reason) => abort(call, reason),
    abort: (reason) => abort(call, reason),
  };
  return call;
};

/** A class for its getters: in an object literal they cost more than all else about a call. */
class Context implements Writable<CallHead & CallContext> {
  readonly service: string;
  readonly endpoint: string;
  readonly authorization: string | undefined;
  readonly namespaceHeader: string | undefined;
  readonly remote: string;
  namespace = '';
  account: Account | undefined = undefined;
  readonly #transport: CallTransport;
  readonly #signal: () => AbortSignal;
  #metadata: Readonly<Record<string, string>> | undefined = undefined;

  constructor({ transport, service, endpoint }: CallParts, signal: () => AbortSignal) {
    this.service = service;
    this.endpoint = endpoint;
    this.authorization = transport.header('authorization');
    this.namespaceHeader = transport.header('micro-namespace');
    this.remote = transport.remote;
    this.#transport = transport;
    this.#signal = signal;
  }
  get metadata(): Readonly<Record<string, string>> {
    this.#metadata ??= this.#transport.metadata();
    return this.#metadata;
  }
  get signal(): AbortSignal {
    return this.#signal();
  }
}

const signalOf = (call: State): AbortSignal => {
  call.controller ??= new AbortController();
  if (call.reason !== undefined && !call.controller.signal.aborted) call.controller.abort(call.reason);
  return call.controller.signal;
};

/** Starts the clock, checks the caller and runs the handler. Never throws. */
export const beginCall = (opened: IncomingCall): void => {
  const call = opened as State;
  const { transport, rules, context, span } = call;
  transport.open(call);
  const ms = msLeft(transport);
  if (ms !== undefined) call.timer = setTimeout(expire, ms, call).unref();
  try {
    const known = rules.beforeNow?.(context);
    if (known !== undefined) admit(call, known);
    else if (rules.before === undefined) admit(call, { namespace: context.namespaceHeader ?? defaultNamespace });
    else void span.run(() => askAndAdmit(call));
  } catch (cause) {
    refuse(call, cause);
  }
};

const askAndAdmit = async (call: State): Promise<void> => {
  const { rules, context } = call;
  try {
    const caller = await rules.before?.(context);
    if (caller !== undefined) admit(call, caller);
  } catch (cause) {
    refuse(call, cause);
  }
};

/** Milliseconds until the earlier of the two deadlines a caller may send; undefined without one. */
const msLeft = (transport: CallTransport): number | undefined => {
  const micro = parseTimeoutHeader(transport.header('timeout'));
  const own = transport.msLeft();
  if (micro === undefined) return own;
  return own === undefined ? micro : Math.min(micro, own);
};

const expire = (call: State): void => abort(call, timeout(serverErrorId, 'context deadline exceeded'));

const refuse = (call: State, cause: unknown): void => finish(call, toMicroError(cause, call.service));

const admit = (call: State, { namespace, account, problem }: Caller): void => {
  if (call.over) return;
  call.context.namespace = namespace;
  call.context.account = account;
  call.problem = problem;
  try {
    call.codec = codecOfContentType(call.transport.header('x-content-type') ?? call.transport.contentType);
  } catch (cause) {
    fail(call, cause);
    return;
  }
  const { handler } = call;
  if (handler.kind === 'unary') call.transport.pull();
  else void call.span.run(() => answerStream(call, handler));
};

const deliver = (call: State, bytes: Buffer | undefined): void => {
  if (call.over) return;
  const { handler, span, stream } = call;
  if (stream !== undefined) stream.message(bytes);
  else if (handler.kind === 'unary') void span.run(() => answerUnary(call, handler, bytes));
};

/** A unary call is answered after its first message: Go clients keep the request open (wire.md 2.7). */
const answerUnary = async (call: State, handler: UnaryHandler, bytes: Buffer | undefined): Promise<void> => {
  try {
    const response = await handler.handle(decode(call, bytes), call.context);
    if (call.over) return;
    call.transport.send(encode(call, response));
    finish(call, undefined);
  } catch (cause) {
    fail(call, cause);
  }
};

const answerStream = async (call: State, handler: StreamHandler): Promise<void> => {
  const { transport, context } = call;
  try {
    call.stream = openMessageGate(transport, context.signal);
    await runStreamHandler(handler, {
      context,
      gate: call.stream,
      decode: (bytes) => decode(call, bytes),
      encode: (value) => encode(call, value),
    });
    finish(call, undefined);
  } catch (cause) {
    fail(call, cause);
  }
};

const decode = (call: State, bytes: Buffer | undefined): unknown => {
  if (bytes === undefined) throw internal(serverErrorId, 'EOF');
  call.codec ??= sniffCodec(bytes);
  return decodeMessage(call.handler.request, call.codec, bytes);
};

const encode = (call: State, value: unknown): Buffer => {
  const message = encodeMessage(call.handler.response, call.codec ?? 'proto', value);
  if (message.length <= messageBytesMax) return message;
  const size = `response of ${message.length} bytes is over messageBytesMax (${messageBytesMax})`;
  throw microError(413, serverErrorId, size);
};

const fail = (call: State, cause: unknown): void =>
  finish(call, explained(toMicroError(cause, `${call.service}.${call.endpoint}`), call.problem));

/** A handler that misses an account does not know that a token was sent, and what was wrong with it. */
const explained = (error: CallError, problem: string | undefined): CallError =>
  error.code === 401 && error.hint === undefined && problem !== undefined
    ? unauthorized(error.id, error.detail, { hint: problem, cause: error })
    : error;

const abort = (call: State, reason: CallError): void => {
  if (call.over) return;
  call.reason = reason;
  call.controller?.abort(reason);
  finish(call, reason);
};

/** The one way out of a call. What the handler does after it is of no interest. */
const finish = (call: State, error: CallError | undefined): void => {
  if (call.over) return;
  call.over = true;
  clearTimeout(call.timer);
  if (error === undefined) call.transport.end();
  else call.transport.fail(statusOfError(error));
  call.rules.finished(call, error);
};
