/** Which engine is taken, and that one file never has both in one process. */

import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as assert from 'uvu/assert';

import { silentLog } from '../../test/support/start-driver.ts';
import { suite } from '../../test/support/suite.ts';
import { isMicroError } from '../contract/error.ts';
import type { LogFields, Logger } from '../contract/logger.ts';
import { openDatabase } from './database.ts';
import { addonEngine, chooseEngine, nodeEngine } from './engine-choice.ts';

const test = suite('engine choice');
const schema = ['CREATE TABLE t (x ANY) STRICT'];
const noAddon = (): Promise<unknown> => Promise.reject(new Error('no such addon\nlooked in many places'));

const recordingLog = (lines: string[]): Logger => ({
  ...silentLog,
  info: (message: string, fields?: LogFields) => lines.push(`${message}: ${fields?.reason}`),
});

for (const c of [
  { wanted: 'auto', addon: true, takes: 'addon', lines: 0 },
  { wanted: 'auto', addon: false, takes: 'node', lines: 1 },
  { wanted: 'node', addon: true, takes: 'node', lines: 0 },
  { wanted: 'node', addon: false, takes: 'node', lines: 0 },
  { wanted: 'addon', addon: true, takes: 'addon', lines: 0 },
])
  test(`${c.wanted} takes ${c.takes} where the addon ${c.addon ? 'loads' : 'does not load'}`, async () => {
    const lines: string[] = [];
    const load = c.addon ? async () => ({}) : noAddon;
    const engine = await chooseEngine({ wanted: c.wanted, id: 'test', log: recordingLog(lines), load });
    assert.is(engine.name, c.takes);
    assert.is(lines.length, c.lines);
    if (c.lines > 0) assert.match(lines[0] ?? '', /cannot be loaded, Node's own SQLite is used: no such addon$/);
  });

test('the addon asked for by name and not there is an error that names the way out', async () => {
  const fault = await chooseEngine({ wanted: 'addon', id: 'test', log: silentLog, load: noAddon }).catch((e) => e);
  assert.ok(isMicroError(fault));
  assert.is(fault.code, 503);
  assert.match(fault.detail, /sqlite3 addon cannot be loaded: no such addon$/);
  assert.match(String((fault as { hint?: string }).hint), /MICRO_SQLITE_ENGINE=node/);
});

test('a file open with one engine is refused to the other, under any name, until it is closed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'micro-sqlite-'));
  const [file, alias] = [join(folder, 'a.db'), join(folder, 'b.db')];
  const o = { id: 'test', schema };
  const one = await openDatabase({ ...o, file, engine: addonEngine });
  symlinkSync(file, alias);
  for (const name of [file, alias]) {
    const fault = await openDatabase({ ...o, file: name, engine: nodeEngine }).catch((e) => e);
    assert.ok(isMicroError(fault));
    assert.is(fault.code, 409);
    assert.match(fault.detail, /open with the other SQLite engine/);
  }
  const same = await openDatabase({ ...o, file: alias, engine: addonEngine });
  await one.close();
  assert.match(String(await openDatabase({ ...o, file, engine: nodeEngine }).catch((e) => e)), /other SQLite engine/);
  await same.close();
  const other = await openDatabase({ ...o, file, engine: nodeEngine });
  await other.close();
  rmSync(folder, { recursive: true, force: true });
});

test('what one engine wrote, the other reads', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'micro-sqlite-'));
  const file = join(folder, 'a.db');
  const values = [1, -5, 2 ** 40, 2 ** 53 + 2, 1.5, 'a\0ü', Buffer.from([0, 255]), null, '', new Uint8Array(0)];
  for (const [writer, reader] of [
    [addonEngine, nodeEngine],
    [nodeEngine, addonEngine],
  ] as const) {
    const db = await openDatabase({ file, id: 'test', schema, engine: writer });
    await db.writer.transact([
      { sql: 'DELETE FROM t' },
      ...values.map((value) => ({ sql: 'INSERT INTO t VALUES (?1)', values: [value] })),
    ]);
    await db.close();
    const again = await openDatabase({ file, id: 'test', schema, engine: reader });
    const rows = await again.reader.query({ sql: 'SELECT x FROM t ORDER BY rowid' });
    assert.equal(
      rows.map((row) => (row.x instanceof Uint8Array ? Buffer.from(row.x) : row.x)),
      values.map((value) => (value instanceof Uint8Array ? Buffer.from(value) : value)),
    );
    await again.close();
  }
  rmSync(folder, { recursive: true, force: true });
});

test.run();
