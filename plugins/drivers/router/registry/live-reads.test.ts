/** Single reads beside the watch: an answer that a change has overtaken is not believed. */

import assert from 'node:assert/strict';

import type { Service } from '../../../../internal/contract/registry.ts';
import { suite } from '../../../../test/support/suite.ts';

import { createLiveReads } from './live-reads.ts';

const version = (name: string): Service => ({ name, version: 'latest', metadata: {}, endpoints: [], nodes: [] });

/** A registry that answers when it is told to. */
const open = () => {
  const asked: ((services: readonly Service[]) => void)[] = [];
  const taken: string[] = [];
  const reads = createLiveReads({
    get: () => new Promise((resolve) => asked.push(resolve)),
    take: (services) => {
      taken.push(`took ${services.map((s) => s.name)}`);
    },
  });
  const answer = async (...services: readonly Service[]): Promise<void> => {
    asked.shift()?.(services);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { reads, asked, taken, answer };
};

const test = suite('router: live reads');

test('ask once for callers that ask at once, and anew for later ones', async () => {
  const { reads, asked, taken, answer } = open();
  const both = [reads.read('micro', 'a'), reads.read('micro', 'a')];
  assert.equal(asked.length, 1);
  await answer(version('a'));
  await Promise.all(both);
  const later = reads.read('micro', 'a');
  await answer(version('a'));
  await later;
  assert.deepEqual(taken, ['took a', 'took a']);
});

test('ask again when the service changed meanwhile, and not for the change of another', async () => {
  const { reads, taken, answer } = open();
  const reading = reads.read('micro', 'a');
  reads.outdate('micro', 'b');
  reads.outdate('other', 'a');
  reads.outdate('micro', 'a');
  await answer(version('a'));
  assert.deepEqual(taken, []);
  await answer();
  await reading;
  assert.deepEqual(taken, ['took ']);
});

test('leave it to the changes when they do not cease', async () => {
  const { reads, asked, taken, answer } = open();
  const reading = reads.read('micro', 'a');
  for (let i = 0; i < 3; i += 1) {
    reads.outdate('micro', 'a');
    await answer(version('a'));
  }
  await reading;
  assert.deepEqual(taken, []);
  assert.equal(asked.length, 0);
});

test.run();
