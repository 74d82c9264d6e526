/** What the server holds: open conversations, and a large registry. Each on a server of its own, whose garbage can be collected from outside. */

import { type Held, type Inspector, openInspector } from '../../support/inspector.ts';
import { line, median, megabytes, whole } from './figures.ts';
import { pingOf } from './messages.ts';
import type { StreamPlan } from './open-streams.ts';
import { type Platform, startPlatform } from './platform.ts';
import { startProgram } from './program.ts';

/** On a server of its own, whose garbage can be collected from outside: what is left then is what is held. */
const inspected = async (work: (platform: Platform, inspector: Inspector) => Promise<void>): Promise<void> => {
  const platform = await startPlatform({ nodeOptions: ['--inspect=127.0.0.1:0'] });
  try {
    const inspector = await openInspector(platform.output());
    await work(platform, inspector);
    inspector.close();
  } finally {
    await platform.stop();
  }
};

const bytesOf = (h: Held): number => h.heapBytes + h.externalBytes;

export const memory = (): Promise<void> =>
  inspected(async (platform, inspector) => {
    const plan: StreamPlan = {
      address: platform.proxy,
      path: '/helloworld.Helloworld/PingPong',
      token: platform.token,
      message: pingOf(1).toString('base64'),
      connections: 10,
      streams: 1_000,
    };
    console.log(`${whole(plan.streams)} open conversations through the proxy, ${plan.connections} connections, memory`);
    // The first time fills pools that stay; the second shows what conversations cost.
    for (const time of ['first time', 'second time']) {
      const before = await inspector.held();
      const conversations = await startProgram('open-streams.ts', [JSON.stringify(plan)]);
      const open = await inspector.held();
      await conversations.stop();
      const after = await inspector.held();
      const each = `${((bytesOf(open) - bytesOf(before)) / plan.streams / 1_024).toFixed(1)} KiB each`;
      const resident = [before, open, after].map((h) => (h.residentBytes / 1e6).toFixed(0)).join(', ');
      const left = `${megabytes(bytesOf(after) - bytesOf(before))} left when closed`;
      line(
        time,
        megabytes(bytesOf(open) - bytesOf(before)),
        `${each}, ${left}; resident before, open, after: ${resident} MB`,
      );
    }
  });

/** Look-ups beside many others: one at a time, through the proxy. */
export const registry = (): Promise<void> =>
  inspected(async (platform, inspector) => {
    const [services, endpoints] = [1_000, 10];
    const value = { name: 'Request', type: 'Request', values: [{ name: 'name', type: 'string', values: [] }] };
    const lookUpUs = async (): Promise<number> => {
      const times: number[] = [];
      for (let n = 0; n < 2_000; n += 1) {
        const started = performance.now();
        await platform.call('registry', 'Registry.GetService', { service: 'helloworld' });
        times.push((performance.now() - started) * 1_000);
      }
      return median(times.slice(1_000));
    };
    console.log(`registry with ${whole(services * endpoints)} endpoints of ${whole(services)} services and nodes`);
    const before = await inspector.held();
    const aloneUs = await lookUpUs();
    for (let n = 0; n < services; n += 1)
      await platform.call('registry', 'Registry.Register', {
        name: `service-${n}`,
        version: 'latest',
        nodes: [{ id: `service-${n}-1`, address: `127.0.0.1:${10_000 + n}` }],
        endpoints: Array.from({ length: endpoints }, (_, e) => ({
          name: `Type.M${e}`,
          request: value,
          response: value,
        })),
        options: { ttl: '3600' },
      });
    const after = await inspector.held();
    line('memory', megabytes(bytesOf(after) - bytesOf(before)), 'with the copy the proxy routes by');
    const fullUs = await lookUpUs();
    line(
      'look-up of a small service',
      `${whole(fullUs)} us`,
      `${(fullUs / aloneUs).toFixed(2)} x the same without the others`,
    );
    const started = performance.now();
    await platform.call('registry', 'Registry.ListServices', {});
    line('list of all services', `${whole(performance.now() - started)} ms`);
  });
