/**
 * The proxy's open ports: the one it was told, in TLS where the settings say so, and where that is an address of one network only a twin on
 * loopback, since programs of this machine call in plain text. Owns listeners, door and certificate.
 */

import { refuseKnownAdmin } from '../../../internal/auth/known-admin.ts';
import { internal } from '../../../internal/contract/error.ts';
import type { Listener as Row } from '../../../internal/contract/listener.ts';
import { isLoopbackAddress } from '../../../internal/contract/loopback.ts';
import { createListener, type Listener, type ListenerOptions } from '../../../internal/h2/listener.ts';
import { refusePlainText } from '../../../internal/http/refuse-plain-text.ts';
import { joinAddress, splitAddress } from '../../../internal/rpc/address.ts';
import type { OpenedDoor } from '../../../internal/tls/open-door.ts';
import { proxyErrorId } from './headers.ts';
import type { ProxyState } from './answer-call.ts';

export interface OpenPorts {
  readonly rows: readonly Row[];
  /** Calls that are not over. */
  readonly streamCount: number;
  /** Takes no more connections and calls; those that are open go on. */
  drain(): void;
  /** Cuts what is left. Safe twice. */
  close(): Promise<void>;
}

/** Rejects when a port or a certificate cannot be had; nothing is left open then. */
export const openPorts = async (
  ctx: ProxyState['ctx'],
  tls: boolean,
  options: Omit<ListenerOptions, 'door'>,
): Promise<OpenPorts> => {
  const { address } = ctx.config;
  const exposed = !isLoopbackAddress(address);
  if (exposed) await refuseKnownAdmin({ ...ctx.needs, address });
  const opened = tls ? await openDoor(ctx) : undefined;
  const listeners: Listener[] = [];
  const close = async (): Promise<void> => {
    await opened?.close();
    await Promise.all(listeners.map((listener) => listener.close()));
  };
  const open = async (at: string): Promise<{ host: string; port: number }> => {
    const listener = createListener({ ...options, door: opened?.door });
    listeners.push(listener);
    return listen(listener, at);
  };
  try {
    const { host, port } = await open(address);
    const bound = joinAddress(host, port);
    const row = rowOf(bound, opened, exposed ? port : undefined);
    if (reachesLoopback(host)) return portsOf(listeners, [row], close);
    const twin = joinAddress(loopback, port);
    await open(twin);
    return portsOf(listeners, [row, rowOf(twin, undefined, undefined)], close);
  } catch (e) {
    await close();
    throw e;
  }
};

const loopback = '127.0.0.1';

const portsOf = (listeners: readonly Listener[], rows: readonly Row[], close: () => Promise<void>): OpenPorts => ({
  rows,
  get streamCount() {
    return listeners.reduce((sum, { streamCount }) => sum + streamCount, 0);
  },
  drain: () => {
    for (const listener of listeners) listener.drain();
  },
  close,
});

const reachesLoopback = (host: string): boolean =>
  host === '0.0.0.0' || host === '::' || isLoopbackAddress(joinAddress(host, 0));

const rowOf = (address: string, opened: OpenedDoor | undefined, exposedPort: number | undefined): Row => ({
  name: 'proxy',
  address,
  protocol: opened === undefined ? 'gRPC (HTTP/2, plain text)' : 'gRPC (HTTP/2, TLS)',
  auth: true,
  ...(opened === undefined || exposedPort === undefined
    ? {}
    : { url: `https://${joinAddress(opened.host, exposedPort)}` }),
  ...(opened?.fingerprint === undefined ? {} : { fingerprint: opened.fingerprint }),
});

const openDoor = async ({ config, needs, log, now }: ProxyState['ctx']): Promise<OpenedDoor> => {
  const { openTlsDoor } = await import('../../../internal/tls/open-door.ts');
  return openTlsDoor({
    settings: config,
    host: needs.host,
    bindHost: splitAddress(config.address).host,
    protocols: ['h2', 'http/1.1'],
    refusal: (start) => refusePlainText(proxyErrorId, start),
    log,
    now,
  });
};

/** `:8081` means every interface, as in Go. */
const listen = async (listener: Listener, address: string): Promise<{ host: string; port: number }> => {
  const { host, port } = splitAddress(address);
  try {
    const bound = await listener.listen(host === '' ? undefined : host, Number(port ?? 0));
    return { host: host === '' ? '0.0.0.0' : host, port: bound.port };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw internal('proxy', `cannot listen on ${address}: ${reason}`, { cause });
  }
};
