/** The blob suite fails on drivers that break a promise: each row wraps the memory driver and spoils one thing. */

import assert from 'node:assert/strict';

import type { BlobStore } from '../../internal/contract/blob.ts';
import { plugin } from '../../plugins/drivers/blob/memory/plugin.ts';
import { startDriver } from '../support/start-driver.ts';
import { suite } from '../support/suite.ts';
import { cases } from './blob.ts';

interface Broken {
  readonly name: string;
  /** The case that must notice. */
  readonly fails: string;
  spoil(good: BlobStore): Partial<BlobStore>;
}

async function* upToFailure(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch {
    // Passes what came so far off as the whole.
  }
}

const broken: readonly Broken[] = [
  {
    name: 'tells the wrong size',
    fails: 'gives back what was written, with its size and hash',
    spoil: (good) => ({ write: async (...args) => ({ ...(await good.write(...args)), bytes: 0 }) }),
  },
  {
    name: 'takes half a content for a whole one',
    fails: 'keeps the old content when the new one fails on its way',
    spoil: (good) => ({ write: (key, chunks, o) => good.write(key, upToFailure(chunks), o) }),
  },
  {
    name: 'loses the last chunk',
    fails: 'keeps long contents, cut in any way',
    spoil: (good) => ({
      read: async function* (key, o) {
        let held: Uint8Array | undefined;
        for await (const chunk of good.read(key, o)) {
          if (held !== undefined) yield held;
          held = chunk;
        }
      },
    }),
  },
  {
    name: 'mixes old and new under a reader',
    fails: 'lets a reader finish what it began while the content is replaced',
    spoil: (good) => ({
      read: async function* (key, o) {
        let seq = 0;
        for (;;) {
          const now: Uint8Array[] = [];
          for await (const chunk of good.read(key, o)) now.push(chunk);
          const chunk = now[seq++];
          if (chunk === undefined) return;
          yield chunk;
        }
      },
    }),
  },
  {
    name: 'answers nothing for a missing blob',
    fails: 'refuses to read what is not there, before the first chunk',
    spoil: () => ({ read: async function* () {} }),
  },
  {
    name: 'mixes namespaces',
    fails: 'keeps namespaces apart',
    spoil: (good) => ({ write: (key, chunks) => good.write(key, chunks) }),
  },
  {
    name: 'ignores the prefix',
    fails: 'lists keys by prefix in the order of their bytes',
    spoil: (good) => ({ list: (o) => good.list({ ...o, prefix: '' }) }),
  },
];

const test = suite('blob conformance on broken drivers');
for (const row of broken)
  test(`notices a driver that ${row.name}`, async () => {
    const { instance, stop } = await startDriver(plugin);
    try {
      await assert.rejects(cases[row.fails]!({ ...instance, ...row.spoil(instance) }));
    } finally {
      await stop();
    }
  });
test.run();
