/**
 * Look-ups and picks of the registry and the router by the number of endpoints and nodes, in processor time, as ratios to the smallest of
 * the same run; what a registration takes, kept on disk or not; and memory.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type { Endpoint, Registry, Service } from '../../internal/contract/registry.ts';
import type { Router } from '../../internal/contract/router.ts';
import { createRegistryTable } from '../../internal/registry/registry-table.ts';
import { plugin as memory } from '../../plugins/drivers/registry/memory/plugin.ts';
import { plugin as sqlite } from '../../plugins/drivers/registry/sqlite/plugin.ts';
import { plugin as routerPlugin } from '../../plugins/drivers/router/registry/plugin.ts';
import { startDriver } from '../support/start-driver.ts';

const rounds = 3;
const sizes = [10, 1_000, 10_000];

const tree = (name: string, fields: readonly string[]) => ({
  name,
  type: name,
  values: fields.map((field) => ({ name: field, type: 'string', values: [] })),
});
const endpoint = (i: number): Endpoint => ({
  name: `Type.Method${i}`,
  request: tree('Request', ['id', 'name']),
  response: tree('Response', ['id', 'name']),
  metadata: {},
});
const endpoints = (count: number): readonly Endpoint[] => Array.from({ length: count }, (_, i) => endpoint(i));
const node = (i: number): Service['nodes'][number] => ({
  id: `service-${i}`,
  address: `10.0.${i >> 8}.${i & 255}:9000`,
  metadata: { protocol: 'grpc', server: 'grpc', transport: 'grpc', grpc: 'service.Service' },
});
const service = (name: string, o: Partial<Service> = {}): Service => ({
  name,
  version: 'latest',
  metadata: {},
  endpoints: endpoints(10),
  nodes: [node(0)],
  ...o,
});

/** Of this process so far, in nanoseconds: on a machine that does other work as well, elapsed time says little. */
const processorTime = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1_000;
};

/** Processor time per operation in nanoseconds, the median of some passes. */
const nanoseconds = async (count: number, run: (n: number) => unknown): Promise<number> => {
  const passes: number[] = [];
  for (let pass = 0; pass < 5; pass += 1) {
    const started = processorTime();
    for (let n = 0; n < count; n += 1) {
      const result = run(n);
      if (result instanceof Promise) await result;
    }
    passes.push((processorTime() - started) / count);
  }
  return passes.sort((a, b) => a - b)[2] as number;
};

const report = (name: string, times: readonly { readonly of: string; readonly ns: number }[]): void => {
  const base = times[0]?.ns ?? 1;
  const texts = times.map(({ of, ns }) => `${of}: ${(ns / base).toFixed(2)} (${ns.toFixed(0)} ns)`);
  console.log(`  ${name.padEnd(44)} ${texts.join('   ')}`);
};

const bySize = async (
  name: string,
  measure: (size: number) => Promise<number>,
  { of = 'endpoints', of_ = sizes }: { of?: string; of_?: readonly number[] } = {},
): Promise<void> => {
  const times = [];
  for (const size of of_) times.push({ of: `${size.toLocaleString('en')} ${of}`, ns: await measure(size) });
  report(name, times);
};

/** Services of 10 endpoints each. */
const filled = async (registry: Registry, total: number): Promise<readonly string[]> => {
  const names = Array.from({ length: total / 10 }, (_, i) => `service${i}`);
  for (const name of names) await registry.register(service(name), { ttlMs: 90_000 });
  return names;
};

const withRouter = async <T>(run: (o: { registry: Registry; router: Router }) => Promise<T>): Promise<T> => {
  const registry = await startDriver(memory);
  const router = await startDriver(routerPlugin, { needs: { registry: registry.instance } });
  try {
    return await run({ registry: registry.instance, router: router.instance });
  } finally {
    await router.stop();
    await registry.stop();
  }
};

const micro = { namespace: 'micro' };

const lookups = async (): Promise<void> => {
  await bySize('registry look-up, 10 endpoints per service', async (size) => {
    const registry = createRegistryTable({ now: Date.now });
    const names = await filled(registry, size);
    return nanoseconds(50_000, (n) => registry.get(names[n % names.length] as string));
  });
  await bySize('registry look-up, all in one service', async (size) => {
    const registry = createRegistryTable({ now: Date.now });
    await registry.register(service('one', { endpoints: endpoints(size) }), { ttlMs: 90_000 });
    return nanoseconds(50_000, () => registry.get('one'));
  });
  await bySize('list of everything, unchanged', async (size) => {
    const registry = createRegistryTable({ now: Date.now });
    await filled(registry, size);
    return nanoseconds(50_000, () => registry.list());
  });
  await bySize('router pick, 10 endpoints per service', (size) =>
    withRouter(async ({ registry, router }) => {
      const names = await filled(registry, size);
      await router.load(names[0] as string, micro);
      return nanoseconds(100_000, (n) => router.pick(names[n % names.length] as string, micro)?.done('answered'));
    }),
  );
  const nodes = { of: 'nodes', of_: [1, 10, 1_000] };
  const picks = (failed: number) => (count: number) =>
    withRouter(async ({ registry, router }) => {
      await registry.register(service('many', { nodes: Array.from({ length: count }, (_, i) => node(i)) }));
      await router.load('many', micro);
      for (let i = 0; i < count * failed; i += 1) router.report(node(i).address, 'failed');
      return nanoseconds(100_000, () => router.pick('many', micro)?.done('unknown'));
    });
  await bySize('router pick', picks(0), nodes);
  await bySize('router pick, half of the nodes failed', picks(0.5), { ...nodes, of_: [10, 1_000] });
  await bySize(
    'router lookup, which makes a list',
    (count) =>
      withRouter(async ({ registry, router }) => {
        await registry.register(service('many', { nodes: Array.from({ length: count }, (_, i) => node(i)) }));
        return nanoseconds(5_000, () => router.lookup('many', micro));
      }),
    nodes,
  );
};

const registrations = async (): Promise<void> => {
  const drivers = [
    { name: 'memory', start: () => startDriver(memory) },
    { name: 'on disk', start: () => startDriver(sqlite) },
  ];
  for (const { name, start } of drivers) {
    const { instance, stop } = await start();
    const options = { ttlMs: 90_000, durable: true };
    const started = process.hrtime.bigint();
    for (let i = 0; i < 1_000; i += 1) await instance.register(service('many', { nodes: [node(i)] }), options);
    const one = Number(process.hrtime.bigint() - started) / 1_000;
    const others = Array.from({ length: 1_000 }, (_, i) => service(`other${i}`));
    const together = process.hrtime.bigint();
    await Promise.all(others.map((other) => instance.register(other, options)));
    const each = Number(process.hrtime.bigint() - together) / 1_000;
    const again = await nanoseconds(1_000, (i) => instance.register(service('many', { nodes: [node(i)] }), options));
    const us = (ns: number): string => `${(ns / 1_000).toFixed(1)} us`;
    console.log(
      `  register, ${name.padEnd(8)} a new node of 1,000, one by one: ${us(one)}; of 1,000 services at once: ${us(each)}; a refresh: ${us(again)}`,
    );
    await stop();
  }
  await bySize('refresh in memory', async (size) => {
    const registry = createRegistryTable({ now: Date.now });
    const names = await filled(registry, size);
    const records = names.map((name) => service(name));
    return nanoseconds(5_000, (n) => registry.register(records[n % records.length] as Service, { ttlMs: 90_000 }));
  });
};

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** What is held, after what was not has gone. */
const megabytes = async (): Promise<number> => {
  for (let i = 0; i < 3; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collect();
  }
  return process.memoryUsage().heapUsed / 1e6;
};

const memoryOf = async (
  name: string,
  fill: (o: { registry: Registry; router: Router }) => Promise<void>,
): Promise<void> => {
  await withRouter(async (o) => {
    await o.registry.register(service('first'));
    await o.router.load('first', micro);
    const before = await megabytes();
    await fill(o);
    console.log(`memory of ${name}: ${((await megabytes()) - before).toFixed(1)} MB`);
  });
};

const memories = async (): Promise<void> => {
  await memoryOf('10,000 endpoints in 1,000 services, registry and router', async ({ registry }) => {
    // As they come over the wire: nothing of one is shared with another.
    for (let i = 0; i < 1_000; i += 1) await registry.register(structuredClone(service(`service${i}`)));
  });
  await memoryOf('10,000 endpoints in one service, registry and router', async ({ registry }) => {
    await registry.register(structuredClone(service('one', { endpoints: endpoints(10_000) })));
  });
  await memoryOf('1,000 nodes of one service, registry and router', async ({ registry, router }) => {
    for (let i = 0; i < 1_000; i += 1) await registry.register(structuredClone(service('many', { nodes: [node(i)] })));
    await router.load('many', micro);
    router.pick('many', micro)?.done('answered');
  });
};

await memories();
for (let round = 1; round <= rounds; round += 1) {
  console.log(`round ${round}: the first of each line = 1.00`);
  await lookups();
  await registrations();
}
