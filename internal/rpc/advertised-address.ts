/** The address that others can reach a listener at: Go's choice when it is bound to every interface (wire.md 4.1). */

import { networkInterfaces } from 'node:os';

import { joinAddress, splitAddress } from './address.ts';

const privateV4 = /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/;
const privateV6 = /^fd/i;

/** `bound` as it is, or with the first private, else public, else loopback address in place of an unspecified host. */
export const advertisedAddress = (
  bound: string,
  hosts: readonly { readonly address: string; readonly internal: boolean }[] = localHosts(),
): string => {
  const { host, port } = splitAddress(bound);
  if (host !== '' && host !== '0.0.0.0' && host !== '::') return bound;
  const outside = hosts.filter((h) => !h.internal && !h.address.startsWith('fe80'));
  const chosen = outside.find((h) => privateV4.test(h.address) || privateV6.test(h.address)) ?? outside[0];
  return joinAddress(chosen?.address ?? '127.0.0.1', port ?? '0');
};

const localHosts = () => Object.values(networkInterfaces()).flatMap((list) => list ?? []);
