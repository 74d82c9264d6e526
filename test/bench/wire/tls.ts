/** What TLS costs: the same calls to a proxy without it, in plain text to one that has it, and in TLS. */

import { connections, inTurns, line, median, ratio, streams, whole } from './figures.ts';
import { runLoad } from './h2load.ts';
import { lookUpOf } from './messages.ts';
import { startPlatform } from './platform.ts';
import { type Call, cost, counted, frameHeadBytes, perSecond, throughput } from './throughput.ts';

const call: Call = { path: '/registry.Registry/GetService', message: lookUpOf('helloworld') };

export const tls = async (): Promise<void> => {
  const without = await startPlatform();
  const having = await startPlatform({ env: { MICRO_PROXY_ENABLE_TLS: 'true' } });
  try {
    const targets = {
      without: { platform: without, tls: false },
      plain: { platform: having, tls: false },
      tls: { platform: having, tls: true },
    };
    const answerBytes = async ({ platform }: { platform: typeof without }): Promise<number> => {
      const one = { connections: 1, streams: 1, calls: 1, token: platform.token };
      return (await runLoad({ ...call, ...one, address: platform.proxy })).dataBytes - frameHeadBytes;
    };
    const bytes = new Map([
      [without, await answerBytes({ platform: without })],
      [having, await answerBytes({ platform: having })],
    ]);
    console.log(`TLS at the proxy, registry look-ups, ${connections} connections x ${streams} streams, calls/s`);
    const rates = await counted(having, 'registry', () =>
      inTurns(targets, ({ platform, tls: secure }) => {
        const target = { address: platform.proxy, tls: secure, pids: () => [platform.pid] };
        return throughput(platform, target, call, bytes.get(platform) ?? 0);
      }),
    );
    const base = perSecond(rates.without);
    line('without TLS', whole(median(base)), cost(rates.without));
    line('plain text beside TLS', whole(median(perSecond(rates.plain))), rowEnd(rates.plain, base));
    line('TLS', whole(median(perSecond(rates.tls))), rowEnd(rates.tls, base));
  } finally {
    await without.stop();
    await having.stop();
  }
};

const rowEnd = (rates: Parameters<typeof cost>[0], base: readonly number[]): string =>
  `${ratio(perSecond(rates), base)} x without, ${cost(rates)}`;
