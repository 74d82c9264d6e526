/** Handlers: the one interface between a service's code and whatever carries its calls (grpc-js, the HTTP API, the frame engine). */

import type { Account } from './auth.ts';

export type MethodKind = 'unary' | 'server-stream' | 'client-stream' | 'bidi';

/** Translates one message type. Decoding throws badRequest; JSON follows wire.md 2.2 (proto field names, 64-bit as strings, defaults emitted). */
export interface Codec<T = unknown> {
  decode(bytes: Uint8Array): T;
  encode(value: T): Uint8Array;
  fromJson(text: string): T;
  toJson(value: T): string;
}

/** A message's shape as registered (wire.md 4.2): type texts are Go's. */
export interface ValueTree {
  readonly name: string;
  readonly type: string;
  readonly values: readonly ValueTree[];
}

/** What a handler knows about its caller. */
export interface CallContext {
  /** The name of the service that is called, and `Type.Method`. */
  readonly service: string;
  readonly endpoint: string;
  /** Namespace of the call: the micro-namespace header, else the account's issuer, else `micro`. */
  readonly namespace: string;
  /** Undefined for an anonymous caller. */
  readonly account: Account | undefined;
  /** Request metadata, keys lower-case; reserved gRPC keys are left out. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Fires when the caller leaves, the deadline passes, or the service stops. */
  readonly signal: AbortSignal;
  /** Peer as ip:port, empty when unknown. */
  readonly remote: string;
}

interface HandlerBase<Req, Rsp> {
  /** `Type.Method`. */
  readonly endpoint: string;
  readonly request: Codec<Req>;
  readonly response: Codec<Rsp>;
  /** Served but not registered (Debug, health, reflection). */
  readonly internal?: boolean;
  /** Endpoint metadata for the registry; `stream=true` is added by serve. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The registered shapes; built when asked for. */
  describe(): { readonly request: ValueTree; readonly response: ValueTree };
}

export interface UnaryHandler<Req = unknown, Rsp = unknown> extends HandlerBase<Req, Rsp> {
  readonly kind: 'unary';
  handle(request: Req, ctx: CallContext): Promise<Rsp>;
}
export interface ServerStreamHandler<Req = unknown, Rsp = unknown> extends HandlerBase<Req, Rsp> {
  readonly kind: 'server-stream';
  handle(request: Req, ctx: CallContext): AsyncIterable<Rsp>;
}
export interface ClientStreamHandler<Req = unknown, Rsp = unknown> extends HandlerBase<Req, Rsp> {
  readonly kind: 'client-stream';
  handle(requests: AsyncIterable<Req>, ctx: CallContext): Promise<Rsp>;
}
export interface BidiHandler<Req = unknown, Rsp = unknown> extends HandlerBase<Req, Rsp> {
  readonly kind: 'bidi';
  handle(requests: AsyncIterable<Req>, ctx: CallContext): AsyncIterable<Rsp>;
}

export type Handler =
  | UnaryHandler<any, any>
  | ServerStreamHandler<any, any>
  | ClientStreamHandler<any, any>
  | BidiHandler<any, any>;
export type Handlers = readonly Handler[];
