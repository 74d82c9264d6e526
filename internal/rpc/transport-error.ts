/** Faults of connections and streams in the words of Go clients, which command lines and scripts look for (wire.md 2.4, cli.md 0.4 row 6), and what each says about the call. */

import { canceled, internal, type MicroError, microError, timeout } from '../contract/error.ts';
import { errorCode } from '../h2/error.ts';
import { HandshakeError, oneLine } from '../h2/handshake-error.ts';
import { joinAddress, type Target } from './address.ts';
import { clientErrorId } from './status.ts';

/**
 * `unsent`: nothing of the call left. `refused`: the peer says that it did not look at it. `lost`: the connection broke under it.
 * Errors that are not about the connection have no fate.
 */
type Fate = 'unsent' | 'refused' | 'lost';

const fates = new WeakMap<object, Fate>();

const fateOf = (error: unknown): Fate | undefined =>
  typeof error === 'object' && error !== null ? fates.get(error) : undefined;

/** Whether an error of the client says that no service has seen the call, so that it may be sent elsewhere. */
export const wasNeverSent = (error: unknown): boolean => fateOf(error) === 'unsent' || wasRefused(error);

/** Whether the peer, which is there, said that it did not look at the call: it was about to go, or full. */
export const wasRefused = (error: unknown): boolean => fateOf(error) === 'refused';

/** Whether an error of the client says that the connection was refused or broke, whatever had been sent. */
export const isConnectionFault = (error: unknown): boolean => fateOf(error) !== undefined;

/** Whether a peer was there and closed the connection instead of speaking HTTP/2. */
export const wasMisunderstood = (error: unknown): boolean =>
  fateOf(error) === 'unsent' && error instanceof Error && misunderstood.test(error.message);

const misunderstood = /error reading server preface|connection reset by peer/;

const withFate = (error: MicroError, fate: Fate): MicroError => {
  fates.set(error, fate);
  return error;
};

const connectionError = (what: string, cause?: unknown): MicroError =>
  internal(clientErrorId, `connection error: desc = "${what}"`, { cause });

const causes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
  ECONNRESET: 'connection reset by peer',
};

const lookupFailures: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'ENODATA']);

/** No connection to `address` (host:port) came to stand, for this error of the system. */
export const dialFault = (error: unknown, address: string): MicroError =>
  withFate(connectionError(`transport: ${describe(error, address)}`, error), 'unsent');

const describe = (error: unknown, address: string): string => {
  if (error instanceof HandshakeError) return `authentication handshake failed: ${address}: ${error.message}`;
  const { code, message, ...peer } = systemError(error);
  if (lookupFailures.has(code))
    return `Error while dialing dial tcp: lookup ${address.replace(/:\d+$/, '')}: no such host`;
  const at = peer.address === undefined || peer.port === undefined ? address : joinAddress(peer.address, peer.port);
  return `Error while dialing dial tcp ${at}: ${causes[code ?? ''] ?? message}`;
};

interface SystemError {
  readonly code?: string;
  readonly message: string;
  readonly address?: string;
  readonly port?: number;
}

/** A host of several addresses fails with all of their errors; the first is what is told. */
const systemError = (error: unknown): SystemError => {
  const one: unknown = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  return one instanceof Error ? (one as SystemError) : { message: String(one) };
};

/** The peer at the other end of a connection closed it, or does not speak HTTP/2: no call was sent on it. */
export const prefaceFault = (answered: boolean, address: string): MicroError =>
  withFate(
    connectionError(
      `error reading server preface: ${address} ${answered ? 'does not speak HTTP/2' : 'closed the connection'}`,
    ),
    'unsent',
  );

/** The peer took no call at all. A server that expects TLS says so with a code made for that (RFC 9113 section 9.2). */
export const goawayFault = (
  { code, text }: { readonly code: number; readonly text: string },
  { address, tls }: Target,
): MicroError =>
  code === errorCode.inadequateSecurity && !tls
    ? dialFault(new HandshakeError({ kind: 'wants_tls' }), address)
    : withFate(
        connectionError(`transport: ${address} went away: ${oneLine(text) || `GOAWAY with code ${code}`}`),
        'refused',
      );

/** The connection broke under a call. */
export const lostFault = (cause?: unknown): MicroError =>
  withFate(connectionError('transport: Connection dropped', cause), 'lost');

/** The peer reset the call's stream before its answer was complete. */
export const resetFault = (code: number): MicroError => {
  switch (code) {
    case errorCode.refusedStream:
      return withFate(connectionError('transport: Stream refused by server'), 'refused');
    case errorCode.connectError:
      return lostFault();
    case errorCode.cancel:
      return canceled(clientErrorId, 'context canceled');
    case errorCode.enhanceYourCalm:
      return microError(429, clientErrorId, 'Bandwidth exhausted or memory limit exceeded');
    case errorCode.inadequateSecurity:
      return microError(403, clientErrorId, 'Protocol not secure enough');
    default:
      return internal(clientErrorId, `Received RST_STREAM with code ${code}`);
  }
};

const codeByHttpStatus: Readonly<Record<string, number>> = {
  400: 500,
  401: 401,
  403: 403,
  404: 501,
  429: 503,
  502: 503,
  503: 503,
  504: 503,
};

/** An answer with an HTTP status of its own instead of a gRPC one, as gateways give it. */
export const httpStatusFault = (status: string): MicroError =>
  microError(codeByHttpStatus[status] ?? 500, clientErrorId, `Received HTTP status code ${status}`);

/** Whether a gateway answered 400 in place of a gRPC server. */
export const isGatewayRefusal = (error: unknown): boolean =>
  error instanceof Error && error.message === httpStatusFault('400').message;

/** The caller's signal fired. */
export const abortFault = (signal: AbortSignal): MicroError => {
  const cause: unknown = signal.reason;
  return cause instanceof Error && cause.name === 'TimeoutError'
    ? timeout(clientErrorId, 'context deadline exceeded', { cause })
    : canceled(clientErrorId, 'context canceled', { cause });
};
