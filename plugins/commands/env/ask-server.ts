/** What an environment's server says of itself and of us: certificate, version, clock, login. Tokens go to that environment only. */

import { performance } from 'node:perf_hooks';

import type { Account } from '../../../internal/contract/auth.ts';
import type { Client } from '../../../internal/contract/client.ts';
import { type Hint, isMicroError, type MicroErrorJson, toMicroError } from '../../../internal/contract/error.ts';
import { envCheckTimeoutMs } from '../../../internal/contract/limits.ts';
import { type TlsFault, tlsFaultOf } from '../../../internal/contract/tls.ts';
import type { PeerCertificate } from '../../../internal/h2/peer-certificate.ts';
import { explainTls } from '../../../internal/home/explain-tls.ts';
import { openSession, type Session, type SessionOptions } from '../../../internal/home/session.ts';
import { splitAddress } from '../../../internal/rpc/address.ts';
import { createRpcClient, type RpcClient } from '../../../internal/rpc/client.ts';
import { findTlsFault } from '../../../internal/rpc/find-tls-fault.ts';
import { buildPath } from '../../../internal/rpc/path.ts';
import { requestToken } from '../../../internal/rpc/request-token.ts';
import { clientErrorId } from '../../../internal/rpc/status.ts';
import { dialFault, isConnectionFault } from '../../../internal/rpc/transport-error.ts';
import { authApi } from '../../../internal/schema/core/auth.ts';
import { debugApi } from '../../../internal/schema/core/debug.ts';
import { stub } from '../../../internal/schema/stub.ts';

export interface Certificate extends PeerCertificate {
  /** `TLSv1.3`. */
  readonly protocol: string;
}

export type Login = { readonly account: Account } | { readonly problem: string };

/** What was found out before something failed. */
export interface Answer {
  readonly place: Session;
  /** Of the last step that was taken. */
  readonly latencyMs: number;
  readonly failure?: Failure;
  readonly certificate?: Certificate;
  /** Servers of Micro v3 say neither. */
  readonly version?: string;
  /** How far the server's clock is ahead of ours. */
  readonly clockAheadMs?: number;
  readonly login?: Login;
}

export interface Failure {
  readonly error: MicroErrorJson & Hint & Error;
  /** Somebody was there, and TLS kept us apart. */
  readonly fault?: TlsFault;
  readonly hint?: string;
}

export type AskOptions = Omit<SessionOptions, 'refresh'> & { readonly signal: AbortSignal };

/** Throws ExitError as placeOf does; whatever the server does is an answer. */
export const askServer = async (o: AskOptions): Promise<Answer> => {
  const rpc = createRpcClient({ now: o.now, trustOf: () => session.trust });
  const session: Session = openSession({
    ...o,
    refresh: (request, namespace) => requestToken(rpc, { address: addressOf(session), request, namespace }),
  });
  const asked: { -readonly [K in keyof Answer]: Answer[K] } = { place: session, latencyMs: 0 };
  const started = performance.now();
  try {
    if (session.tls) asked.certificate = await certificateOf(session, o.signal);
    Object.assign(asked, await health(rpc, session, o));
    asked.login = await loginOf(rpc, session, o.signal);
  } catch (error) {
    asked.latencyMs = Math.round(performance.now() - started);
    asked.failure = await failureOf(error, session, o);
  } finally {
    await rpc.close();
  }
  return asked;
};

const addressOf = ({ tls, address }: Session): string => `${tls ? 'https' : 'http'}://${address}`;

/** On a connection of its own: the client's stay its secret. */
const certificateOf = async ({ address, trust }: Session, signal: AbortSignal): Promise<Certificate | undefined> => {
  const { host, port } = splitAddress(address);
  const [{ dialTls }, { peerCertificate }] = await Promise.all([
    import('../../../internal/h2/dial-tls.ts'),
    import('../../../internal/h2/peer-certificate.ts'),
  ]);
  try {
    const socket = await dialTls({ host, port: Number(port), trust, dialMs: envCheckTimeoutMs, signal });
    const presented = peerCertificate(socket);
    const protocol = socket.getProtocol() ?? '';
    socket.destroy();
    return presented === undefined ? undefined : { ...presented, protocol };
  } catch (error) {
    throw dialFault(error, address);
  }
};

type Health = Pick<Answer, 'latencyMs' | 'version' | 'clockAheadMs'>;

/** The first call pays for loading and connecting; what the environment takes for a call shows in the second. */
const health = async (rpc: RpcClient, session: Session, o: AskOptions): Promise<Health> => {
  const client = clientOf(rpc, session);
  const ask = async (service: string): Promise<Health> => {
    const begun = performance.now();
    const before = o.now();
    const options = { timeoutMs: envCheckTimeoutMs, signal: o.signal };
    const { version, time } = await stub(client, debugApi, { service })['Debug.Health']({}, options);
    const latencyMs = Math.round(performance.now() - begun);
    const known = time === undefined ? {} : { clockAheadMs: Math.round(Number(time) - (before + o.now()) / 2) };
    return { latencyMs, ...known, ...(version ? { version } : {}) };
  };
  let service = 'proxy';
  try {
    await ask(service);
  } catch (error) {
    if (isConnectionFault(error) || !isMicroError(error) || error.code === 408 || error.code === 499) throw error;
    // The proxy of a v3 server answers for others only.
    service = 'auth';
  }
  const begun = performance.now();
  try {
    return await ask(service);
  } catch (error) {
    // Whoever refuses is there.
    if (isMicroError(error) && (error.code === 401 || error.code === 403))
      return { latencyMs: Math.round(performance.now() - begun) };
    throw error;
  }
};

const clientOf = (rpc: RpcClient, session: Session): Client => ({
  call: (service, endpoint, request, { address: _, token, ...o } = {}) =>
    rpc.call(addressOf(session), buildPath(service, endpoint), request, { ...o, token: token ?? undefined }),
  stream: (service, endpoint, { address: _, token, ...o } = {}) =>
    rpc.stream(addressOf(session), buildPath(service, endpoint), { ...o, token: token ?? undefined }),
});

/** Asks the server, not the token: it may know that the account has ended. */
const loginOf = async (rpc: RpcClient, session: Session, signal: AbortSignal): Promise<Login> => {
  try {
    const token = await session.token();
    if (token === undefined) return { problem: session.explain() ?? 'you are not logged in' };
    const { account } = await stub(clientOf(rpc, session), authApi)['Auth.Inspect'](
      { token, options: { namespace: session.namespace } },
      { token, timeoutMs: envCheckTimeoutMs, signal },
    );
    if (account === null) return { problem: 'the server does not say who you are' };
    const { id, name, type, issuer, scopes, metadata } = account;
    return { account: { id, name, type, issuer, scopes, metadata } };
  } catch (error) {
    if (isConnectionFault(error) || !isMicroError(error)) throw error;
    return { problem: `the server does not accept your login: ${error.detail}${error.hint ? ` (${error.hint})` : ''}` };
  }
};

const failureOf = async (error: unknown, session: Session, o: AskOptions): Promise<Failure> => {
  const found = await findTlsFault(error, session, o.signal);
  const fault = tlsFaultOf(found);
  const known = toMicroError(found ?? error, clientErrorId);
  if (fault === undefined) return { error: known };
  return { error: known, fault, hint: explainTls(fault, session, o.now()) };
};
