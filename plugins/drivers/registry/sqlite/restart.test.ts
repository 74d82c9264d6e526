/** What the SQLite registry knows after a restart, orderly or not: who registered from outside and is still there. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { registerTtlMs, registryRestoreMsMax } from '../../../../internal/contract/limits.ts';
import type { Logger } from '../../../../internal/contract/logger.ts';
import type { Registry, Service } from '../../../../internal/contract/registry.ts';
import { openDatabase } from '../../../../internal/sqlite/database.ts';
import { addonEngine, nodeEngine } from '../../../../internal/sqlite/engine-choice.ts';
import { poll } from '../../../../test/support/poll.ts';
import { silentLog, startDriver } from '../../../../test/support/start-driver.ts';
import { suite } from '../../../../test/support/suite.ts';

import { schema } from './lease-tables.ts';
import { plugin } from './plugin.ts';

const test = suite('sqlite registry over a restart');

/** A port that was never bound: connections to it are refused. */
const deadAddress = '127.0.0.1:1';
/** Nothing that could be dialled, and so could refuse. */
const silentAddress = 'nowhere';

const version = (name: string, address: string, o: Partial<Service> = {}): Service => ({
  name,
  version: 'latest',
  metadata: {},
  endpoints: [],
  nodes: [{ id: `${name}-1`, address, metadata: { protocol: 'grpc' } }],
  ...o,
});

const listen = async (): Promise<{ readonly address: string; readonly server: Server }> => {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
};

const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

const names = async (registry: Registry): Promise<readonly string[]> =>
  (await registry.list({ domain: '*' })).flatMap(({ name, nodes }) => nodes.map((node) => `${name} ${node.id}`));

interface Life {
  readonly registry: Registry;
  readonly file: string;
  /** As a process ends that is killed: nothing more is written. */
  next(log?: Logger): Promise<Life>;
  stop(): Promise<void>;
}

/** One registry after the other over one file. */
const begin = async (o: { now?: () => number; engine?: string } = {}): Promise<Life> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'micro-test-'));
  const opened: (() => Promise<void>)[] = [];
  const life = async (log?: Logger): Promise<Life> => {
    const { engine = 'auto', ...rest } = o;
    const { instance, stop } = await startDriver(plugin, { dataDir, config: { engine }, log, ...rest });
    opened.push(stop);
    return {
      registry: instance,
      file: join(dataDir, 'registry.db'),
      next: life,
      stop: async () => {
        for (const one of opened.splice(0)) await one();
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
  };
  return life();
};

for (const { name: engine } of [addonEngine, nodeEngine])
  test(`${engine}: who registered from outside is there at once, as it was`, async () => {
    const { server, address } = await listen();
    const first = await begin({ engine });
    const tree = { name: 'R', type: 'R', values: [{ name: 'a', type: 'string', values: [] }] };
    const service = version('outside', address, {
      version: 'v2',
      metadata: { owner: 'me' },
      endpoints: [{ name: 'A.B', request: tree, response: undefined, metadata: { stream: 'true' } }],
    });
    await first.registry.register(service, { domain: 'mine', ttlMs: registerTtlMs, durable: true });
    await first.registry.register(version('inside', address), { ttlMs: registerTtlMs });
    const want = await first.registry.get('outside', { domain: 'mine' });
    const second = await first.next();
    const copy = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    assert.deepEqual(copy(await second.registry.list({ domain: '*' })), copy(want));
    await second.stop();
    await close(server);
  });

test('the lease of a node goes on where it was, and a renewal is not lost in an orderly stop', async () => {
  const { server, address } = await listen();
  let now = 1_000_000;
  const first = await begin({ now: () => now });
  await first.registry.register(version('a', address), { ttlMs: 10_000, durable: true });
  now += 5_000;
  await first.registry.register(version('a', address), { ttlMs: 10_000, durable: true });
  await (first.registry as Registry & { stop(): Promise<void> }).stop();
  const second = await first.next();
  now += 9_999;
  assert.deepEqual(await names(second.registry), ['a a-1']);
  now += 1;
  assert.deepEqual(await names(second.registry), []);
  await second.stop();
  await close(server);
});

test('nodes that refuse a connection are forgotten, also by the file', async () => {
  const { server, address } = await listen();
  const first = await begin();
  const nodes = [
    { id: 'dead', address: deadAddress, metadata: {} },
    { id: 'alive', address, metadata: {} },
  ];
  await first.registry.register(version('a', '', { nodes }), { ttlMs: registerTtlMs, durable: true });
  await first.registry.register(version('b', deadAddress), { ttlMs: registerTtlMs, durable: true });
  const second = await first.next();
  assert.deepEqual(await names(second.registry), ['a alive']);
  const third = await second.next();
  assert.deepEqual(await names(third.registry), ['a alive']);
  await third.stop();
  await close(server);
});

test('what was deregistered or expired does not come back', async () => {
  const { server, address } = await listen();
  let now = 1_000_000;
  const first = await begin({ now: () => now });
  for (const name of ['left', 'stays', 'expired'])
    await first.registry.register(version(name, address), { ttlMs: 10_000, durable: true });
  await first.registry.deregister(version('left', address));
  now += 9_000;
  await first.registry.register(version('stays', address), { ttlMs: 10_000, durable: true });
  now += 1_000;
  assert.deepEqual(await names(first.registry), ['stays stays-1']);
  await (first.registry as Registry & { stop(): Promise<void> }).stop();
  const second = await first.next();
  assert.deepEqual(await names(second.registry), ['stays stays-1']);
  await second.stop();
  await close(server);
});

const leases: readonly {
  name: string;
  address: 'open' | 'silent' | 'dead';
  ttlMs: number;
  downMs: number;
  back: boolean;
}[] = [
  { name: 'that ended meanwhile, of a node that answers', address: 'open', ttlMs: 10_000, downMs: 60_000, back: true },
  { name: 'that ended long ago', address: 'open', ttlMs: 10_000, downMs: registryRestoreMsMax + 20_000, back: false },
  {
    name: 'that ended meanwhile, of a node that is silent',
    address: 'silent',
    ttlMs: 10_000,
    downMs: 60_000,
    back: false,
  },
  { name: 'that goes on, of a node that is silent', address: 'silent', ttlMs: 90_000, downMs: 60_000, back: true },
  { name: 'that never ends, of a node that refuses just now', address: 'dead', ttlMs: 0, downMs: 1_000, back: true },
  { name: 'that never ends', address: 'open', ttlMs: 0, downMs: 10 * registryRestoreMsMax, back: true },
];
for (const { name, address, ttlMs, downMs, back } of leases)
  test(`a lease ${name} ${back ? 'comes' : 'does not come'} back`, async () => {
    const open = await listen();
    let now = 1_000_000;
    const first = await begin({ now: () => now });
    const addresses = { open: open.address, silent: silentAddress, dead: deadAddress };
    await first.registry.register(version('a', addresses[address]), { ttlMs, durable: true });
    now += downMs;
    const second = await first.next();
    assert.deepEqual(await names(second.registry), back ? ['a a-1'] : []);
    await second.stop();
    await close(open.server);
  });

test('a restored node that goes away is found out before its lease ends, one that registered anew is left alone', async () => {
  const [going, staying] = [await listen(), await listen()];
  const first = await begin();
  await first.registry.register(version('going', going.address), { ttlMs: registerTtlMs, durable: true });
  await first.registry.register(version('staying', staying.address), { ttlMs: registerTtlMs, durable: true });
  const second = await first.next();
  assert.deepEqual(await names(second.registry), ['going going-1', 'staying staying-1']);
  await second.registry.register(version('staying', staying.address), { ttlMs: registerTtlMs, durable: true });
  await close(going.server);
  await close(staying.server);
  await poll('the node to be found out', async () => (await names(second.registry)).length === 1, 10_000);
  assert.deepEqual(await names(second.registry), ['staying staying-1']);
  await second.stop();
});

test('a version that is registered from inside later on is no longer kept', async () => {
  const { server, address } = await listen();
  const first = await begin();
  await first.registry.register(version('a', address), { durable: true });
  await first.registry.register(version('a', address));
  const second = await first.next();
  assert.deepEqual(await names(second.registry), []);
  await second.stop();
  await close(server);
});

test('a version that was gone and came back has its endpoints', async () => {
  const { server, address } = await listen();
  const first = await begin();
  const endpoints = [{ name: 'A.B', request: undefined, response: undefined, metadata: {} }];
  await first.registry.register(version('a', address, { endpoints }), { durable: true });
  await first.registry.deregister(version('a', address));
  await first.registry.register(version('a', address, { endpoints }), { durable: true });
  await first.registry.register(
    version('a', address, { endpoints: [...endpoints, { ...endpoints[0]!, name: 'A.C' }] }),
    {
      durable: true,
    },
  );
  const second = await first.next();
  assert.deepEqual(
    (await second.registry.get('a'))[0]?.endpoints.map((e) => e.name),
    ['A.B', 'A.C'],
  );
  await second.stop();
  await close(server);
});

test('a damaged file is said and left alone, and the registry works without it', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'micro-test-'));
  writeFileSync(join(dataDir, 'registry.db'), 'no database'.repeat(1_000));
  const warnings: string[] = [];
  const log: Logger = { ...silentLog, warn: (text) => void warnings.push(text) };
  const { instance, stop } = await startDriver(plugin, { dataDir, log });
  await instance.register(version('a', deadAddress), { durable: true });
  assert.deepEqual(await names(instance), ['a a-1']);
  assert.deepEqual(warnings, ['registered services are not kept over a restart']);
  await stop();
  rmSync(dataDir, { recursive: true, force: true });
});

test('rows that make no sense are said, and the registry works without them', async () => {
  const first = await begin();
  await first.registry.register(version('a', deadAddress), { durable: true });
  const warnings: string[] = [];
  const db = await openDatabase({ file: first.file, id: 'test', schema, engine: addonEngine });
  await db.writer.transact([{ sql: "UPDATE versions SET shape = '{'" }]);
  await db.close();
  const second = await first.next({ ...silentLog, warn: (text) => void warnings.push(text) });
  assert.deepEqual(await names(second.registry), []);
  await second.registry.register(version('b', deadAddress), { durable: true });
  assert.deepEqual(await names(second.registry), ['b b-1']);
  assert.deepEqual(warnings, ['registered services are not kept over a restart']);
  await second.stop();
});

test.run();
