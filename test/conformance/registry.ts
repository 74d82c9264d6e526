/** What every registry driver must do. A driver's own test file calls testRegistry; `cases` is exported so that the suite itself can be tested on broken drivers. */

import assert from 'node:assert/strict';

import { isMicroError } from '../../internal/contract/error.ts';
import type { ValueTree } from '../../internal/contract/handler.ts';
import type { Node, Registry, RegistryEvent, Service } from '../../internal/contract/registry.ts';
import { runConformance, type Subject } from '../support/conformance.ts';

/** A driver and the clock it was given, so that time can pass without waiting. */
export interface RegistrySubject {
  readonly registry: Registry;
  advance(ms: number): void;
}

/** A version with one node per id; whatever a case is about is overridden. */
export const service = (name: string, nodeIds: readonly string[], o: Partial<Service> = {}): Service => ({
  name,
  version: 'latest',
  metadata: {},
  endpoints: [],
  nodes: nodeIds.map((id) => node(id)),
  ...o,
});

const node = (id: string, o: Partial<Node> = {}): Node => ({ id, address: '127.0.0.1:9000', metadata: {}, ...o });

const tree = (name: string, type: string, values: readonly ValueTree[] = []): ValueTree => ({ name, type, values });

const callEndpoint = {
  name: 'Helloworld.Call',
  request: tree('CallRequest', 'CallRequest', [
    tree('name', 'string'),
    tree('options', 'Options', [tree('ttl', 'int64'), tree('tags', '[]string')]),
  ]),
  response: tree('CallResponse', 'CallResponse', [tree('msg', 'string')]),
  metadata: { stream: 'true' },
};

const names = (services: readonly Service[]): readonly string[] => services.map((s) => s.name);
const nodeIds = (services: readonly Service[]): readonly string[] => services.flatMap((s) => s.nodes.map((n) => n.id));
const brief = (event: RegistryEvent): string =>
  `${event.action} ${event.service.name} ${event.service.version} ${event.service.nodes.map((n) => n.id).join(',')}`;

const rejectsWith = (promise: Promise<unknown>, code: number): Promise<void> =>
  assert.rejects(promise, (e) => isMicroError(e) && e.code === code);

interface OpenWatch {
  /** What was told since the watch opened or since the last call. */
  events(): Promise<readonly string[]>;
  close(): void;
}

/**
 * Opens a watch and returns once it surely reports: markers are registered until the first one arrives. `events` reads
 * up to a last marker, so that a lost event is noticed without waiting for it.
 */
const openWatch = async (registry: Registry, o: { domain?: string; service?: string } = {}): Promise<OpenWatch> => {
  const abort = new AbortController();
  const iterator = registry.watch({ ...o, signal: abort.signal })[Symbol.asyncIterator]();
  const markers = { domain: o.domain === '*' ? undefined : o.domain };
  const mark = (version: string): Promise<void> =>
    registry.register(service(o.service ?? 'marker', [version], { version }), markers);
  const isMarker = (e: RegistryEvent): boolean => e.service.version.startsWith('marker-');
  let first: IteratorResult<RegistryEvent> | undefined;
  const seen = iterator.next().then((result) => {
    first = result;
  });
  for (let i = 0; first === undefined; i += 1) {
    await mark(`marker-${i}`);
    await Promise.race([seen, new Promise((resolve) => setTimeout(resolve, 5))]);
  }
  let reads = 0;
  return {
    events: async () => {
      const last = `marker-end-${reads++}`;
      await mark(last);
      const found: string[] = [];
      while (true) {
        const { done, value } = await iterator.next();
        if (done || value.service.version === last) return found;
        // The same state may be told twice; what counts is the order of changes.
        if (!isMarker(value) && found.at(-1) !== brief(value)) found.push(brief(value));
      }
    },
    close: () => abort.abort(),
  };
};

type Case = (subject: RegistrySubject) => Promise<void>;

/** Case name -> what it does with a fresh, empty driver. */
export const cases: Readonly<Record<string, Case>> = {
  'is empty at first': async ({ registry }) => {
    assert.deepEqual(await registry.list(), []);
    assert.deepEqual(await registry.get('helloworld'), []);
  },

  'gives back what was registered, with its domain': async ({ registry }) => {
    const metadata = { protocol: 'grpc', grpc: 'helloworld.Helloworld' };
    await registry.register(
      service('helloworld', [], {
        version: '1.2.3',
        metadata: { owner: 'admin' },
        endpoints: [callEndpoint],
        nodes: [node('helloworld-1', { address: '[::1]:8080', metadata })],
      }),
    );
    const found = await registry.get('helloworld');
    const timeless = found.map((s) => ({ ...s, nodes: s.nodes.map((n) => ({ ...n, registeredAt: undefined })) }));
    assert.deepEqual(JSON.parse(JSON.stringify(timeless)), [
      {
        name: 'helloworld',
        version: '1.2.3',
        metadata: { owner: 'admin', domain: 'micro' },
        endpoints: [callEndpoint],
        nodes: [{ id: 'helloworld-1', address: '[::1]:8080', metadata: { ...metadata, domain: 'micro' } }],
      },
    ]);
  },

  'keeps one entry per version and sorts by name, then version': async ({ registry }) => {
    for (const [name, version] of [
      ['b', '2'],
      ['b', '1'],
      ['a', 'latest'],
    ] as const)
      await registry.register(service(name, [`${name}-${version}`], { version }));
    assert.deepEqual(
      (await registry.list()).map((s) => `${s.name} ${s.version}`),
      ['a latest', 'b 1', 'b 2'],
    );
    assert.deepEqual(
      (await registry.get('b')).map((s) => s.version),
      ['1', '2'],
    );
  },

  'adds nodes to a version and replaces one of the same id': async ({ registry }) => {
    await registry.register(service('a', ['a-1']));
    await registry.register(service('a', ['a-2']));
    await registry.register(service('a', [], { nodes: [node('a-1', { address: '127.0.0.1:9999' })] }));
    const [found] = await registry.get('a');
    assert.deepEqual(
      found?.nodes.map((n) => `${n.id} ${n.address}`),
      ['a-1 127.0.0.1:9999', 'a-2 127.0.0.1:9000'],
    );
  },

  'says since when a node is registered': async ({ registry, advance }) => {
    const at = async (): Promise<readonly (number | undefined)[]> =>
      (await registry.get('a')).flatMap(({ nodes }) => nodes.map((n) => n.registeredAt));
    await registry.register(service('a', [], { nodes: [node('a-1', { registeredAt: 1_000 })] }));
    const [first = 0] = await at();
    assert.ok(first > 1_000);
    advance(5_000);
    await registry.register(service('a', ['a-1', 'a-2']));
    await registry.register(service('a', [], { nodes: [node('a-1', { address: '127.0.0.1:9999' })] }));
    assert.deepEqual(await at(), [first, first + 5_000]);
    advance(5_000);
    await registry.deregister(service('a', ['a-1']));
    await registry.register(service('a', ['a-1']));
    assert.deepEqual(await at(), [first + 5_000, first + 10_000]);
  },

  'replaces endpoints and metadata of a version': async ({ registry }) => {
    await registry.register(service('a', ['a-1'], { endpoints: [callEndpoint], metadata: { old: 'yes' } }));
    const renamed = { ...callEndpoint, name: 'Helloworld.Other' };
    await registry.register(service('a', ['a-1'], { endpoints: [renamed], metadata: { new: 'yes' } }));
    const [found] = await registry.get('a');
    assert.deepEqual(
      found?.endpoints.map((e) => e.name),
      ['Helloworld.Other'],
    );
    assert.deepEqual({ ...found?.metadata }, { new: 'yes', domain: 'micro' });
  },

  'is not changed through what it was given': async ({ registry }) => {
    const metadata: Record<string, string> = { k: 'v' };
    const nodes = [node('a-1', { metadata })];
    await registry.register(service('a', [], { nodes, metadata }));
    metadata.k = 'changed';
    nodes.push(node('a-2'));
    const [found] = await registry.get('a');
    assert.equal(found?.metadata.k, 'v');
    assert.equal(found?.nodes[0]?.metadata.k, 'v');
    assert.equal(found?.nodes.length, 1);
  },

  'keeps domains apart and reads all of them with *': async ({ registry }) => {
    await registry.register(service('a', ['a-1']));
    await registry.register(service('a', ['a-2']), { domain: 'other' });
    await registry.register(service('b', ['b-1']), { domain: 'other' });
    assert.deepEqual(nodeIds(await registry.get('a')), ['a-1']);
    assert.deepEqual(nodeIds(await registry.get('a', { domain: 'other' })), ['a-2']);
    assert.deepEqual(nodeIds(await registry.list({ domain: 'other' })), ['a-2', 'b-1']);
    assert.deepEqual(nodeIds(await registry.get('a', { domain: '*' })), ['a-1', 'a-2']);
    assert.deepEqual(nodeIds(await registry.list({ domain: '*' })), ['a-1', 'a-2', 'b-1']);
    assert.deepEqual(await registry.list({ domain: 'unknown' }), []);
    const [other] = await registry.get('a', { domain: 'other' });
    assert.equal(other?.metadata.domain, 'other');
    assert.equal(other?.nodes[0]?.metadata.domain, 'other');
  },

  'removes the nodes that are named, and the version with the last one': async ({ registry }) => {
    await registry.register(service('a', ['a-1', 'a-2']));
    await registry.deregister(service('a', ['a-1']));
    assert.deepEqual(nodeIds(await registry.get('a')), ['a-2']);
    await registry.deregister(service('a', ['a-2']));
    assert.deepEqual(await registry.get('a'), []);
    assert.deepEqual(await registry.list(), []);
  },

  'takes a deregistration of the unknown as done': async ({ registry }) => {
    await registry.deregister(service('nobody', ['x']));
    await registry.register(service('a', ['a-1']));
    await registry.deregister(service('a', ['x']));
    await registry.deregister(service('a', ['a-1'], { version: 'other' }));
    await registry.deregister(service('a', ['a-1']), { domain: 'other' });
    assert.deepEqual(nodeIds(await registry.get('a')), ['a-1']);
  },

  'forgets a node when its time is over': async ({ registry, advance }) => {
    await registry.register(service('a', ['short']), { ttlMs: 10_000 });
    await registry.register(service('a', ['long']), { ttlMs: 20_000 });
    advance(9_000);
    assert.deepEqual(nodeIds(await registry.get('a')), ['short', 'long']);
    advance(1_000);
    assert.deepEqual(nodeIds(await registry.get('a')), ['long']);
    advance(10_000);
    assert.deepEqual(await registry.get('a'), []);
    assert.deepEqual(await registry.list(), []);
  },

  'renews the time of a node at each registration': async ({ registry, advance }) => {
    await registry.register(service('a', ['a-1']), { ttlMs: 10_000 });
    advance(9_000);
    await registry.register(service('a', ['a-1']), { ttlMs: 10_000 });
    advance(9_000);
    assert.deepEqual(nodeIds(await registry.get('a')), ['a-1']);
    advance(1_000);
    assert.deepEqual(await registry.get('a'), []);
  },

  'keeps a node without a time for ever': async ({ registry, advance }) => {
    await registry.register(service('a', ['a-1']));
    await registry.register(service('b', ['b-1']), { ttlMs: 0 });
    advance(10 * 365 * 24 * 3_600_000);
    assert.deepEqual(names(await registry.list()), ['a', 'b']);
  },

  'tells watchers of each change, in order': async ({ registry }) => {
    const watch = await openWatch(registry);
    await registry.register(service('a', ['a-1']));
    await registry.register(service('a', ['a-2']));
    await registry.deregister(service('a', ['a-1']));
    await registry.deregister(service('a', ['a-2']));
    assert.deepEqual(await watch.events(), [
      'create a latest a-1',
      'update a latest a-1,a-2',
      'update a latest a-2',
      'delete a latest a-2',
    ]);
    watch.close();
  },

  'tells watchers of endpoints and addresses that change': async ({ registry }) => {
    const watch = await openWatch(registry);
    await registry.register(service('a', ['a-1']));
    assert.deepEqual(await watch.events(), ['create a latest a-1']);
    await registry.register(service('a', ['a-1'], { endpoints: [callEndpoint] }));
    assert.deepEqual(await watch.events(), ['update a latest a-1']);
    const moved = node('a-1', { address: '[::1]:9000' });
    await registry.register(service('a', [], { endpoints: [callEndpoint], nodes: [moved] }));
    assert.deepEqual(await watch.events(), ['update a latest a-1']);
    watch.close();
  },

  'tells watchers of nodes whose time is over': async ({ registry, advance }) => {
    const watch = await openWatch(registry);
    await registry.register(service('a', ['a-1']), { ttlMs: 10_000 });
    await registry.register(service('a', ['a-2']), { ttlMs: 20_000 });
    advance(10_000);
    await registry.list();
    advance(10_000);
    await registry.list();
    assert.deepEqual((await watch.events()).slice(2), ['update a latest a-2', 'delete a latest a-2']);
    watch.close();
  },

  'tells no watcher of a mere refresh': async ({ registry }) => {
    const watch = await openWatch(registry);
    const same = service('a', ['a-1'], { endpoints: [callEndpoint], metadata: { k: 'v' } });
    await registry.register(same, { ttlMs: 10_000 });
    await registry.register(structuredClone(same), { ttlMs: 10_000 });
    await registry.register(service('b', ['b-1']));
    assert.deepEqual(await watch.events(), ['create a latest a-1', 'create b latest b-1']);
    watch.close();
  },

  'tells several watchers the same': async ({ registry }) => {
    const watches = [await openWatch(registry), await openWatch(registry), await openWatch(registry)];
    for (let i = 0; i < 20; i += 1) await registry.register(service('a', [`a-${i % 7}`], { version: `${i % 3}` }));
    const [first, ...others] = await Promise.all(watches.map((watch) => watch.events()));
    assert.equal(first?.length, 20);
    for (const other of others) assert.deepEqual(other, first);
    for (const watch of watches) watch.close();
  },

  'tells a watcher only of its service and domain': async ({ registry }) => {
    const watch = await openWatch(registry, { service: 'a', domain: 'mine' });
    await registry.register(service('b', ['b-1']), { domain: 'mine' });
    await registry.register(service('a', ['a-0']));
    await registry.register(service('a', ['a-1']), { domain: 'mine' });
    assert.deepEqual(await watch.events(), ['create a latest a-1']);
    watch.close();
  },

  'tells a watcher of * of every domain': async ({ registry }) => {
    const watch = await openWatch(registry, { domain: '*' });
    await registry.register(service('a', ['a-1']), { domain: 'one' });
    await registry.register(service('a', ['a-2']), { domain: 'two' });
    assert.deepEqual(await watch.events(), ['create a latest a-1', 'create a latest a-2']);
    watch.close();
  },

  'ends a watch with its signal, also while it waits': async ({ registry }) => {
    const abort = new AbortController();
    const iterator = registry.watch({ signal: abort.signal })[Symbol.asyncIterator]();
    const waiting = iterator.next();
    abort.abort();
    assert.equal((await waiting).done, true);
    assert.equal((await registry.watch({ signal: abort.signal })[Symbol.asyncIterator]().next()).done, true);
  },

  'refuses names that could be taken for something else': async ({ registry }) => {
    const hostile = ['', 'a b', 'a/b', '../a', '-a', '.', '..', 'a\nb', 'ä', 'a\u0000', 'x'.repeat(254), 'a*', '$a'];
    for (const name of hostile) await rejectsWith(registry.register(service(name, ['n'])), 400);
    await rejectsWith(registry.register(service('a', ['n'], { version: 'a\tb' })), 400);
    await rejectsWith(registry.register(service('a', [''])), 400);
    await rejectsWith(registry.register(service('a', [], { nodes: [node('n', { address: '' })] })), 400);
    await rejectsWith(registry.register(service('a', ['n']), { domain: '*' }), 400);
    await rejectsWith(registry.register(service('a', ['n']), { domain: 'a\nb' }), 400);
    assert.deepEqual(await registry.list({ domain: '*' }), []);
  },

  'treats names of JavaScript as names': async ({ registry }) => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      assert.deepEqual(await registry.get(name), []);
      await registry.register(service(name, [name], { version: name, metadata: { [name]: 'v' } }), { domain: name });
      const [found] = await registry.get(name, { domain: name });
      assert.equal(found?.version, name);
      assert.equal(Object.hasOwn(found?.metadata ?? {}, name), true);
      await registry.deregister(service(name, [name], { version: name }), { domain: name });
      assert.deepEqual(await registry.get(name, { domain: name }), []);
    }
  },

  'refuses more endpoints than the bound, and leaves things as they were': async ({ registry }) => {
    const endpoints = Array.from({ length: 10_001 }, (_, i) => ({ ...callEndpoint, name: `A.M${i}` }));
    await assert.rejects(registry.register(service('a', ['a-1'], { endpoints })), /endpointsMax/);
    assert.deepEqual(await registry.list(), []);
  },

  'refuses more nodes than the bound, and leaves things as they were': async ({ registry }) => {
    const ids = Array.from({ length: 10_000 }, (_, i) => `n${i}`);
    await registry.register(service('a', ids));
    await assert.rejects(registry.register(service('a', ['one-more'])), /nodesMax/);
    assert.equal((await registry.get('a'))[0]?.nodes.length, 10_000);
  },

  'holds 10,000 endpoints and 1,000 nodes': async ({ registry }) => {
    const endpoints = Array.from({ length: 10_000 }, (_, i) => ({ ...callEndpoint, name: `A.M${i}` }));
    await registry.register(service('big', ['big-0'], { endpoints }));
    for (let i = 0; i < 1_000; i += 1) await registry.register(service('many', [`many-${i}`]), { ttlMs: 90_000 });
    assert.equal((await registry.get('big'))[0]?.endpoints.length, 10_000);
    assert.equal((await registry.get('many'))[0]?.nodes.length, 1_000);
  },

  'stops at once when the caller is gone': async ({ registry }) => {
    const signal = AbortSignal.abort();
    await assert.rejects(registry.list({ signal }));
    await assert.rejects(registry.register(service('a', ['a-1']), { signal }));
    assert.deepEqual(await registry.list(), []);
  },
};

/** Declares the suite for one driver. */
export const testRegistry = (driverName: string, subject: Subject<RegistrySubject>): void =>
  runConformance('registry', driverName, subject, cases);
