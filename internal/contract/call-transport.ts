/** What carries one call, and what is told about it: the seam between handlers and gRPC libraries. Types only. */

import type { MicroErrorJson } from './error.ts';

/** How a call ends that does not end well. */
export interface GrpcStatus {
  readonly code: number;
  /** grpc-message before percent-encoding. */
  readonly message: string;
  /** grpc-status-details-bin, when it fits into the headers. */
  readonly details: Buffer | undefined;
}

/** One call as its transport shows it. Messages are whole and without framing or compression; nothing is sent once the call is over. */
export interface CallTransport {
  /** Peer as ip:port, empty when unknown. */
  readonly remote: string;
  /** The content type of the request where the transport knows it; it names the codec. */
  readonly contentType: string | undefined;
  /** A header of the request, reserved ones included; several values come joined with `, `. */
  header(name: string): string | undefined;
  /** The metadata a handler sees (metadata.ts). */
  metadata(): Readonly<Record<string, string>>;
  /** What is left of the protocol's own deadline, in milliseconds; undefined without one. */
  msLeft(): number | undefined;
  /** Called once, before all that follows: from now on `events` is told. */
  open(events: CallEvents): void;
  /** Asks for the next message, which comes through CallEvents.message, perhaps at once. One at a time. */
  pull(): void;
  /** Sends a message; false: wait for CallEvents.writable before the next one. */
  send(message: Buffer): boolean;
  /** Ends the call with status OK. */
  end(): void;
  /** Ends the call with another status. */
  fail(status: GrpcStatus): void;
}

/** What a transport tells, after open(). */
export interface CallEvents {
  /** The message that was asked for; undefined when the caller has sent its last one. */
  message(bytes: Buffer | undefined): void;
  writable(): void;
  /** The call cannot go on, for this reason: the caller left, or sent what nobody can read. */
  left(reason: MicroErrorJson & Error): void;
}

/** Takes calls to the services of this process, whatever carries them. */
export interface LocalCalls {
  /** Answers one call: checks its caller, runs its handler. Never throws. */
  dispatch(path: string, transport: CallTransport): void;
  /** Ends running calls because the server stops: streams, or everything. */
  cut(which: 'streams' | 'all'): void;
}
