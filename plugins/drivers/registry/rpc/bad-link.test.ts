/** A router over the wire, on a link that stalls and breaks: in the end it routes as the registry says, and meanwhile by what it knew. */

import assert from 'node:assert/strict';

import type { Client } from '../../../../internal/contract/client.ts';
import type { Registry, Service } from '../../../../internal/contract/registry.ts';
import type { Router } from '../../../../internal/contract/router.ts';
import { serve } from '../../../../internal/host/serve.ts';
import { createRpcClient } from '../../../../internal/rpc/client.ts';
import { buildPath } from '../../../../internal/rpc/path.ts';
import { openAuth } from '../../../../test/conformance/open-client.ts';
import { testAdmin } from '../../../../test/support/in-process-client.ts';
import { poll } from '../../../../test/support/poll.ts';
import { seededRandom } from '../../../../test/support/seeded-random.ts';
import { silentLog, startDriver, startService } from '../../../../test/support/start-driver.ts';
import { suite } from '../../../../test/support/suite.ts';
import { openTcpRelay, type TcpRelay } from '../../../../test/support/tcp-relay.ts';
import { plugin as registryService } from '../../../services/registry/plugin.ts';
import { plugin as routerPlugin } from '../../router/registry/plugin.ts';
import { plugin as memory } from '../memory/plugin.ts';
import { plugin } from './plugin.ts';

const test = suite('registry over a bad link');

interface Setup {
  /** The registry itself. */
  readonly registry: Registry;
  /** A router that sees it through the link. */
  readonly router: Router;
  readonly link: TcpRelay;
  close(): Promise<void>;
}

const open = async (): Promise<Setup> => {
  const registry = await startDriver(memory);
  const service = await startService(registryService, { needs: { registry: registry.instance } });
  const served = await serve({
    services: [{ name: 'registry', namespace: 'micro', handlers: service.instance.handlers }],
    address: '127.0.0.1:0',
    registry: registry.instance,
    auth: { ...openAuth, inspect: async () => testAdmin },
    log: silentLog,
    signal: new AbortController().signal,
  });
  const link = await openTcpRelay(served.address);
  const rpc = createRpcClient();
  const through = (o: Parameters<Client['call']>[3]) => ({ ...o, token: 'any', address: undefined });
  const client: Client = {
    call: (name, endpoint, bytes, o) => rpc.call(link.address, buildPath(name, endpoint), bytes, through(o)),
    stream: (name, endpoint, o) => rpc.stream(link.address, buildPath(name, endpoint), through(o)),
  };
  const remote = await startDriver(plugin, { needs: { client } });
  const router = await startDriver(routerPlugin, { needs: { registry: remote.instance } });
  return {
    registry: registry.instance,
    router: router.instance,
    link,
    close: async () => {
      await router.stop();
      await remote.stop();
      await rpc.close();
      await link.close();
      await served.stop(AbortSignal.timeout(1_000));
      await service.stop();
      await registry.stop();
    },
  };
};

const version = (name: string, ...ids: readonly string[]): Service => ({
  name,
  version: 'latest',
  metadata: {},
  endpoints: [],
  nodes: ids.map((id) => ({ id, address: `10.0.0.1:${id}`, metadata: {} })),
});

const micro = { namespace: 'micro' };

/** The nodes the router picks for a service, out of memory. */
const picked = (router: Router, name: string): readonly string[] => {
  const exclude = new Set<string>();
  for (let one = router.pick(name, micro); one !== undefined; one = router.pick(name, { ...micro, exclude })) {
    one.done('unknown');
    exclude.add(one.route.node.address);
  }
  return [...exclude].sort();
};

const registered = async (registry: Registry, name: string): Promise<readonly string[]> =>
  (await registry.get(name)).flatMap(({ nodes }) => nodes.map(({ address }) => address)).sort();

for (const seed of [1, 2])
  test(
    `a router ends up with the true nodes after stalls and breaks (seed ${seed})`,
    async () => {
      const { registry, router, link, close } = await open();
      const random = seededRandom(seed);
      const below = (n: number): number => Math.floor(random() * n);
      const names = Array.from({ length: 8 }, (_, i) => `s${i}`);
      await router.load('registry', micro);
      for (let step = 0; step < 400; step += 1) {
        const service = version(names[below(names.length)]!, `${1 + below(4)}`);
        if (below(5) < 2) await registry.deregister(service);
        else await registry.register(service);
        if (below(80) === 0) link.cut();
        if (below(40) === 0) link.hold(below(2) === 0);
        if (below(100) === 0) link.block();
        if (below(50) === 0) link.restore();
        if (below(10) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      link.hold(false);
      link.restore();
      for (const name of names)
        await poll(
          `the nodes of ${name}`,
          async () => String(picked(router, name)) === String(await registered(registry, name)),
          15_000,
        );
      assert.ok((await registry.list()).length > 1);
      await close();
    },
    { limitMs: 60_000 },
  );

test('a router goes on with what it knew while the registry cannot be reached', async () => {
  const { registry, router, link, close } = await open();
  await registry.register(version('a', '1', '2'));
  await router.load('a', micro);
  assert.deepEqual(picked(router, 'a'), ['10.0.0.1:1', '10.0.0.1:2']);
  link.block();
  await registry.deregister(version('a', '1'));
  for (let attempts = 0; attempts < 3; attempts += 1)
    await assert.rejects(router.find('unknown', micro), /connection|refused|dropped/i);
  assert.deepEqual(picked(router, 'a'), ['10.0.0.1:1', '10.0.0.1:2']);
  link.restore();
  await poll('the deregistration', () => picked(router, 'a').length === 1, 15_000);
  await close();
});

test.run();
