/** What the SQLite store keeps across restarts, and what its sweeper removes from disk. */

import { join } from 'node:path';

import * as assert from 'uvu/assert';

import type { Needs } from '../../../../internal/contract/capability.ts';
import { openDatabase } from '../../../../internal/sqlite/database.ts';
import { addonEngine, nodeEngine } from '../../../../internal/sqlite/engine-choice.ts';
import { type StartOptions, startDriver } from '../../../../test/support/start-driver.ts';
import { suite } from '../../../../test/support/suite.ts';
import { type config, plugin } from './plugin.ts';
import { schema } from './record-tables.ts';
import { sweepExpired } from './sqlite-store.ts';

const test = suite('sqlite store on disk');
const value = Buffer.from('v');

for (const engine of [addonEngine, nodeEngine]) {
  const start = (o: StartOptions<typeof config, Needs> = {}) =>
    startDriver(plugin, { ...o, config: { ...o.config, engine: engine.name } });

  test(`${engine.name}: records, times to live and table names are there after a restart`, async () => {
    let now = 1_000_000;
    const first = await start({ now: () => now });
    await first.instance.write({ key: 'k', value, metadata: { a: 'b' }, ttlMs: 5_000 }, { database: 'ns', table: 't' });
    await first.instance.stop?.(AbortSignal.timeout(5_000));
    now += 2_000;
    const second = await start({ now: () => now, dataDir: first.dataDir });
    const record = await second.instance.read('k', { database: 'ns', table: 't' });
    assert.is(record?.ttlMs, 3_000);
    assert.equal(record?.metadata, { a: 'b' });
    assert.equal(await second.instance.databases(), ['ns']);
    assert.equal(await second.instance.tables('ns'), ['t']);
    await second.stop();
    await first.stop();
  });

  test(`${engine.name}: the sweeper removes what expired, in steps, and nothing else`, async () => {
    const started = await start({ now: () => 1_000 });
    const writes = Array.from({ length: 2_500 }, (_, i) => started.instance.write({ key: `k${i}`, value, ttlMs: 10 }));
    await Promise.all([...writes, started.instance.write({ key: 'later', value, ttlMs: 11 })]);
    await started.instance.write({ key: 'ever', value });
    const db = await openDatabase({ file: join(started.dataDir, 'store.db'), id: 'test', schema, engine });
    assert.is(await sweepExpired(db, { now: 1_009 }), 0);
    assert.is(await sweepExpired(db, { now: 1_010 }), 2_500);
    assert.is(await sweepExpired(db, { now: 1_010 }), 0);
    const [left] = await db.reader.query({ sql: 'SELECT count(*) AS n FROM records' });
    assert.is(left?.n, 2);
    await db.close();
    await started.stop();
  });

  test(`${engine.name}: a full file is said by its name, and reading goes on`, async () => {
    const started = await start({ config: { file_bytes_max: 200_000n } });
    await started.instance.write({ key: 'a', value });
    const fault = await started.instance.write({ key: 'b', value: new Uint8Array(1_000_000) }).catch((e: Error) => e);
    assert.match(String(fault), /no space left for .*store\.db/);
    await started.instance.write({ key: 'c', value });
    assert.equal(await started.instance.list({}), ['a', 'c']);
    await started.stop();
  });

  test(`${engine.name}: two drivers on one file see each other, also in tables new to both`, async () => {
    const one = await start();
    const two = await start({ dataDir: one.dataDir });
    await Promise.all([
      one.instance.write({ key: 'one', value }, { table: 'fresh' }),
      two.instance.write({ key: 'two', value }, { table: 'fresh' }),
    ]);
    assert.equal(await one.instance.list({ table: 'fresh' }), ['one', 'two']);
    assert.equal(await two.instance.list({ table: 'fresh' }), ['one', 'two']);
    await two.stop();
    await one.stop();
  });
}

test.run();
