/** Whether a connection is encrypted. Loads no TLS. */

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** True for the encrypted side of what came through a door. */
export const isSecure = (socket: Socket): boolean => (socket as TLSSocket).encrypted === true;
