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

/** What a statement does, and to whom. */
const brief = ({ sql, values = [] }: Step): string => {
  const [verb, , table] = sql.replace('INSERT INTO', 'put to').replace('DELETE FROM', 'remove from').split(/\s+/);
  if (verb === 'UPDATE') return `renew ${(JSON.parse(String(values[0])) as unknown[]).length}`;
  return `${verb} ${table} ${values.slice(1, table === 'nodes' ? 4 : 3).join(' ')}`;
};

const open = () => {
  const writes: string[][] = [];
  const disk = { isFull: false };
  const journal = createLeaseJournal({
    log: silentLog,
    write: async (steps) => {
      if (disk.isFull) throw new Error('no space left');
      writes.push(steps.map(brief));
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
    ['put versions a latest', 'put nodes a latest 1'],
    ['put nodes a latest 2', 'put nodes a latest 3'],
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
  assert.deepEqual(writes[1], ['renew 2']);
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
    ['remove nodes a latest 1', 'remove versions a latest'],
    ['remove nodes a latest 2', 'remove versions a latest'],
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
  assert.deepEqual(writes, [
    ['put versions a latest', 'put nodes a latest 1', 'remove nodes a latest 2', 'remove versions a latest'],
  ]);
});

test('settles only when what others have begun to write is written', async () => {
  let commit = (): void => undefined;
  const journal = createLeaseJournal({
    log: silentLog,
    write: () =>
      new Promise<void>((resolve) => {
        commit = resolve;
      }),
  });
  const table = createRegistryTable({ now: () => 0, journal });
  await table.register(version('a', '1'), { durable: true });
  let settled = false;
  void journal.settled();
  const second = journal.settled().then(() => {
    settled = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(settled, false);
  commit();
  await second;
});

test.run();
