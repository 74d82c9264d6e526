/** Looks at the addresses a server is about to listen on, before anything starts: well-formed, free, and off loopback only with TLS. Leaves no socket open. */

import { createServer } from 'node:net';

import type { SettingValue } from '../contract/host.ts';
import { isLoopbackHost } from '../contract/loopback.ts';
import { portOwner } from './port-owner.ts';

export interface WantedAddress {
  /** What is to listen there: `api`. */
  readonly name: string;
  readonly address: string;
  /** The flag that changes it: `--api_address`. */
  readonly flag: string | undefined;
  /** Whether it speaks TLS; undefined when it cannot. */
  readonly tls: boolean | undefined;
}

/** Whether TLS is on, by the settings of who listens. */
export const tlsOf = (settings: readonly SettingValue[]): boolean | undefined => {
  const switches = settings.filter(({ name }) => name === 'enable_tls' || name === 'enable_acme');
  return switches.length === 0 ? undefined : switches.some(({ value }) => value === 'true');
};

const form = /^(\[[\da-fA-F:]+\]|[^:\s]*):(\d{1,5})$/;

/** One line per address that cannot be used, with the way out; empty when all can. */
export const portFaults = async (wanted: readonly WantedAddress[]): Promise<readonly string[]> => {
  const faults: string[] = [];
  const seen = new Map<string, string>();
  for (const one of wanted) {
    const twin = seen.get(one.address);
    if (twin !== undefined && !one.address.endsWith(':0'))
      faults.push(`${one.name} and ${twin} both want ${one.address}`);
    seen.set(one.address, one.name);
    const fault = await faultOf(one);
    if (fault !== undefined) faults.push(fault);
  }
  return faults;
};

const faultOf = async (wanted: WantedAddress): Promise<string | undefined> => {
  const { name, address } = wanted;
  const way = wanted.flag === undefined ? '' : `; choose another with ${wanted.flag}`;
  const [, host, digits] = form.exec(address) ?? [];
  const port = Number(digits);
  if (host === undefined || port > 65_535)
    return `${name}: bad address ${JSON.stringify(address)}: expected host:port${way}`;
  if (!isLoopbackHost(host) && wanted.tls !== true)
    return `${name}: ${address} is off loopback and has no TLS: ${wayToTls(wanted)}listen on 127.0.0.1:${port}`;
  if (port === 0) return undefined;
  const code = await listenFault(host.replace(/^\[|\]$/g, ''), port);
  if (code === undefined) return undefined;
  if (code === 'EACCES')
    return `${name}: cannot listen on ${address}: this user may not (EACCES): on Linux CAP_NET_BIND_SERVICE is the right to ports below 1024${way}`;
  if (code !== 'EADDRINUSE') return `${name}: cannot listen on ${address}: ${code}${way}`;
  const owner = portOwner(port);
  const by = owner === undefined ? 'by another process' : `by process ${owner.pid} (${owner.command})`;
  return `${name}: port ${port} is taken ${by}${way}`;
};

/** `--proxy_address` has `--proxy_enable_tls` beside it. */
const wayToTls = ({ tls, flag }: WantedAddress): string =>
  tls === undefined || flag === undefined ? '' : `add ${flag.replace(/address$/, 'enable_tls')}, or `;

/** The error code of listening there; undefined when it works. */
const listenFault = (host: string, port: number): Promise<string | undefined> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (e: NodeJS.ErrnoException) => resolve(e.code ?? e.message));
    probe.listen({ host: host === '' ? '0.0.0.0' : host, port, exclusive: true }, () =>
      probe.close(() => resolve(undefined)),
    );
  });
