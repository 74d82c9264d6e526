/**
 * Durable writes of the SQLite store by the number of clients, and its reads, with either engine: as ratios to raw SQLite with one
 * transaction per write in the same run, and how late the event loop was.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';

import type { Store } from '../../internal/contract/store.ts';
import type { DatabaseEngine } from '../../internal/sqlite/connection.ts';
import { addonEngine, nodeEngine } from '../../internal/sqlite/engine-choice.ts';
import { plugin } from '../../plugins/drivers/store/sqlite/plugin.ts';
import { startDriver } from '../support/start-driver.ts';

const value = Buffer.alloc(100, 'x');
const keyOf = (n: number): string => `key/${String((n * 7919) % 1_000_003).padStart(8, '0')}`;
const rounds = 3;
const clientCounts = [1, 10, 100, 1_000];

interface Figures {
  readonly us: number;
  readonly lateMsP99: number;
  readonly lateMsMax: number;
}

/** Microseconds per operation, of `count` by `clients` that each wait for their answer, and the lateness of the event loop meanwhile. */
const measure = async (o: { clients: number; count: number; run(n: number): Promise<unknown> }): Promise<Figures> => {
  let n = 0;
  const client = async (): Promise<void> => {
    while (n < o.count) await o.run(n++);
  };
  const late = monitorEventLoopDelay({ resolution: 1 });
  late.enable();
  const started = performance.now();
  await Promise.all(Array.from({ length: o.clients }, client));
  const us = ((performance.now() - started) * 1_000) / o.count;
  late.disable();
  // The histogram counts from the timer's own 1 ms.
  return { us, lateMsP99: late.percentile(99) / 1e6, lateMsMax: late.max / 1e6 };
};

const rawOneByOne = async (engine: DatabaseEngine): Promise<number> => {
  const folder = mkdtempSync(join(tmpdir(), 'micro-bench-'));
  const raw = await engine.connect({ file: join(folder, 'raw.db'), busyTimeoutMs: 1_000 });
  await raw.execute(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (k BLOB PRIMARY KEY, v BLOB)',
  );
  const sql = 'INSERT INTO t VALUES (?1, ?2) ON CONFLICT DO UPDATE SET v = excluded.v';
  const run = (n: number) => raw.query({ sql, values: [Buffer.from(keyOf(n)), value] });
  const { us } = await measure({ clients: 1, count: 2_000, run });
  await raw.close();
  rmSync(folder, { recursive: true, force: true });
  return us;
};

/** Each kind of work on a store of its own, in the order of its names. */
const work: Readonly<Record<string, (store: Store) => Promise<Figures>>> = {
  ...Object.fromEntries(
    clientCounts.map((clients) => [
      `write, ${clients} clients`,
      (store: Store) => {
        const count = clients === 1 ? 2_000 : 20_000;
        return measure({ clients, count, run: (n) => store.write({ key: keyOf(n), value }) });
      },
    ]),
  ),
  'read, 1 client': async (store) => {
    await fill(store);
    return measure({ clients: 1, count: 5_000, run: (n) => store.read(keyOf(n % filled)) });
  },
  'read, 100 clients': async (store) => {
    await fill(store);
    return measure({ clients: 100, count: 20_000, run: (n) => store.read(keyOf(n % filled)) });
  },
  'list of 20,000 keys': async (store) => {
    await fill(store);
    return measure({ clients: 1, count: 10, run: () => store.list({ prefix: 'key/', limit: filled }) });
  },
  'write of 8 MB, 4 clients': (store) => {
    const large = Buffer.alloc(8_000_000, 1);
    return measure({ clients: 4, count: 20, run: (n) => store.write({ key: keyOf(n), value: large }) });
  },
};

const filled = 20_000;
const fill = (store: Store): Promise<unknown> =>
  measure({ clients: 1_000, count: filled, run: (n) => store.write({ key: keyOf(n), value }) });

/** One query that keeps SQLite busy for long: what it does to the event loop. */
const slowQuery = async (engine: DatabaseEngine): Promise<Figures> => {
  const sql =
    'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3000000) SELECT count(*) AS n FROM c';
  const connection = await engine.connect({ file: ':memory:', busyTimeoutMs: 1_000 });
  // The histogram sees a stall only when it was ticking before.
  const run = async (n: number): Promise<void> => {
    if (n === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await connection.query({ sql });
  };
  const figures = await measure({ clients: 1, count: 1, run });
  await connection.close();
  return figures;
};

const lateText = (f: Figures): string => `loop p99 ${f.lateMsP99.toFixed(1)} ms, max ${f.lateMsMax.toFixed(1)} ms`;

const onStore = async (engine: DatabaseEngine, run: (store: Store) => Promise<Figures>): Promise<Figures> => {
  const { instance, stop } = await startDriver(plugin, { config: { engine: engine.name } });
  try {
    return await run(instance);
  } finally {
    await stop();
  }
};

for (let round = 1; round <= rounds; round += 1) {
  const raw = await rawOneByOne(addonEngine);
  const rawNode = await rawOneByOne(nodeEngine);
  console.log(`round ${round}: raw SQLite, one transaction per write, addon: ${raw.toFixed(0)} us = 1.00`);
  console.log(`  the same through a thread of node:sqlite: ${(raw / rawNode).toFixed(2)} (${rawNode.toFixed(0)} us)`);
  for (const [name, run] of Object.entries(work)) {
    const addon = await onStore(addonEngine, run);
    const node = await onStore(nodeEngine, run);
    console.log(`  ${name}: node is ${(addon.us / node.us).toFixed(2)} x addon`);
    for (const [engine, f] of Object.entries({ addon, node })) {
      const times = name.startsWith('write, ') ? `${(raw / f.us).toFixed(2)} x as many as raw, ` : '';
      console.log(`    ${engine.padEnd(5)} ${times}${f.us.toFixed(1)} us each; ${lateText(f)}`);
    }
  }
  for (const engine of [addonEngine, nodeEngine]) {
    const f = await slowQuery(engine);
    console.log(`  one query of ${(f.us / 1_000).toFixed(0)} ms, ${engine.name}: ${lateText(f)}`);
  }
}
