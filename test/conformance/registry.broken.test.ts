/** The registry suite fails on drivers that break a promise: each row wraps the memory driver and spoils one thing. */

import assert from 'node:assert/strict';

import type { Registry } from '../../internal/contract/registry.ts';
import { plugin } from '../../plugins/drivers/registry/memory/plugin.ts';
import { startDriver } from '../support/start-driver.ts';
import { suite } from '../support/suite.ts';

import { cases } from './registry.ts';

interface Broken {
  readonly name: string;
  /** The case that must notice. */
  readonly fails: string;
  spoil(good: Registry): Partial<Registry>;
}

const broken: readonly Broken[] = [
  {
    name: 'forgets metadata',
    fails: 'gives back what was registered, with its domain',
    spoil: (good) => ({ register: (s, o) => good.register({ ...s, metadata: {} }, o) }),
  },
  {
    name: 'mixes domains',
    fails: 'keeps domains apart and reads all of them with *',
    spoil: (good) => ({ list: (o) => good.list({ ...o, domain: '*' }) }),
  },
  {
    name: 'never expires',
    fails: 'forgets a node when its time is over',
    spoil: (good) => ({ register: (s, o) => good.register(s, { ...o, ttlMs: undefined }) }),
  },
  {
    name: 'ignores renewals',
    fails: 'renews the time of a node at each registration',
    spoil: (good) => {
      let first = true;
      return {
        register: async (s, o) => {
          if (first) await good.register(s, o);
          first = false;
        },
      };
    },
  },
  {
    name: 'believes a node about its own age',
    fails: 'says since when a node is registered',
    spoil: (good) => {
      const claims = new Map<string, number | undefined>();
      return {
        register: (s, o) => {
          for (const node of s.nodes) claims.set(node.id, node.registeredAt);
          return good.register(s, o);
        },
        get: async (name, o) =>
          (await good.get(name, o)).map((s) => ({
            ...s,
            nodes: s.nodes.map((n) => ({ ...n, registeredAt: claims.get(n.id) ?? n.registeredAt })),
          })),
      };
    },
  },
  {
    name: 'takes each refresh for a first registration',
    fails: 'says since when a node is registered',
    spoil: (good) => ({
      register: async (s, o) => {
        await good.deregister(s, o);
        await good.register(s, o);
      },
    }),
  },
  {
    name: 'keeps the endpoints of the first registration',
    fails: 'replaces endpoints and metadata of a version',
    spoil: (good) => ({
      register: async (s, o) => {
        const [known] = await good.get(s.name, o);
        await good.register({ ...s, endpoints: known?.endpoints ?? s.endpoints }, o);
      },
    }),
  },
  {
    name: 'tells of new nodes only',
    fails: 'tells watchers of endpoints and addresses that change',
    spoil: (good) => ({
      watch: async function* (o) {
        const told = new Set<string>();
        for await (const event of good.watch(o)) {
          const key = `${event.service.name} ${event.service.nodes.map((n) => n.id)}`;
          if (!told.has(key)) yield event;
          told.add(key);
        }
      },
    }),
  },
  {
    name: 'gives each event to one watcher',
    fails: 'tells several watchers the same',
    spoil: (good) => {
      const told = new Set<unknown>();
      return {
        watch: async function* (o) {
          for await (const event of good.watch(o)) {
            // What the suite marks the end with reaches everybody.
            if (event.service.name === 'a' && told.has(event)) continue;
            told.add(event);
            yield event;
          }
        },
      };
    },
  },
  {
    name: 'drops whole versions on deregister',
    fails: 'removes the nodes that are named, and the version with the last one',
    spoil: (good) => ({
      deregister: async (s, o) => {
        for (const found of await good.get(s.name, o)) await good.deregister(found, o);
      },
    }),
  },
  {
    name: 'loses events',
    fails: 'tells watchers of each change, in order',
    spoil: (good) => ({
      watch: async function* (o) {
        for await (const event of good.watch(o)) if (event.action !== 'update') yield event;
      },
    }),
  },
  {
    name: 'tells every watcher everything',
    fails: 'tells a watcher only of its service and domain',
    spoil: (good) => ({ watch: (o) => good.watch({ ...o, service: undefined, domain: '*' }) }),
  },
  {
    name: 'takes any name',
    fails: 'refuses names that could be taken for something else',
    spoil: (good) => ({ register: (s, o) => good.register(s, o).catch(() => undefined) }),
  },
];

const test = suite('registry conformance on broken drivers');
for (const row of broken)
  test(`notices a driver that ${row.name}`, async () => {
    let now = 0;
    const { instance, stop } = await startDriver(plugin, { now: () => now });
    const registry = { ...instance, ...row.spoil(instance) };
    const advance = (ms: number): void => {
      now += ms;
    };
    try {
      await assert.rejects(cases[row.fails]!({ registry, advance }));
    } finally {
      await stop();
    }
  });
test.run();
