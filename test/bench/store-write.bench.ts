/** Durable writes of the SQLite store by the number of clients, as ratios to raw SQLite with one transaction per write in the same run. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';

import { sqlite3Engine } from '../../internal/sqlite/sqlite3-connection.ts';
import { plugin } from '../../plugins/drivers/store/sqlite/plugin.ts';
import { startDriver } from '../support/start-driver.ts';

const value = Buffer.alloc(100, 'x');
const keyOf = (n: number): string => `key/${String((n * 7919) % 1_000_003).padStart(8, '0')}`;
const rounds = 3;

/** Microseconds per write, of `count` writes by `clients` that each wait for their acknowledgement. */
const measure = async (o: { clients: number; count: number; write(n: number): Promise<unknown> }): Promise<number> => {
  let n = 0;
  const client = async (): Promise<void> => {
    while (n < o.count) await o.write(n++);
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: o.clients }, client));
  return ((performance.now() - started) * 1_000) / o.count;
};

const rawOneByOne = async (): Promise<number> => {
  const folder = mkdtempSync(join(tmpdir(), 'micro-bench-'));
  const raw = await sqlite3Engine({ file: join(folder, 'raw.db'), busyTimeoutMs: 1_000 });
  await raw.execute(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (k BLOB PRIMARY KEY, v BLOB)',
  );
  const sql = 'INSERT INTO t VALUES (?1, ?2) ON CONFLICT DO UPDATE SET v = excluded.v';
  const write = (n: number) => raw.query({ sql, values: [Buffer.from(keyOf(n)), value] });
  const us = await measure({ clients: 1, count: 2_000, write });
  await raw.close();
  rmSync(folder, { recursive: true, force: true });
  return us;
};

const store = async (clients: number): Promise<{ us: number; lateMs: number }> => {
  const { instance, stop } = await startDriver(plugin);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const write = (n: number) => instance.write({ key: keyOf(n), value });
  const us = await measure({ clients, count: clients === 1 ? 2_000 : 20_000, write });
  delay.disable();
  await stop();
  return { us, lateMs: delay.percentile(99) / 1e6 };
};

for (let round = 1; round <= rounds; round += 1) {
  const raw = await rawOneByOne();
  console.log(`round ${round}: raw SQLite, one transaction per write: ${raw.toFixed(0)} us = 1.00`);
  for (const clients of [1, 10, 100, 1_000]) {
    const { us, lateMs } = await store(clients);
    const times = (raw / us).toFixed(2);
    console.log(
      `  store, ${clients} clients: ${times} x as many writes (${us.toFixed(1)} us each; loop p99 ${lateMs.toFixed(1)} ms)`,
    );
  }
}
