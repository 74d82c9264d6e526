/** What the proxy adds to the latency of calls that come at a fixed rate. */

import { line, latencyCalls, whole } from './figures.ts';
import { echoOf } from './messages.ts';
import type { Latencies, Plan } from './open-loop.ts';
import type { Platform } from './platform.ts';
import { startProgram } from './program.ts';

export const latency = async (platform: Platform): Promise<void> => {
  const plan: Plan = {
    targets: { direct: platform.node('everything'), proxy: platform.proxy },
    path: '/everything.Everything/Echo',
    token: platform.token,
    message: echoOf(1_024).toString('base64'),
    callsPerSecond: 1_000,
    connections: 16,
    calls: latencyCalls,
  };
  const program = await startProgram('open-loop.ts', [JSON.stringify(plan)]);
  const { direct, proxy } = JSON.parse(program.firstLine) as { readonly direct: Latencies; readonly proxy: Latencies };
  await program.stop();
  console.log(
    `latency at ${whole(plan.callsPerSecond)} calls/s, ${plan.connections} connections, 1 KiB, ${whole(proxy.calls)} calls each, ms`,
  );
  const text = (l: Latencies): string =>
    `p50 ${l.p50.toFixed(2)}, p90 ${l.p90.toFixed(2)}, p99 ${l.p99.toFixed(2)}, p99.9 ${l.p999.toFixed(2)}, max ${l.max.toFixed(1)}; sent late p99 ${l.sentLateP99.toFixed(2)}`;
  line('direct', '', text(direct));
  line('through the proxy', '', text(proxy));
  const added = (p: 'p50' | 'p90' | 'p99' | 'sliceP99'): string => (proxy[p] - direct[p]).toFixed(2);
  line(
    'added by the proxy',
    '',
    `p50 ${added('p50')} (aim 0.5), p90 ${added('p90')} (aim 1), p99 ${added('p99')} (aim 3; ${added('sliceP99')} in the median half second)`,
  );
  const firstErrors = [direct, proxy].flatMap((l) => l.firstError ?? []).join('; ');
  line('errors', `${direct.errors + proxy.errors}`, firstErrors === '' ? '(aim 0)' : firstErrors);
};
