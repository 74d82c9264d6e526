/** Where a caller comes from, as far as login limits tell callers apart. Pure; resolves no names. */

import { isIPv4, isIPv6 } from 'node:net';

import { isLocalPeer } from '../../../../internal/tls/local-peer.ts';

/** Everybody on this machine. */
export const thisMachine = 'this machine';

/**
 * Of `ip:port`: the address for IPv4, the first half for IPv6, since whoever has one such address has 2^64 of them. `thisMachine` for
 * loopback and for a caller that has no address, which is one inside this process.
 */
export const networkOf = (remote: string): string => {
  const address = mapped(hostOf(remote));
  if (isLocalPeer(address)) return thisMachine;
  if (isIPv4(address)) return address;
  return isIPv6(address) ? `${halfOf(address)}::/64` : thisMachine;
};

/** Some transports write no brackets around IPv6; the port is what follows the last colon all the same. */
const hostOf = (remote: string): string => {
  const host = /^(.*):\d+$/.exec(remote)?.[1] ?? remote;
  return host.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
};

/** IPv4 inside IPv6 is IPv4. */
const mapped = (host: string): string => /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1] ?? host;

/** The first four groups, without leading zeros. */
const halfOf = (address: string): string => {
  const [before = '', after] = address.split('::');
  const left = before === '' ? [] : before.split(':');
  const right = after === undefined || after === '' ? [] : after.split(':');
  const zeros = after === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
};
