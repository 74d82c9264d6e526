/** What every router driver must do. A driver's own test file calls testRouter; `cases` is exported so that the suite itself can be tested on broken drivers. */

import assert from 'node:assert/strict';

import { isMicroError } from '../../internal/contract/error.ts';
import { nodePenaltyMs } from '../../internal/contract/limits.ts';
import type { Registry, Service } from '../../internal/contract/registry.ts';
import type { Route, Router } from '../../internal/contract/router.ts';
import { runConformance, type Subject } from '../support/conformance.ts';
import { poll } from '../support/poll.ts';

/** How long a router may take to see a change, in milliseconds. */
const changeMs = 3_000;

/** A driver with the registry it reads and the clock it was given. */
export interface RouterSubject {
  readonly router: Router;
  readonly registry: Registry;
  advance(ms: number): void;
}

const micro = { namespace: 'micro' };

const record = (name: string, ports: readonly number[], o: { version?: string; grpc?: string } = {}): Service => ({
  name,
  version: o.version ?? 'latest',
  metadata: {},
  endpoints: [],
  nodes: ports.map((port) => ({
    id: `${name}-${port}`,
    address: `127.0.0.1:${port}`,
    metadata: { ...(o.grpc === undefined ? {} : { grpc: o.grpc }) } as Readonly<Record<string, string>>,
  })),
});

const portsOf = (routes: readonly Route[]): readonly number[] =>
  routes.map(({ node }) => Number(node.address.split(':')[1])).sort((a, b) => a - b);

const lookupPorts = async (router: Router, name: string, o = micro): Promise<readonly number[]> =>
  portsOf(await router.lookup(name, o));

const sameAs =
  (want: readonly number[]) =>
  (got: readonly number[]): boolean =>
    JSON.stringify(want) === JSON.stringify(got);

const notFound = (promise: Promise<unknown>, name: string): Promise<void> =>
  assert.rejects(
    promise,
    (e) =>
      isMicroError(e) &&
      e.id === 'go.micro.client' &&
      e.code === 500 &&
      e.detail === `service ${name}: route not found`,
  );

export const cases: Readonly<Record<string, (subject: RouterSubject) => Promise<void>>> = {
  'answers with every node of every version': async ({ router, registry }) => {
    await registry.register(record('a', [1, 2]));
    await registry.register(record('a', [3], { version: 'v2' }));
    const routes = await router.lookup('a', micro);
    assert.deepEqual(portsOf(routes), [1, 2, 3]);
    const v2 = routes.find((route) => route.version === 'v2');
    assert.equal(v2?.service, 'a');
    assert.equal(v2?.node.id, 'a-3');
  },
  'says so when a service is unknown': async ({ router, registry }) => {
    await registry.register(record('a', [1]));
    await notFound(router.lookup('b', micro), 'b');
    await notFound(router.lookup('', micro), '');
  },
  'says so when a service has no node': async ({ router, registry }) => {
    await registry.register(record('a', []), { ttlMs: 60_000 });
    await notFound(router.lookup('a', micro), 'a');
  },
  'knows at once what was registered after it looked before': async ({ router, registry }) => {
    await notFound(router.lookup('late', micro), 'late');
    await registry.register(record('late', [1]));
    assert.deepEqual(await lookupPorts(router, 'late'), [1]);
  },
  'follows nodes that come and go': async ({ router, registry }) => {
    await registry.register(record('a', [1]));
    assert.deepEqual(await lookupPorts(router, 'a'), [1]);
    await registry.register(record('a', [2]));
    await poll('both nodes', async () => sameAs([1, 2])(await lookupPorts(router, 'a')), changeMs);
    await registry.deregister(record('a', [1]));
    await poll('the second node alone', async () => sameAs([2])(await lookupPorts(router, 'a')), changeMs);
    await registry.deregister(record('a', [2]));
    const isGone = (): Promise<boolean> =>
      router.lookup('a', micro).then(
        () => false,
        () => true,
      );
    await poll('no node', isGone, changeMs);
  },
  'keeps namespaces apart': async ({ router, registry }) => {
    await registry.register(record('a', [1]), { domain: 'one' });
    await registry.register(record('a', [2]), { domain: 'two' });
    assert.deepEqual(await lookupPorts(router, 'a', { namespace: 'one' }), [1]);
    assert.deepEqual(await lookupPorts(router, 'a', { namespace: 'two' }), [2]);
    await notFound(router.lookup('a', micro), 'a');
  },
  'starts with another node now and then': async ({ router, registry }) => {
    await registry.register(record('a', [1, 2, 3]));
    const firsts = new Set<string>();
    for (let i = 0; i < 100; i += 1) firsts.add((await router.lookup('a', micro))[0]?.node.address ?? '');
    assert.equal(firsts.size, 3);
  },
  'leaves a failed node out for a while': async ({ router, registry, advance }) => {
    await registry.register(record('a', [1, 2]));
    const routes = await router.lookup('a', micro);
    const failed = routes.find(({ node }) => node.address.endsWith(':1')) as Route;
    router.reportFailure(failed);
    for (let i = 0; i < 10; i += 1) assert.deepEqual(await lookupPorts(router, 'a'), [2]);
    advance(nodePenaltyMs + 1);
    assert.deepEqual(await lookupPorts(router, 'a'), [1, 2]);
  },
  'still answers when every node has failed, the longest ago first': async ({ router, registry, advance }) => {
    await registry.register(record('a', [1, 2]));
    const byPort = new Map((await router.lookup('a', micro)).map((route) => [route.node.address, route]));
    router.reportFailure(byPort.get('127.0.0.1:2') as Route);
    advance(10);
    router.reportFailure(byPort.get('127.0.0.1:1') as Route);
    const addresses = (await router.lookup('a', micro)).map(({ node }) => node.address);
    assert.deepEqual(addresses, ['127.0.0.1:2', '127.0.0.1:1']);
  },
  'finds the nodes of a proto full name': async ({ router, registry }) => {
    await registry.register(record('greeter', [1], { grpc: 'greet.v1.Greeter, greet.v1.Other' }));
    await registry.register(record('greeter', [2], { version: 'old' }));
    const routes = await router.lookupFullName('greet.v1.Other', micro);
    assert.deepEqual(portsOf(routes), [1]);
    assert.equal(routes[0]?.service, 'greeter');
    assert.deepEqual(await router.lookupFullName('greet.v1.Nobody', micro), []);
    assert.deepEqual(await router.lookupFullName('greet.v1.Other', { namespace: 'other' }), []);
  },
  'refuses a full name that two services hold, naming both': async ({ router, registry }) => {
    await registry.register(record('one', [1], { grpc: 'greet.v1.Greeter' }));
    await registry.register(record('two', [2], { grpc: 'greet.v1.Greeter' }));
    await assert.rejects(
      router.lookupFullName('greet.v1.Greeter', micro),
      (e) => isMicroError(e) && e.code === 409 && e.detail.includes('one') && e.detail.includes('two'),
    );
  },
};

export const testRouter = (driverName: string, subject: Subject<RouterSubject>): void =>
  runConformance('router', driverName, subject, cases);
