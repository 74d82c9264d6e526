/** What a database file must do with either engine: grouping, durability under kill -9, full disks, damaged and foreign files, two processes. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as assert from 'uvu/assert';

import { isMicroError } from '../../internal/contract/error.ts';
import { storeQueueMax } from '../../internal/contract/limits.ts';
import type { DatabaseEngine, Engine, Step } from '../../internal/sqlite/connection.ts';
import { type Database, type DatabaseOptions, openDatabase } from '../../internal/sqlite/database.ts';
import { addonEngine, nodeEngine } from '../../internal/sqlite/engine-choice.ts';
import type { PackedStatement } from '../../internal/sqlite/group-writer.ts';
import { unpackedColumns } from '../../internal/sqlite/packed-rows.ts';
import { suite } from '../support/suite.ts';

const schema = ['CREATE TABLE t (k BLOB PRIMARY KEY, v BLOB NOT NULL, n INTEGER CHECK (n <> 13)) STRICT'];
const columns = ['bytes', 'bytes', 'int'] as const;
const upsert: PackedStatement = {
  columns,
  sql: `INSERT INTO t SELECT ${unpackedColumns(columns).join(', ')} FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET v = excluded.v, n = excluded.n`,
};
const lookUp: PackedStatement = {
  columns: ['bytes'],
  sql: `SELECT e.key AS i, t.* FROM json_each(?1) AS e CROSS JOIN t ON t.k = substr(?2, e.value->>0, e.value->>1)`,
};

/** A process that writes keys `<name>/<n>` for ever and names each after its acknowledgement. */
const startWriter = (file: string, name: string, o: { engine: DatabaseEngine; shell?: string }) => {
  const program = join(import.meta.dirname, '../support/sqlite-writer.ts');
  const how = o.shell === undefined ? { execArgv: ['--no-warnings'] } : { execArgv: [], execPath: o.shell };
  const child = fork(program, [file, name, o.engine.name], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], ...how });
  const acked: string[] = [];
  const faults: string[] = [];
  child.on('message', (m: { acked?: string; fault?: string }) => {
    if (m.acked !== undefined) acked.push(m.acked);
    if (m.fault !== undefined) faults.push(m.fault);
  });
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await once(child, 'message');
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const closed = once(child, 'exit');
    child.kill(signal);
    await closed;
  };
  return { acked, faults, until, end };
};

const put = (db: Database, key: string, n = 1, value: Uint8Array = Buffer.from('v')): Promise<void> =>
  db.writer.write(upsert, [Buffer.from(key), value, n]);
const keysOf = async (db: Database): Promise<string[]> =>
  (await db.reader.query({ sql: 'SELECT k FROM t ORDER BY k' })).map((row) =>
    Buffer.from(row.k as Uint8Array).toString(),
  );

const faultOf = async (work: Promise<unknown>) => {
  try {
    await work;
  } catch (e) {
    if (isMicroError(e)) return e;
    throw e;
  }
  throw new Error('nothing was refused');
};

const missingFrom = async (db: Database, acked: readonly string[]): Promise<string[]> => {
  const present = new Set(await keysOf(db));
  return acked.filter((key) => !present.has(key));
};

/** Declares and runs the suite; the caller's file holds nothing else. */
export const testDatabase = (engine: DatabaseEngine): void => {
  const test = suite(`database: ${engine.name}`);
  const folders: string[] = [];
  const freshFile = (): string => {
    const folder = mkdtempSync(join(tmpdir(), 'micro-sqlite-'));
    folders.push(folder);
    return join(folder, 'test.db');
  };
  test.after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  const open = (o: Partial<DatabaseOptions> = {}): Promise<Database> =>
    openDatabase({ file: freshFile(), id: 'test', schema, engine, ...o });
  /** An engine that notes the steps of each transaction. */
  const recording =
    (log: Step[][]): Engine =>
    async (o) => {
      const connection = await engine.connect(o);
      const transact: typeof connection.transact = (steps) => {
        log.push([...steps]);
        return connection.transact(steps);
      };
      return { ...connection, transact };
    };

  test('commits the writes of one tick as one transaction of one statement', async () => {
    const log: Step[][] = [];
    const db = await open({ engine: { ...engine, connect: recording(log) } });
    await Promise.all(Array.from({ length: 100 }, (_, i) => put(db, `k${i}`)));
    assert.is(log.length, 1);
    assert.is(log[0]?.length, 1);
    assert.is((await keysOf(db)).length, 100);
    await db.close();
  });

  test('a bad row fails alone, its neighbours are written', async () => {
    const db = await open();
    const done = await Promise.allSettled([put(db, 'a'), put(db, 'bad', 13), put(db, 'c')]);
    assert.equal(
      done.map((d) => d.status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.equal(await keysOf(db), ['a', 'c']);
    await db.close();
  });

  test('answers each look-up of a group with its own row', async () => {
    const db = await open();
    await Promise.all([put(db, 'a', 1), put(db, 'b', 2)]);
    const rows = await Promise.all(['b', 'missing', 'a', 'b'].map((k) => db.reader.lookUp(lookUp, [Buffer.from(k)])));
    assert.equal(
      rows.map((row) => row?.n),
      [2, undefined, 1, 2],
    );
    await db.close();
  });

  test('refuses more than storeQueueMax writes, and goes on afterwards', async () => {
    const db = await open();
    const all = Array.from({ length: storeQueueMax + 5 }, (_, i) => put(db, `k${i}`));
    const done = await Promise.allSettled(all);
    const refusals = done.filter((d) => d.status === 'rejected');
    assert.is(refusals.length, 5);
    assert.match(String(refusals[0]?.reason.detail), /storeQueueMax/);
    await put(db, 'after');
    assert.is((await keysOf(db)).length, storeQueueMax + 1);
    await db.close();
  });

  test('withdraws a write whose caller left before its group was on the way', async () => {
    const db = await open();
    const abort = new AbortController();
    const left = db.writer.write(upsert, [Buffer.from('left'), Buffer.from('v'), 1], abort.signal);
    const stays = put(db, 'stays');
    abort.abort();
    assert.is((await left.catch((e: Error) => e))?.name, 'AbortError');
    await stays;
    assert.equal(await keysOf(db), ['stays']);
    await db.close();
  });

  test('a full file refuses what does not fit and keeps the rest', async () => {
    const db = await open({ fileBytesMax: 20 * 4096 });
    await put(db, 'small before');
    const large = await faultOf(put(db, 'large', 1, Buffer.alloc(200_000)));
    assert.is(large.code, 507);
    assert.match(large.detail, /no space left/);
    const [big, small] = await Promise.allSettled([
      put(db, 'large', 1, Buffer.alloc(200_000)),
      put(db, 'small beside'),
    ]);
    assert.is(big?.status, 'rejected');
    assert.is(small?.status, 'fulfilled');
    await put(db, 'small after');
    assert.equal(await keysOf(db), ['small after', 'small before', 'small beside']);
    await db.close();
  });

  test('closes after what was accepted, refuses what comes later', async () => {
    const file = freshFile();
    const db = await open({ file });
    const last = put(db, 'last');
    await Promise.all([db.close(), db.close()]);
    await last;
    assert.is((await faultOf(put(db, 'late'))).code, 503);
    assert.is((await faultOf(db.reader.query({ sql: 'SELECT 1' }))).code, 503);
    const again = await open({ file });
    assert.equal(await keysOf(again), ['last']);
    await again.close();
  });

  test('the file is private to its owner', async () => {
    if (process.platform === 'win32') return;
    const file = freshFile();
    const db = await open({ file });
    await put(db, 'a');
    assert.is(statSync(file).mode & 0o777, 0o600);
    assert.is(statSync(`${file}-wal`).mode & 0o777, 0o600);
    await db.close();
  });

  for (const c of [
    { name: 'a file that is no database', content: Buffer.from('hello world '.repeat(100)) },
    { name: 'a damaged header', content: Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(4080, 0xaa)]) },
  ])
    test(`names ${c.name} and the way out, and leaves it alone`, async () => {
      const file = freshFile();
      writeFileSync(file, c.content);
      const fault = await faultOf(open({ file }));
      assert.is(fault.code, 500);
      assert.ok(fault.detail.includes(file), fault.detail);
      assert.match(fault.detail, /damaged/);
      assert.match(String(fault.hint), /mv .*\.damaged/);
      assert.ok(readFileSync(file).equals(c.content));
    });

  test('names a file damaged behind its header when the damage is met', async () => {
    const file = freshFile();
    const db = await open({ file });
    for (let i = 0; i < 50; i += 1) await put(db, `k${i}`, 1, Buffer.alloc(2_000));
    await db.close();
    const content = readFileSync(file);
    content.fill(0x5a, 4096);
    writeFileSync(file, content);
    const again = await open({ file });
    const fault = await faultOf(again.reader.query({ sql: 'SELECT count(k), sum(length(v)) FROM t' }));
    assert.match(fault.detail, /damaged/);
    assert.ok(fault.detail.includes(file));
    await again.close();
  });

  test('refuses the database of another program', async () => {
    const file = freshFile();
    const other = await engine.connect({ file, busyTimeoutMs: 100 });
    await other.execute('CREATE TABLE theirs (x)');
    await other.close();
    assert.match((await faultOf(open({ file }))).detail, /not a database of micro/);
  });

  test('brings an older file to its version and refuses a newer one', async () => {
    const file = freshFile();
    const old = await open({ file });
    await put(old, 'kept');
    await old.close();
    const newer = await open({ file, schema: [...schema, 'CREATE TABLE u (x)'] });
    assert.equal(await keysOf(newer), ['kept']);
    await newer.close();
    assert.match((await faultOf(open({ file }))).detail, /made by a newer version of micro/);
  });

  test('a schema step that fails leaves the version as it was', async () => {
    const file = freshFile();
    await (await open({ file })).close();
    await faultOf(open({ file, schema: [...schema, 'CREATE TABLE u (x); CREATE TABLE u (x)'] }));
    const again = await open({ file, schema: [...schema, 'CREATE TABLE u (x)'] });
    await again.close();
  });

  test('says so when another process holds the lock', async () => {
    const file = freshFile();
    const db = await open({ file, busyTimeoutMs: 50 });
    const other = await engine.connect({ file, busyTimeoutMs: 50 });
    await other.execute('BEGIN IMMEDIATE');
    const fault = await faultOf(put(db, 'a'));
    assert.is(fault.code, 503);
    assert.match(fault.detail, /locked by another process/);
    await other.execute('ROLLBACK');
    await other.close();
    await put(db, 'a');
    await db.close();
  });

  test('cannot open a folder that is not there to write', async () => {
    const fault = await faultOf(open({ file: '/proc/micro/test.db' }));
    assert.ok(fault.detail.includes('/proc/micro'), fault.detail);
  });

  test('kill -9 loses nothing that was acknowledged', async () => {
    const file = freshFile();
    const acked: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      const writer = startWriter(file, `r${round}`, { engine });
      await writer.until(() => writer.acked.length > 200 + round * 37);
      await writer.end('SIGKILL');
      acked.push(...writer.acked);
      const db = await open({ file });
      assert.equal(await missingFrom(db, acked), []);
      const [check] = await db.reader.query({ sql: 'PRAGMA integrity_check' });
      assert.is(check?.integrity_check, 'ok');
      await db.close();
    }
  });

  for (const other of [addonEngine, nodeEngine])
    test(`two processes write to one file, the other on the ${other.name} engine, and one of them dies`, async () => {
      const file = freshFile();
      const [one, two] = [startWriter(file, 'one', { engine }), startWriter(file, 'two', { engine: other })];
      await Promise.all([one.until(() => one.acked.length > 200), two.until(() => two.acked.length > 200)]);
      await one.end('SIGKILL');
      await two.until(() => two.acked.length > 600);
      await two.end('SIGKILL');
      assert.equal([...one.faults, ...two.faults], []);
      const db = await open({ file });
      assert.equal(await missingFrom(db, [...one.acked, ...two.acked]), []);
      await db.close();
    });

  test('a disk that takes no more bytes fails writes by name, the process lives and nothing is lost', async () => {
    if (process.platform === 'win32') return;
    const file = freshFile();
    // A real limit of the operating system on the size of files (in KiB), set in the shell that becomes the writer.
    const shell = join(folders.at(-1)!, 'limited.sh');
    writeFileSync(shell, `#!/bin/sh\nulimit -f 2048\nexec "${process.execPath}" --no-warnings "$@"\n`, { mode: 0o700 });
    const writer = startWriter(file, 'limited', { engine, shell });
    await writer.until(() => writer.faults.length > 20);
    await writer.end('SIGKILL');
    assert.match(writer.faults[0] ?? '', /no space left|disk fault/);
    const db = await open({ file });
    assert.equal(await missingFrom(db, writer.acked), []);
    await put(db, 'goes on');
    await db.close();
  });

  test.run();
};
