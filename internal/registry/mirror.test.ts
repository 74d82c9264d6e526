/** The copy of a registry over links that are slow, fall behind, break and open late: in the end it is what the registry is. */

import assert from 'node:assert/strict';

import { internal } from '../contract/error.ts';
import { watchQueueMax } from '../contract/limits.ts';
import type { Registry, RegistryEvent, Service } from '../contract/registry.ts';
import { poll } from '../../test/support/poll.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { silentLog } from '../../test/support/start-driver.ts';
import { suite } from '../../test/support/suite.ts';

import { type MirrorOptions, mirrorRegistry } from './mirror.ts';
import { createRegistryTable } from './registry-table.ts';

const version = (name: string, ...ids: readonly string[]): Service => ({
  name,
  version: 'latest',
  metadata: {},
  endpoints: [],
  nodes: ids.map((id) => ({ id, address: `127.0.0.1:${id.length}`, metadata: {} })),
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i += 1) await turn();
};

const brief = (services: Iterable<Service>): readonly string[] =>
  [...services].map((s) => `${s.metadata.domain} ${s.name} ${s.version} ${s.nodes.map((n) => n.id).sort()}`).sort();

/** What a reader knows who believes every event. */
const reader = () => {
  const services = new Map<string, Service>();
  return {
    services,
    changed: ({ action, service }: RegistryEvent): void => {
      const key = `${service.metadata.domain} ${service.name} ${service.version}`;
      if (action === 'delete') services.delete(key);
      else services.set(key, service);
    },
  };
};

const start = (o: Pick<MirrorOptions, 'open' | 'read'> & Partial<MirrorOptions>) => {
  const abort = new AbortController();
  const known = reader();
  const mirror = mirrorRegistry({
    changed: known.changed,
    isFinal: () => false,
    signal: abort.signal,
    log: silentLog,
    settleMs: 5,
    resyncMs: 20,
    retryMs: 1,
    ...o,
  });
  const stop = async (): Promise<void> => {
    abort.abort();
    await mirror.ended;
  };
  return { mirror, known, stop };
};

const test = suite('registry mirror');

interface Chaos {
  readonly random: () => number;
  calm: boolean;
}

/** A link to a registry that is in nobody's hands: until it is calm, watches open late, stall and break, and lists come late or not at all. */
const linkTo = (registry: Registry, chaos: Chaos): Pick<MirrorOptions, 'open' | 'read'> => {
  const odds = (n: number): boolean => !chaos.calm && chaos.random() * n < 1;
  const upTo = (n: number): number => (chaos.calm ? 0 : Math.floor(chaos.random() * n));
  return {
    open: async function* (signal) {
      await turns(upTo(8));
      for await (const event of registry.watch({ domain: '*', signal })) {
        // Long enough, now and then, for changes to pile up and be merged.
        await turns(odds(100) ? 400 : upTo(3));
        if (odds(150)) throw internal('test', 'connection lost');
        yield event;
        if (odds(300)) return;
      }
    },
    read: async (signal) => {
      await turns(upTo(4));
      const list = await registry.list({ domain: '*', signal });
      await turns(upTo(8));
      if (odds(10)) throw internal('test', 'connection lost');
      // As over the wire: never the same object.
      return structuredClone(list) as readonly Service[];
    },
  };
};

for (const seed of [1, 2, 3, 4, 5, 6])
  test(`ends up true after random changes over a bad link (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const below = (n: number): number => Math.floor(random() * n);
    let now = 0;
    const table = createRegistryTable({ now: () => now });
    const chaos: Chaos = { random, calm: false };
    const { known, stop } = start(linkTo(table, chaos));
    const change = async (): Promise<void> => {
      const service = { ...version(`s${below(20)}`, `n${below(5)}`), version: `v${below(2)}` };
      const domain = ['micro', 'other'][below(2)];
      if (below(3) === 0) await table.deregister(service, { domain });
      else await table.register(service, { domain, ttlMs: below(2) === 0 ? 1_000 + below(20_000) : 0 });
      if (below(20) === 0) now += below(5_000);
      table.prune();
    };
    for (let step = 0; step < 600; step += 1) {
      await change();
      if (below(200) === 0) for (let i = 0; i < 2 * watchQueueMax; i += 1) await change();
      await turns(below(3));
    }
    chaos.calm = true;
    await poll(
      'the copy to be the registry',
      async () => {
        const want = brief(await table.list({ domain: '*' }));
        return JSON.stringify(brief(known.services.values())) === JSON.stringify(want);
      },
      10_000,
    );
    assert.ok(known.services.size > 0);
    await stop();
  });

test('sees what happened between a list and the opening of a watch that tells nothing of it', async () => {
  const table = createRegistryTable({ now: () => 0 });
  let lists = 0;
  let openNow = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    openNow = resolve;
  });
  const { known, stop } = start({
    resyncMs: 60_000,
    open: async function* (signal) {
      await opened;
      yield* table.watch({ domain: '*', signal });
    },
    read: async () => {
      const list = await table.list({ domain: '*' });
      lists += 1;
      if (lists === 1) await table.register(version('missed', 'a'));
      if (lists === 1) openNow();
      return list;
    },
  });
  await poll('the missed service', () => known.services.size === 1);
  assert.equal(lists, 2);
  await stop();
});

test('keeps what it knows while the registry is away, and takes up what is new then', async () => {
  const table = createRegistryTable({ now: () => 0 });
  await table.register(version('a', 'a-1'));
  await table.register(version('b', 'b-1'));
  let away = false;
  let failures = 0;
  const cut = new AbortController();
  const check = (): void => {
    if (!away) return;
    failures += 1;
    throw internal('test', 'connection refused');
  };
  const { known, stop } = start({
    open: async function* (signal) {
      check();
      yield* table.watch({ domain: '*', signal: AbortSignal.any([signal, cut.signal]) });
    },
    read: async (signal) => {
      check();
      return table.list({ domain: '*', signal });
    },
  });
  await poll('the first list', () => known.services.size === 2);
  away = true;
  cut.abort();
  await table.deregister(version('b', 'b-1'));
  await poll('some attempts', () => failures >= 6);
  assert.deepEqual(brief(known.services.values()), ['micro a latest a-1', 'micro b latest b-1']);
  away = false;
  await poll('the deregistration', () => known.services.size === 1);
  await stop();
});

test('forgets what was taken in beside the lists once a list no longer has it', async () => {
  const table = createRegistryTable({ now: () => 0 });
  const { mirror, known, stop } = start({
    open: (signal) => table.watch({ domain: '*', signal }),
    read: (signal) => table.list({ domain: '*', signal }),
  });
  await turns(3);
  mirror.take([{ ...version('ghost', 'g-1'), metadata: { domain: 'micro' } }]);
  assert.equal(known.services.size, 1);
  await poll('the ghost to go', () => known.services.size === 0);
  await stop();
});

test('tells nothing twice when a list says what is known', async () => {
  const table = createRegistryTable({ now: () => 0 });
  await table.register(version('a', 'a-1'));
  let told = 0;
  let lists = 0;
  const { stop } = start({
    changed: () => {
      told += 1;
    },
    open: (signal) => table.watch({ domain: '*', signal }),
    read: async (signal) => structuredClone(await table.list({ domain: '*', signal })) as readonly Service[],
    listed: () => {
      lists += 1;
    },
  });
  await poll('three lists', () => lists >= 3);
  assert.equal(told, 1);
  await stop();
});

test('ends with a failure that is final', async () => {
  const { mirror } = start({
    open: async function* () {
      yield* [];
      throw internal('test', 'access denied');
    },
    read: () => new Promise(() => undefined),
    isFinal: (error, known) => !known.listed && !known.streamed && String(error).includes('denied'),
  });
  await assert.rejects(mirror.ended, /access denied/);
});

test.run();
