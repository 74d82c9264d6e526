/** What no name points at leaves the blob file: replaced contents, failed uploads, uploads of a process that died. */

import * as assert from 'uvu/assert';
import { join } from 'node:path';

import type { Needs } from '../../../../internal/contract/capability.ts';
import { type Database, openDatabase } from '../../../../internal/sqlite/database.ts';
import { addonEngine, nodeEngine } from '../../../../internal/sqlite/engine-choice.ts';
import { poll } from '../../../../test/support/poll.ts';
import { type StartOptions, startDriver } from '../../../../test/support/start-driver.ts';
import { suite } from '../../../../test/support/suite.ts';
import { addChunk, beginContent, schema } from './blob-tables.ts';
import { type config, plugin } from './plugin.ts';

const test = suite('blob removal');

async function* content(bytes: number): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(bytes, 1);
}

const counts = async (db: Database): Promise<string> => {
  const sql = 'SELECT (SELECT count(*) FROM contents) AS contents, (SELECT count(*) FROM chunks) AS chunks';
  const [row] = await db.reader.query({ sql });
  return `${row?.contents} contents, ${row?.chunks} chunks`;
};

const until = (db: Database, want: string): Promise<boolean> => poll(want, async () => (await counts(db)) === want);

for (const engine of [addonEngine, nodeEngine]) {
  const start = (o: StartOptions<typeof config, Needs> = {}) =>
    startDriver(plugin, { ...o, config: { ...o.config, engine: engine.name } });

  test(`${engine.name}: replaced, deleted and failed contents go`, async () => {
    const started = await start();
    const db = await openDatabase({ file: join(started.dataDir, 'blob.db'), id: 'test', schema, engine });
    await started.instance.write('a', content(600_000));
    assert.is(await counts(db), '1 contents, 3 chunks');
    await started.instance.write('a', content(10));
    await until(db, '1 contents, 1 chunks');
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(600_000);
      throw new Error('gone');
    };
    await started.instance.write('b', failing()).catch(() => undefined);
    await started.instance.delete('a');
    await until(db, '0 contents, 0 chunks');
    await db.close();
    await started.stop();
  });

  test(`${engine.name}: an upload of a process that died goes at a later start, a recent one stays`, async () => {
    let now = 1_000_000;
    const first = await start({ now: () => now });
    const db = await openDatabase({ file: join(first.dataDir, 'blob.db'), id: 'test', schema, engine });
    const [[begun] = []] = await db.writer.transact([beginContent(now)]);
    await db.writer.transact(addChunk({ contentId: Number(begun?.id), seq: 0, data: Buffer.alloc(10), now }));
    const second = await start({ now: () => now, dataDir: first.dataDir });
    await second.stop();
    assert.is(await counts(db), '1 contents, 1 chunks');
    now += 2 * 3_600_000;
    const third = await start({ now: () => now, dataDir: first.dataDir });
    await until(db, '0 contents, 0 chunks');
    await third.stop();
    await db.close();
    await first.stop();
  });

  test(`${engine.name}: a content that the disk has spoilt is not passed off as good`, async () => {
    const started = await start();
    await started.instance.write('a', content(100));
    const db = await openDatabase({ file: join(started.dataDir, 'blob.db'), id: 'test', schema, engine });
    await db.writer.transact([{ sql: 'UPDATE chunks SET data = ?1', values: [Buffer.alloc(100, 2)] }]);
    await db.close();
    const fault = await (async () => {
      for await (const _ of started.instance.read('a'));
    })().catch((e: Error) => e);
    assert.match(String(fault), /does not match its checksum/);
    await started.stop();
  });

  test(`${engine.name}: a full file refuses the blob, keeps the others and takes the next that fits`, async () => {
    const started = await start({ config: { file_bytes_max: 1_500_000n } });
    await started.instance.write('small', content(10));
    const fault = await started.instance.write('large', content(2_000_000)).catch((e: Error) => e);
    assert.match(String(fault), /no space left/);
    await started.instance.write('fits', content(300_000));
    assert.equal(await started.instance.list(), ['fits', 'small']);
    await started.stop();
  });
}

test.run();
