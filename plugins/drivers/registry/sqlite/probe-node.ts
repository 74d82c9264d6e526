/** Whether somebody listens at an address. Sends nothing. */

import { connect } from 'node:net';

import { registryProbeMs, registryProbesMax } from '../../../../internal/contract/limits.ts';
import { splitAddress } from '../../../../internal/rpc/address.ts';

/** `silent`: no answer in time, no way there, or no address of ours to judge by. */
export type Probe = 'accepted' | 'refused' | 'silent';

/** Tries each address once, registryProbesMax at a time. Never throws. */
export const probeNodes = async (addresses: Iterable<string>): Promise<ReadonlyMap<string, Probe>> => {
  const results = new Map<string, Probe>();
  const waiting = [...new Set(addresses)];
  const work = async (): Promise<void> => {
    for (let address = waiting.pop(); address !== undefined; address = waiting.pop())
      results.set(address, await probeNode(address));
  };
  await Promise.all(Array.from({ length: Math.min(registryProbesMax, waiting.length) }, work));
  return results;
};

const probeNode = (address: string): Promise<Probe> =>
  new Promise((resolve) => {
    const target = targetOf(address);
    if (target === undefined) {
      resolve('silent');
      return;
    }
    const socket = connect({ ...target, timeout: registryProbeMs });
    const end = (probe: Probe): void => {
      socket.destroy();
      resolve(probe);
    };
    socket.once('connect', () => end('accepted'));
    socket.once('timeout', () => end('silent'));
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code === 'ECONNREFUSED' ? 'refused' : 'silent'));
  });

const targetOf = (address: string): { readonly host: string; readonly port: number } | undefined => {
  try {
    const { host, port } = splitAddress(address);
    return host === '' || port === undefined ? undefined : { host, port: Number(port) };
  } catch {
    return undefined;
  }
};
