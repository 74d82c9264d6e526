/** Calls to core services through the proxy, against the same handlers behind a grpc-js server. */

import { connections, inTurns, line, median, ratio, streams, whole } from './figures.ts';
import { runLoad } from './h2load.ts';
import { lookUpOf, readOf } from './messages.ts';
import type { Platform } from './platform.ts';
import { type Call, cost, counted, frameHeadBytes, perSecond, throughput } from './throughput.ts';

export const core = async (platform: Platform): Promise<void> => {
  const record = { key: 'bench', value: Buffer.alloc(100, 'x').toString('base64') };
  await platform.call('store', 'Store.Write', { record });
  const calls: Readonly<Record<string, { readonly service: string } & Call>> = {
    'registry look-up': { service: 'registry', path: '/registry.Registry/GetService', message: lookUpOf('helloworld') },
    'store read': { service: 'store', path: '/store.Store/Read', message: readOf('bench') },
  };
  console.log(`core calls, ${connections} connections x ${streams} streams, calls/s`);
  for (const [name, call] of Object.entries(calls)) {
    // One call says how long the answer is; the same must come every time.
    const { dataBytes } = await runLoad({
      ...call,
      address: platform.core,
      token: platform.token,
      connections: 1,
      streams: 1,
      calls: 1,
    });
    if (dataBytes <= frameHeadBytes) throw new Error(`${name} has no answer`);
    const pids = (): readonly number[] => [platform.pid];
    const targets = { grpcJs: { address: platform.core, pids }, proxy: { address: platform.proxy, pids } };
    const rates = await counted(platform, call.service, () =>
      inTurns(targets, (target) => throughput(platform, target, call, dataBytes - frameHeadBytes)),
    );
    const [grpcJs, proxied] = [perSecond(rates.grpcJs), perSecond(rates.proxy)];
    line(`${name}, on grpc-js`, whole(median(grpcJs)), cost(rates.grpcJs));
    line(
      `${name}, through the proxy`,
      whole(median(proxied)),
      `${ratio(proxied, grpcJs)} x grpc-js (aim 3.00), ${cost(rates.proxy)}`,
    );
  }
};
