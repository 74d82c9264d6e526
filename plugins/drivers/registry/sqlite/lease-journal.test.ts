/** The journal of leases: what is written when, and what becomes of it when the disk says no. */

import assert from 'node:assert/strict';

import type { Service } from '../../../../internal/contract/registry.ts';
import { createRegistryTable } from '../../../../internal/registry/registry-table.ts';
import type { Step } from '../../../../internal/sqlite/connection.ts';
import { silentLog } from '../../../../test/support/start-driver.ts';
import { suite } from '../../../../test/support/suite.ts';

import { createLeaseJournal } from './lease-journal.ts';

const version = (name: string, ...ids: readonly string[]): Service => ({
  name,
  version: 'latest',
  metadata: {},
  endpoints: [],
  nodes: ids.map((id) => ({ id, address: '127.0.0.1:1', metadata: {} })),
});

/** What a statement does, and to whom: the texts of each packed row. */
const brief = ({ sql, values = [] }: Step): readonly string[] => {
  const what = /^INSERT INTO (\w+)/.exec(sql)?.[1] ?? /^(UPDATE|DELETE FROM \w+)/.exec(sql)?.[1] ?? sql;
  const bytes = Buffer.from(values[1] as Uint8Array);
  const text = (row: readonly number[], i: number): string =>
    bytes.subarray(row[2 * i]! - 1, row[2 * i]! - 1 + row[2 * i + 1]!).toString();
  return (JSON.parse(String(values[0])) as number[][]).map((row) =>
    [
      what.replace('DELETE FROM', 'no').replace('UPDATE', 'renew'),
      text(row, 1),
      text(row, 2),
      ...(what.endsWith('versions') ? [] : [text(row, 3)]),
    ].join(' '),
  );
};

const open = () => {
  const writes: string[][] = [];
  const disk = { isFull: false };
  const journal = createLeaseJournal({
    log: silentLog,
    write: async (steps) => {
      if (disk.isFull) throw new Error('no space left');
      writes.push(steps.flatMap(brief));
    },
  });
  const table = createRegistryTable({ now: () => 0, journal });
  const register = async (service: Service, durable = true): Promise<void> => {
    await table.register(service, { ttlMs: 1_000, durable });
    await journal.settled();
  };
  return { writes, disk, journal, table, register };
};

const test = suite('lease journal');

test('writes a version once, and each node when it is new', async () => {
  const { writes, register } = open();
  await register(version('a', '1'));
  await register(version('a', '2', '3'));
  assert.deepEqual(writes, [
    ['versions a latest', 'nodes a latest 1'],
    ['nodes a latest 2', 'nodes a latest 3'],
  ]);
});

test('leaves renewals to the next flush, all in one statement', async () => {
  const { writes, journal, register } = open();
  await register(version('a', '1', '2'));
  await register(version('a', '1'));
  await register(version('a', '2'));
  await register(version('a', '1'));
  assert.equal(writes.length, 1);
  await journal.flush();
  assert.deepEqual(writes[1], ['renew a latest 1', 'renew a latest 2']);
  await journal.flush();
  assert.equal(writes.length, 2);
});

test('writes nothing of what is not to be kept', async () => {
  const { writes, journal, register } = open();
  await register(version('a', '1'), false);
  await register({ ...version('a', '1'), metadata: { new: 'yes' } }, false);
  await journal.flush();
  assert.deepEqual(writes, []);
});

test('removes a node, and its version with the last', async () => {
  const { writes, table, journal, register } = open();
  await register(version('a', '1', '2'));
  await table.deregister(version('a', '1'));
  await journal.settled();
  await table.deregister(version('a', '2'));
  await journal.settled();
  // SQL keeps a version that has nodes left.
  assert.deepEqual(writes.slice(1), [
    ['no nodes a latest 1', 'no versions a latest'],
    ['no nodes a latest 2', 'no versions a latest'],
  ]);
});

test('tries again what the disk refused, and only what is still so', async () => {
  const { writes, disk, table, journal, register } = open();
  disk.isFull = true;
  await register(version('a', '1', '2'));
  await table.deregister(version('a', '2'));
  await journal.settled();
  assert.deepEqual(writes, []);
  disk.isFull = false;
  await journal.flush();
  assert.deepEqual(writes, [['versions a latest', 'nodes a latest 1', 'no nodes a latest 2', 'no versions a latest']]);
});

test('writes what is noted while it writes in one go, and settles when that is written', async () => {
  const commits: (() => void)[] = [];
  const sizes: number[] = [];
  const journal = createLeaseJournal({
    log: silentLog,
    write: (steps) => {
      sizes.push(steps.flatMap(brief).length);
      return new Promise<void>((resolve) => commits.push(resolve));
    },
  });
  const table = createRegistryTable({ now: () => 0, journal });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  const settled: number[] = [];
  const register = async (n: number): Promise<void> => {
    await table.register(version('a', `${n}`), { durable: true });
    await journal.settled();
    settled.push(n);
  };
  void register(0);
  await turn();
  for (let n = 1; n <= 10; n += 1) void register(n);
  await turn();
  assert.deepEqual([settled, sizes], [[], [2]]);
  commits.shift()?.();
  await turn();
  assert.deepEqual([settled, sizes], [[0], [2, 10]]);
  commits.shift()?.();
  await turn();
  assert.equal(settled.length, 11);
  assert.equal(commits.length, 0);
});

test.run();
