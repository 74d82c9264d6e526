/** What every router driver must do. A driver's own test file calls testRouter; `cases` is exported so that the suite itself can be tested on broken drivers. */

import assert from 'node:assert/strict';

import { isMicroError } from '../../internal/contract/error.ts';
import { nodePenaltyMs } from '../../internal/contract/limits.ts';
import type { Registry, Service } from '../../internal/contract/registry.ts';
import type { Picked, PickOptions, Route, Router } from '../../internal/contract/router.ts';
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

/** The port of a node picked for a call that answers at once. */
const pickPort = (router: Router, name: string, o: Partial<PickOptions> = {}): number | undefined => {
  const picked = router.pick(name, { ...micro, ...o });
  picked?.done('unknown');
  return picked === undefined ? undefined : Number(picked.route.node.address.split(':')[1]);
};

/** How often each port of service `a` was picked. */
const pickMany = (router: Router, times: number): ReadonlyMap<number, number> => {
  const counts = new Map<number, number>();
  for (let i = 0; i < times; i += 1) {
    const port = pickPort(router, 'a') ?? 0;
    counts.set(port, (counts.get(port) ?? 0) + 1);
  }
  return counts;
};

/** A call of service `a` on this port: the others that were picked on the way are over. */
const pickFrom = (router: Router, port: number): Picked => {
  for (let i = 0; i < 1_000; i += 1) {
    const picked = router.pick('a', micro);
    if (picked?.route.node.address === `127.0.0.1:${port}`) return picked;
    picked?.done('unknown');
  }
  return assert.fail(`port ${port} was never picked`);
};

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
    await router.load('a', micro);
    router.report('127.0.0.1:1', 'failed');
    for (let i = 0; i < 10; i += 1) assert.deepEqual(await lookupPorts(router, 'a'), [2]);
    advance(nodePenaltyMs + 1);
    assert.deepEqual(await lookupPorts(router, 'a'), [1, 2]);
  },
  'still answers when every node has failed, the longest ago first': async ({ router, registry, advance }) => {
    await registry.register(record('a', [1, 2]));
    await router.load('a', micro);
    router.report('127.0.0.1:2', 'failed');
    advance(10);
    router.report('127.0.0.1:1', 'failed');
    const addresses = (await router.lookup('a', micro)).map(({ node }) => node.address);
    assert.deepEqual(addresses, ['127.0.0.1:2', '127.0.0.1:1']);
    assert.equal(pickPort(router, 'a'), 2);
  },
  'picks from memory once it has looked': async ({ router, registry }) => {
    await registry.register(record('a', [1]));
    const found = await router.find('a', micro);
    assert.deepEqual([found.route.service, found.route.version, found.route.node.id], ['a', 'latest', 'a-1']);
    assert.equal(pickPort(router, 'a'), 1);
    assert.equal(router.pick('b', micro), undefined);
    assert.equal(router.pick('a', { namespace: 'other' }), undefined);
    await notFound(
      router.find('b', micro).then(() => undefined),
      'b',
    );
  },
  'knows after load what was registered after it looked before': async ({ router, registry }) => {
    await router.load('late', micro);
    await registry.register(record('late', [1]));
    await router.load('late', micro);
    assert.equal(pickPort(router, 'late'), 1);
  },
  'picks each node as often as the others': async ({ router, registry }) => {
    await registry.register(record('a', [1, 2]));
    await registry.register(record('a', [3, 4], { version: 'v2' }));
    await router.load('a', micro);
    const counts = pickMany(router, 4_000);
    // One in 10^20 runs of a fair driver is further off.
    for (const port of [1, 2, 3, 4]) assert.ok(Math.abs((counts.get(port) ?? 0) - 1_000) < 300, `port ${port}`);
  },
  'picks the less busy of two': async ({ router, registry }) => {
    await registry.register(record('a', [1, 2]));
    await router.load('a', micro);
    const take = (calls: number): readonly Picked[] =>
      Array.from({ length: calls }, () => router.pick('a', micro)).flatMap((picked) => picked ?? []);
    const onPort = (port: number) => (picked: Picked) => picked.route.node.address === `127.0.0.1:${port}`;
    const open = take(10);
    assert.equal(open.filter(onPort(1)).length, 5);
    for (const picked of open.filter(onPort(2))) picked.done('answered');
    assert.equal(take(5).filter(onPort(2)).length, 5);
    // Said five times, it counts once: four calls here, five there.
    for (let i = 0; i < 5; i += 1) open.find(onPort(1))?.done('answered');
    assert.equal(take(5).filter(onPort(1)).length, 3);
  },
  'picks none that is excluded': async ({ router, registry }) => {
    await registry.register(record('a', [1, 2]));
    await router.load('a', micro);
    for (let i = 0; i < 20; i += 1) assert.equal(pickPort(router, 'a', { exclude: new Set(['127.0.0.1:1']) }), 2);
    assert.equal(router.pick('a', { ...micro, exclude: new Set(['127.0.0.1:1', '127.0.0.1:2']) }), undefined);
    router.report('127.0.0.1:2', 'failed');
    assert.equal(pickPort(router, 'a', { exclude: new Set(['127.0.0.1:1']) }), 2);
  },
  'picks no node whose call failed, until one call has found it well again': async ({ router, registry, advance }) => {
    await registry.register(record('a', [1, 2]));
    await router.load('a', micro);
    pickFrom(router, 1).done('failed');
    assert.deepEqual([...pickMany(router, 50).keys()], [2]);
    advance(nodePenaltyMs);
    const trial = pickFrom(router, 1);
    assert.deepEqual([...pickMany(router, 50).keys()], [2]);
    trial.done('failed');
    assert.deepEqual([...pickMany(router, 50).keys()], [2]);
    advance(nodePenaltyMs);
    pickFrom(router, 1).done('unknown');
    pickFrom(router, 1).done('answered');
    assert.equal(pickMany(router, 100).size, 2);
  },
  'takes a node back as soon as it is seen to answer': async ({ router, registry }) => {
    await registry.register(record('a', [1, 2]));
    await router.load('a', micro);
    router.report('127.0.0.1:1', 'failed');
    assert.deepEqual([...pickMany(router, 50).keys()], [2]);
    router.report('127.0.0.1:1', 'answered');
    assert.equal(pickMany(router, 100).size, 2);
  },
  'gives a new node at the address of a failed one its chance': async ({ router, registry }) => {
    await registry.register(record('a', [1, 2]));
    await router.load('a', micro);
    router.report('127.0.0.1:1', 'failed');
    const [again] = record('a', [1]).nodes;
    await registry.register({ ...record('a', []), nodes: [{ ...again!, id: 'a-1-again' }] });
    await poll('the node to come back', () => pickMany(router, 50).size === 2, changeMs);
  },
  'finds the service of a proto full name, and those of its nodes that serve it': async ({ router, registry }) => {
    await registry.register(record('greeter', [1], { grpc: 'greet.v1.Greeter, greet.v1.Other' }));
    await registry.register(record('greeter', [2], { version: 'old' }));
    const fullName = 'greet.v1.Other';
    await router.load('greet.v1', micro);
    assert.equal(router.resolve('greet.v1', fullName, micro), 'greeter');
    const routes = await router.lookup('greeter', { ...micro, fullName });
    assert.deepEqual(portsOf(routes), [1]);
    for (let i = 0; i < 20; i += 1) assert.equal(pickPort(router, 'greeter', { fullName }), 1);
    assert.equal(router.resolve('greet.v1', 'greet.v1.Nobody', micro), undefined);
    assert.equal(router.resolve('greet.v1', fullName, { namespace: 'other' }), undefined);
  },
  'forgets the full names of nodes that have gone': async ({ router, registry }) => {
    await registry.register(record('one', [1], { grpc: 'greet.v1.Greeter' }));
    await router.load('one', micro);
    const resolve = (): string | undefined => router.resolve('greet.v1', 'greet.v1.Greeter', micro);
    assert.equal(resolve(), 'one');
    await registry.register(record('two', [2], { grpc: 'greet.v1.Greeter' }));
    await registry.deregister(record('one', [1]));
    const isTwo = (): boolean => {
      try {
        return resolve() === 'two';
      } catch {
        return false;
      }
    };
    await poll('the second service alone', isTwo, changeMs);
  },
  'takes a name for a service before it takes it for a full name': async ({ router, registry }) => {
    await registry.register(record('greet.v1', [1]));
    await registry.register(record('other', [2], { grpc: 'greet.v1.Greeter' }));
    await router.load('greet.v1', micro);
    assert.equal(router.resolve('greet.v1', 'greet.v1.Greeter', micro), 'greet.v1');
  },
  'refuses a full name that two services hold, naming both': async ({ router, registry }) => {
    await registry.register(record('one', [1], { grpc: 'greet.v1.Greeter' }));
    await registry.register(record('two', [2], { grpc: 'greet.v1.Greeter' }));
    await router.load('greet.v1', micro);
    assert.throws(
      () => router.resolve('greet.v1', 'greet.v1.Greeter', micro),
      (e) => isMicroError(e) && e.code === 409 && e.detail.includes('one') && e.detail.includes('two'),
    );
  },
};

export const testRouter = (driverName: string, subject: Subject<RouterSubject>): void =>
  runConformance('router', driverName, subject, cases);
