/** The store suite fails on drivers that break a promise: each row wraps the memory driver and spoils one thing. */

import assert from 'node:assert/strict';

import type { Store } from '../../internal/contract/store.ts';
import { plugin } from '../../plugins/drivers/store/memory/plugin.ts';
import { startDriver } from '../support/start-driver.ts';
import { suite } from '../support/suite.ts';
import { cases } from './store.ts';

interface Broken {
  readonly name: string;
  /** The case that must notice. */
  readonly fails: string;
  spoil(good: Store): Partial<Store>;
}

const broken: readonly Broken[] = [
  {
    name: 'loses metadata',
    fails: 'gives back what was written',
    spoil: (good) => ({ write: (r, o) => good.write({ ...r, metadata: undefined }, o) }),
  },
  {
    name: 'acknowledges before it has written',
    fails: 'reads what was acknowledged, many at a time',
    spoil: (good) => ({
      write: async (r, o) => {
        setTimeout(() => void good.write(r, o), 20);
      },
    }),
  },
  {
    name: 'lets writes overtake each other',
    fails: 'keeps the order of writes and deletes that are under way together',
    spoil: (good) => ({
      write: async (r, o) => {
        await null;
        await good.write(r, o);
      },
    }),
  },
  {
    name: "orders keys as JavaScript's strings",
    fails: 'orders keys by their UTF-8 bytes',
    spoil: (good) => ({ list: async (o) => [...(await good.list(o))].sort() }),
  },
  {
    name: 'takes prefixes for LIKE patterns',
    fails: 'matches prefix, suffix and both, with no wildcards',
    spoil: (good) => ({
      list: async (o) => {
        const like = new RegExp(`^${(o.prefix ?? '').replaceAll('%', '.*').replaceAll('_', '.')}.*${o.suffix}$`, 's');
        return (await good.list({ ...o, prefix: '', suffix: '' })).filter((key) => like.test(key));
      },
    }),
  },
  {
    name: 'ends a key at a NUL',
    fails: 'keeps awkward keys apart',
    spoil: (good) => ({
      write: (r, o) => good.write({ ...r, key: r.key.split('\u0000')[0] || 'x' }, o),
      read: (key, o) => good.read(key.split('\u0000')[0] || 'x', o),
    }),
  },
  {
    name: 'applies the offset to what the limit left',
    fails: 'cuts out limit and offset in either order',
    spoil: (good) => ({
      list: async (o) => (await good.list({ ...o, offset: 0 })).slice(o.offset ?? 0),
    }),
  },
  {
    name: 'lists expired records',
    fails: 'treats expired records as missing',
    spoil: (good) => {
      const seen = new Set<string>();
      return {
        write: (r, o) => {
          seen.add(r.key);
          return good.write(r, o);
        },
        list: async () => [...seen].sort(),
      };
    },
  },
  {
    name: 'cuts short times to live down to none',
    fails: 'never makes a short life an endless one',
    spoil: (good) => ({ write: (r, o) => good.write({ ...r, ttlMs: Math.floor(r.ttlMs ?? 0) || undefined }, o) }),
  },
  {
    name: 'mixes tables',
    fails: 'keeps tables and databases apart',
    spoil: (good) => ({ write: (r, o) => good.write(r, { ...o, table: 'micro' }) }),
  },
  {
    name: 'takes any size',
    fails: 'names the limit of keys, values and metadata',
    spoil: (good) => ({ write: (r, o) => good.write(r, o).catch(() => undefined) }),
  },
];

const test = suite('store conformance on broken drivers');
for (const row of broken)
  test(`notices a driver that ${row.name}`, async () => {
    let now = 0;
    const { instance, stop } = await startDriver(plugin, { now: () => now });
    const advance = (ms: number): void => {
      now += ms;
    };
    try {
      const store = { ...instance, ...row.spoil(instance) };
      await assert.rejects(cases[row.fails]!({ store, advance, ttlStepMs: 1 }));
    } finally {
      await stop();
    }
  });
test.run();
