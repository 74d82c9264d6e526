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
