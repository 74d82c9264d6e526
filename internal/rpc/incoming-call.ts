/** One incoming call from its head to its status, whatever carries it: caller, deadline, codec, errors, unary handlers. Knows no registry, no accounts and no library. */

import type { Account } from '../contract/auth.ts';
import { defaultNamespace } from '../contract/core.ts';
import type { Problem } from '../contract/denial.ts';
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
import type { OpenCall } from '../contract/open-call.ts';
import type { Span } from '../trace/tracer.ts';
import type { CallEvents, CallTransport } from '../contract/call-transport.ts';
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
  /** Why a token that was sent gave no account: what a handler's 401 is about then. */
  readonly problem?: Problem;
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

/** A call on its way. */
export interface IncomingCall extends OpenCall {
  readonly isAnswering: boolean;
  readonly handler: Handler;
  readonly span: Span;
  /** Starts the clock, checks the caller and runs the handler. Never throws. */
  begin(): void;
  /** Ends the call with this error now; the handler learns of it through its signal. */
  abort(reason: CallError): void;
}

/** A call at its beginning: nothing is asked of its transport before begin(). */
export const openCall = (parts: CallParts): IncomingCall => new Call(parts);

/** A class, as frame-call.ts says: a call has many functions, and one is made for every message of the busiest services. */
class Call implements IncomingCall, CallEvents {
  readonly handler: Handler;
  readonly service: string;
  readonly endpoint: string;
  readonly span: Span;
  readonly transport: CallTransport;
  readonly #rules: CallRules;
  readonly #context: Context;
  #codec: WireCodec | undefined = undefined;
  /** What was wrong with the caller's token. */
  #problem: Problem | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #admitted = false;
  isAnswering = false;
  #over = false;
  /** Why the call ended early. */
  #reason: CallError | undefined = undefined;
  /** Made when someone reads the signal; most handlers never do. */
  #controller: AbortController | undefined = undefined;
  /** Where messages and room to send go when the handler is one of streams. */
  #stream: MessageGate | undefined = undefined;

  constructor({ rules, transport, handler, service, endpoint, span }: CallParts) {
    this.handler = handler;
    this.service = service;
    this.endpoint = endpoint;
    this.span = span;
    this.transport = transport;
    this.#rules = rules;
    this.#context = new Context(this);
  }

  get authorization(): string | undefined {
    return this.#context.authorization;
  }
  get isAnonymous(): boolean {
    return this.#admitted && this.#context.account === undefined;
  }
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    const { signal } = this.#controller;
    if (this.#reason !== undefined && !signal.aborted) this.#controller.abort(this.#reason);
    return signal;
  }

  begin(): void {
    this.transport.open(this);
    const ms = msLeft(this.transport);
    if (ms !== undefined) this.#timer = setTimeout(expire, ms, this).unref();
    const { before, beforeNow } = this.#rules;
    try {
      const known = beforeNow?.(this.#context);
      if (known !== undefined) this.#admit(known);
      else if (before === undefined) this.#admit({ namespace: this.#context.namespaceHeader ?? defaultNamespace });
      else void this.span.run(() => this.#ask(before));
    } catch (cause) {
      this.#refuse(cause);
    }
  }

  abort(reason: CallError): void {
    if (this.#over) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
    this.#finish(reason);
  }

  // ---- What the transport tells

  message(bytes: Buffer | undefined): void {
    if (this.#over) return;
    const { handler } = this;
    if (this.#stream !== undefined) this.#stream.message(bytes);
    else if (handler.kind === 'unary') {
      this.isAnswering = true;
      void this.span.run(() => this.#answer(handler, bytes));
    }
  }
  writable(): void {
    this.#stream?.writable();
  }
  left(reason: CallError): void {
    this.abort(reason);
  }

  // ---- From the caller to the answer

  async #ask(before: (head: CallHead) => Promise<Caller>): Promise<void> {
    try {
      this.#admit(await before(this.#context));
    } catch (cause) {
      this.#refuse(cause);
    }
  }

  #refuse(cause: unknown): void {
    this.#finish(toMicroError(cause, this.service));
  }

  #admit({ namespace, account, problem }: Caller): void {
    if (this.#over) return;
    const { handler, transport } = this;
    this.#context.namespace = namespace;
    this.#context.account = account;
    this.#admitted = true;
    this.#problem = problem;
    try {
      this.#codec = codecOfContentType(transport.header('x-content-type') ?? transport.contentType);
    } catch (cause) {
      this.#fail(cause);
      return;
    }
    if (handler.kind === 'unary') transport.pull();
    else void this.span.run(() => this.#answerStream(handler));
  }

  /** A unary call is answered after its first message: Go clients keep the request open (wire.md 2.7). */
  async #answer(handler: UnaryHandler, bytes: Buffer | undefined): Promise<void> {
    try {
      const response = await handler.handle(this.#decode(bytes), this.#context);
      if (this.#over) return;
      this.transport.send(this.#encode(response));
      this.#finish(undefined);
    } catch (cause) {
      this.#fail(cause);
    }
  }

  async #answerStream(handler: StreamHandler): Promise<void> {
    try {
      this.#stream = openMessageGate(this.transport, this.signal);
      await runStreamHandler(handler, {
        context: this.#context,
        gate: this.#stream,
        decode: (bytes) => this.#decode(bytes),
        encode: (value) => this.#encode(value),
      });
      this.#finish(undefined);
    } catch (cause) {
      this.#fail(cause);
    }
  }

  #decode(bytes: Buffer | undefined): unknown {
    if (bytes === undefined) throw internal(serverErrorId, 'EOF');
    this.#codec ??= sniffCodec(bytes);
    return decodeMessage(this.handler.request, this.#codec, bytes);
  }

  #encode(value: unknown): Buffer {
    const message = encodeMessage(this.handler.response, this.#codec ?? 'proto', value);
    if (message.length <= messageBytesMax) return message;
    const size = `response of ${message.length} bytes is over messageBytesMax (${messageBytesMax})`;
    throw microError(413, serverErrorId, size);
  }

  #fail(cause: unknown): void {
    const error = toMicroError(cause, `${this.service}.${this.endpoint}`);
    this.#finish(explained(error, this.#problem));
  }

  /** The one way out of a call. What the handler does after it is of no interest. */
  #finish(error: CallError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    if (error === undefined) this.transport.end();
    else this.transport.fail(statusOfError(error));
    this.#rules.finished(this, error);
  }
}

/** The head of a call and its handler's context in one: what `before` decides is written in, what costs something is made when it is read. */
class Context implements CallHead, CallContext {
  readonly service: string;
  readonly endpoint: string;
  readonly authorization: string | undefined;
  readonly namespaceHeader: string | undefined;
  readonly remote: string;
  namespace = '';
  account: Account | undefined = undefined;
  readonly #call: Call;
  #metadata: Readonly<Record<string, string>> | undefined = undefined;

  constructor(call: Call) {
    const { transport } = call;
    this.service = call.service;
    this.endpoint = call.endpoint;
    this.authorization = transport.header('authorization');
    this.namespaceHeader = transport.header('micro-namespace');
    this.remote = transport.remote;
    this.#call = call;
  }
  get metadata(): Readonly<Record<string, string>> {
    this.#metadata ??= this.#call.transport.metadata();
    return this.#metadata;
  }
  get signal(): AbortSignal {
    return this.#call.signal;
  }
}

/** The longest a timer of Node can wait; a deadline after it is none that anyone would see. */
const timerMsMax = 2 ** 31 - 1;

/** Milliseconds until the earlier of the two deadlines a caller may send; undefined without one. */
const msLeft = (transport: CallTransport): number | undefined => {
  const text = transport.header('timeout');
  const micro = text === undefined ? undefined : parseTimeoutHeader(text);
  const own = transport.msLeft();
  if (micro === undefined && own === undefined) return undefined;
  return Math.min(micro ?? timerMsMax, own ?? timerMsMax, timerMsMax);
};

const expire = (call: Call): void => call.abort(timeout(serverErrorId, 'context deadline exceeded'));

/** A handler that misses an account does not know that a token was sent, and what was wrong with it. */
const explained = (error: CallError, problem: Problem | undefined): CallError =>
  error.code === 401 && (error.hint === undefined || error.reason === 'no_token') && problem !== undefined
    ? unauthorized(error.id, error.detail, { ...problem, cause: error })
    : error;
