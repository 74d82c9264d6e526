/** The threads of node:sqlite: faults by name, answers in order, memory that is not the caller's, and a thread that ends unasked. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import type { SqliteConnection } from './connection.ts';
import { createGroupWriter } from './group-writer.ts';
import { connectThread, nodeSqliteEngine } from './node-sqlite-connection.ts';
import { faultCode, sqliteFault } from './sqlite-fault.ts';

const test = suite('node:sqlite connection');
let folder: string;
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'micro-sqlite-'));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

const open = (): Promise<SqliteConnection> => nodeSqliteEngine({ file: join(folder, 'a.db'), busyTimeoutMs: 50 });
const faultOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (e: unknown) => e,
  );

for (const c of [
  { sql: 'SELECT * FROM nowhere', code: 'SQLITE_ERROR' },
  { sql: 'CREATE TABLE one (x CHECK (x <> 1)); INSERT INTO one VALUES (1)', code: 'SQLITE_CONSTRAINT' },
  { sql: 'PRAGMA query_only = ON; CREATE TABLE two (x)', code: 'SQLITE_READONLY' },
])
  test(`names the fault ${c.code}`, async () => {
    const connection = await open();
    assert.is(faultCode(await faultOf(connection.execute(c.sql))), c.code);
    await connection.close();
  });

test('a folder as a file cannot be opened, and leaves no thread behind', async () => {
  assert.is(faultCode(await faultOf(nodeSqliteEngine({ file: folder, busyTimeoutMs: 50 }))), 'SQLITE_CANTOPEN');
});

test('a transaction that fails leaves nothing, and the next one works', async () => {
  const connection = await open();
  await connection.execute('CREATE TABLE three (x UNIQUE)');
  const twice = [1, 1].map((x) => ({ sql: 'INSERT INTO three VALUES (?1)', values: [x] }));
  assert.is(faultCode(await faultOf(connection.transact(twice))), 'SQLITE_CONSTRAINT');
  const [, rows] = await connection.transact([twice[0]!, { sql: 'SELECT x FROM three' }]);
  assert.equal(rows, [{ x: 1 }]);
  await connection.close();
});

test('sends the part of a larger buffer only, and leaves it to its owner', async () => {
  const connection = await open();
  const whole = Buffer.alloc(1_000_000, 7);
  for (const bytes of [10, 200_000]) {
    const [row] = await connection.query({ sql: 'SELECT ?1 AS x', values: [whole.subarray(5, 5 + bytes)] });
    assert.ok(Buffer.alloc(bytes, 7).equals(row?.x as Uint8Array));
  }
  assert.is(whole.byteLength, 1_000_000);
  await connection.close();
});

test('knows more statements than it keeps, and closes twice', async () => {
  const connection = await open();
  for (let i = 0; i < 200; i += 1) assert.equal(await connection.query({ sql: `SELECT ${i} AS n` }), [{ n: i }]);
  await Promise.all([connection.close(), connection.close()]);
  assert.match(String(await faultOf(connection.query({ sql: 'SELECT 1' }))), /thread of the database is gone/);
});

/** Answers the call that opens it, and then does as told. */
const failing = (what: string): Worker =>
  new Worker(
    `const { parentPort } = require('node:worker_threads');
     let n = 0;
     parentPort.on('message', () => { if (n++ === 0) return parentPort.postMessage({ results: [] }); ${what} });`,
    { eval: true },
  );

for (const c of [
  { name: 'throws', what: "throw new Error('broken inside')", reason: /broken inside/ },
  { name: 'ends', what: 'process.exit(3)', reason: /status 3/ },
])
  test(`a thread that ${c.name} fails what waits and what comes later, and closing it is no fault`, async () => {
    const connection = await connectThread(failing(c.what));
    const writer = createGroupWriter(connection, { id: 'test', file: 'a.db' });
    const steps = [{ sql: 'SELECT 1' }];
    const faults = await Promise.all([1, 2].map(() => faultOf(writer.transact(steps))));
    faults.push(await faultOf(writer.transact(steps)));
    for (const fault of faults) {
      assert.match(String(fault), /a\.db: the thread of the database is gone/);
      assert.match(String(fault), c.reason);
      assert.is(sqliteFault(fault, { id: 'test', file: 'a.db' }).code, 503);
    }
    await writer.drain();
    await connection.close();
  });

test('a thread that cannot start is an error, not a wait', async () => {
  const thread = new Worker("require('node:no-such-module')", { eval: true });
  assert.match(String(await faultOf(connectThread(thread))), /thread of the database is gone.*no-such-module/);
});

test('an open connection does not keep the process, and says nothing of experiments', () => {
  const program = `
    import { nodeSqliteEngine } from ${JSON.stringify(join(import.meta.dirname, 'node-sqlite-connection.ts'))};
    const connection = await nodeSqliteEngine({ file: ${JSON.stringify(join(folder, 'b.db'))}, busyTimeoutMs: 50 });
    console.log(JSON.stringify(await connection.query({ sql: 'SELECT 1 AS n' })));`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 20_000,
    env: { ...process.env, NODE_NO_WARNINGS: '0' },
  });
  assert.is(child.status, 0, child.stderr);
  assert.is(child.stdout.trim(), '[{"n":1}]');
  assert.is(child.stderr, '');
});

test.run();
