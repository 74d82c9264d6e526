/** The client slot: calls a service by name and endpoint. Message bytes pass through as they are; typed calls are made by internal/schema/stub.ts. */

import type { CallOptions } from './call-options.ts';
import { capability } from './capability.ts';

export type ContentType = 'application/grpc+proto' | 'application/grpc+json' | 'application/grpc+bytes';

export interface ClientOptions extends CallOptions {
  /** Milliseconds; unary default clientTimeoutMs, streams none. */
  readonly timeoutMs?: number;
  /** Bearer token to send instead of the driver's own; null sends none. */
  readonly token?: string | null;
  /** Extra request metadata, keys lower-case. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** `host:port` to call instead of looking the service up. */
  readonly address?: string;
  /** Default application/grpc+proto. */
  readonly contentType?: ContentType;
}

/** A call in flight. Iterating yields response messages and throws MicroError at a bad end; leaving the loop cancels the call. */
export interface ClientStream extends AsyncIterable<Uint8Array> {
  /** Resolves when the transport has room for more. */
  send(message: Uint8Array): Promise<void>;
  /** Half-closes. */
  end(): void;
  cancel(): void;
}

export type TokenOrigin = 'login' | 'local-admin' | 'service';

/** As whom a driver calls when a call names no token. */
export interface ClientLogin {
  /** The token such calls carry, renewed if need be; undefined: they go out as nobody. Throws only when the server cannot be asked for a new one. */
  token(): Promise<string | undefined>;
  /** Why token() last gave nothing, and the way out. */
  explain(): string | undefined;
  /** Where token() last got its answer: a saved login, the credential of the machine's own server, or the account of a service. */
  origin(): TokenOrigin | undefined;
}

export interface Client {
  /** One request, one response. Throws MicroError: what the service sent, or id `go.micro.client` for transport faults (wire.md 2.4). */
  call(service: string, endpoint: string, request: Uint8Array, o?: ClientOptions): Promise<Uint8Array>;
  /** Opens a stream of any kind; on the wire always bidi (wire.md 2.7). */
  stream(service: string, endpoint: string, o?: ClientOptions): ClientStream;
  /** Optional: a driver without it passes on the tokens it is given. */
  readonly login?: ClientLogin;
}

export const client = capability<Client>('client');
