/** Unary calls through the proxy, against direct ones and against nginx: to a service of the SDK, and to a node that costs nothing. */

import { startNginx } from '../../support/nginx.ts';
import { childrenOf } from './cpu-time.ts';
import { connections, inTurns, line, median, ratio, streams, whole } from './figures.ts';
import { echoOf } from './messages.ts';
import type { Platform } from './platform.ts';
import { startProgram } from './program.ts';
import { type Call, cost, counted, perSecond, type Target, throughput } from './throughput.ts';

/** Direct, through nginx and through the proxy, in turns. */
const throughProxies = async (
  platform: Platform,
  o: {
    readonly node: string;
    readonly call: Call;
    readonly answerBytes: number;
    readonly aims: readonly [string, string];
  },
): Promise<void> => {
  const nginx = await startNginx(o.node);
  try {
    const targets: Readonly<Record<string, Target>> = {
      direct: { address: o.node },
      nginx: { address: nginx.address, pids: () => childrenOf(nginx.pid) },
      proxy: { address: platform.proxy, pids: () => [platform.pid] },
    };
    const rates = await inTurns(targets, (target) => throughput(platform, target, o.call, o.answerBytes));
    const [direct, before, proxied] = [rates.direct, rates.nginx, rates.proxy].map(perSecond) as [
      number[],
      number[],
      number[],
    ];
    line('direct', whole(median(direct)));
    line(
      `through nginx ${nginx.version}`,
      whole(median(before)),
      `${ratio(before, direct)} x direct, ${cost(rates.nginx)}`,
    );
    const ratios = `${ratio(proxied, direct)} x direct${o.aims[0]}, ${ratio(proxied, before)} x nginx${o.aims[1]}`;
    line('through the proxy', whole(median(proxied)), `${ratios}, ${cost(rates.proxy)}`);
  } finally {
    await nginx.stop();
  }
};

export const unary = async (platform: Platform): Promise<void> => {
  const message = echoOf(12);
  const call = { path: '/everything.Everything/Echo', message };
  console.log(
    `unary calls of ${message.length} bytes to an SDK service, ${connections} connections x ${streams} streams, calls/s`,
  );
  await counted(platform, 'everything', () =>
    throughProxies(platform, {
      node: platform.node('everything'),
      call,
      answerBytes: message.length,
      aims: [' (aim 0.80)', ' (aim 1.50)'],
    }),
  );
};

/** A service on grpc-js is soon what limits; before this one, the proxies are. */
export const fast = async (platform: Platform): Promise<void> => {
  const node = await startProgram('fast-node.ts', []);
  try {
    await platform.call('registry', 'Registry.Register', {
      name: 'fast',
      version: 'latest',
      nodes: [{ id: 'fast-1', address: node.firstLine }],
      options: { ttl: '600' },
    });
    const message = echoOf(12);
    console.log(`the same to a node that answers at once, calls/s`);
    const call = { path: '/fast.Fast/Call', message };
    await throughProxies(platform, { node: node.firstLine, call, answerBytes: message.length, aims: ['', ''] });
  } finally {
    await node.stop();
  }
};
