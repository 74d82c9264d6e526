/** Whether it was TLS that kept a connection from standing, asking the peer once where only it knows: who expects TLS closes a plain connection without a word. */

import type { MicroError } from '../contract/error.ts';
import { tlsProbeMs } from '../contract/limits.ts';
import { tlsFaultOf } from '../contract/tls.ts';
import { dialSocket } from '../h2/dial-socket.ts';
import { HandshakeError } from '../h2/handshake-error.ts';
import { splitAddress, type Target } from './address.ts';
import { dialFault, isGatewayRefusal, wasMisunderstood } from './transport-error.ts';

/** The error whose fault contract/tls.ts reads; undefined when it was not about TLS. */
export const findTlsFault = async (
  error: unknown,
  target: Target,
  signal?: AbortSignal,
): Promise<Error | MicroError | undefined> => {
  if (tlsFaultOf(error) !== undefined) return error as Error;
  const { address, tls } = target;
  if (tls && isGatewayRefusal(error))
    return dialFault(new HandshakeError({ kind: 'gateway' }, { cause: error }), address);
  if (tls || !wasMisunderstood(error) || !(await speaksTls(address, signal))) return undefined;
  return dialFault(new HandshakeError({ kind: 'wants_tls' }, { cause: error }), address);
};

/** The certificate does not matter: nothing is sent. */
const speaksTls = async (address: string, signal: AbortSignal | undefined): Promise<boolean> => {
  const { host, port } = splitAddress(address);
  const trust = { insecure: true };
  try {
    (await dialSocket({ host, port: Number(port), tls: true, trust, dialMs: tlsProbeMs, signal })).destroy();
    return true;
  } catch (error) {
    const kind = tlsFaultOf(error)?.kind;
    return kind === 'no_http2' || kind === 'wants_certificate';
  }
};
