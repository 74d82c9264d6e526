/** Transport faults of grpc-js in the words of Go clients, which command lines and scripts look for (wire.md 2.4, cli.md 0.4 row 6). */

import { internal, type MicroError, microError } from '../contract/error.ts';
import { bareAddress } from './address.ts';
import { clientErrorId, errorOfStatus } from './status.ts';

export interface TransportStatus {
  readonly code: number;
  readonly details: string;
}

const unavailableStatus = 14;
const resourceExhausted = 8;

const causes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
  ECONNRESET: 'connection reset by peer',
};

/** Whether the call never reached a peer, so that it may be sent elsewhere. */
export const neverSent = (status: TransportStatus): boolean =>
  status.code === unavailableStatus && isDialFailure(status.details);

const isDialFailure = (details: string): boolean =>
  details.startsWith('No connection established') || details.startsWith('Name resolution failed');

/** A service may itself answer Unavailable; only the library's own texts are about the connection. */
const isTransportFault = (details: string): boolean =>
  isDialFailure(details) || /^(Connection dropped|Stream refused by server|read E|write E)/.test(details);

/** Whether it was the connection that failed, not the call. */
export const connectionFailed = (status: TransportStatus): boolean =>
  status.code === unavailableStatus && isTransportFault(status.details);

/** The error a caller gets for a bad end of a call to `address`. */
export const transportError = (status: TransportStatus, address: string): MicroError => {
  if (connectionFailed(status))
    return internal(
      clientErrorId,
      `connection error: desc = "transport: ${describe(status.details, bareAddress(address))}"`,
    );
  if (status.code === resourceExhausted && /larger than/.test(status.details))
    return microError(413, clientErrorId, `${status.details} (messageBytesMax)`);
  return errorOfStatus(status);
};

const describe = (details: string, address: string): string => {
  const failed = /connect (E[A-Z]+) (\S+:\d+)/.exec(details);
  if (failed !== null) {
    const [, code, peer] = failed as unknown as readonly [string, string, string];
    return `Error while dialing dial tcp ${bracketed(peer)}: ${causes[code] ?? code}`;
  }
  const lookup = /get(?:addrinfo)? (E[A-Z_]+) (\S+)|Name resolution failed/.exec(details);
  if (lookup !== null) return `Error while dialing dial tcp: lookup ${address.replace(/:\d+$/, '')}: no such host`;
  return isDialFailure(details) ? `Error while dialing dial tcp ${address}: ${details}` : details;
};

/** Node writes `::1:8081` where Go writes `[::1]:8081`. */
const bracketed = (peer: string): string => {
  const colon = peer.lastIndexOf(':');
  const host = peer.slice(0, colon);
  return host.includes(':') && !host.startsWith('[') ? `[${host}]${peer.slice(colon)}` : peer;
};
