/** Folder locks: one holder at a time, conflicts between parts and the whole, dead holders give way. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { type FolderLock, isHolder, type LockHolder, lockFolder } from './folder-lock.ts';
import { startTimeOf } from './process-identity.ts';

const test = suite('process: folder-lock');
let folder: string;
test.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'micro-lock-'));
});
const done = (): void => rmSync(folder, { recursive: true, force: true });

const lock = (name = 'lock', conflicts: (other: string) => boolean = () => true): FolderLock | LockHolder =>
  lockFolder({ folder, name, conflicts });
const taken = (x: FolderLock | LockHolder): FolderLock => {
  assert.not.ok(isHolder(x), JSON.stringify(x));
  return x as FolderLock;
};

test('the second is told who the first is; after a release the way is free', () => {
  const first = taken(lock());
  assert.equal(lock(), { pid: process.pid, name: 'lock' });
  first.release();
  first.release();
  taken(lock()).release();
  assert.equal(readdirSync(folder), []);
  done();
});

test('the lock is for this user and names process and start', () => {
  const held = taken(lock());
  assert.equal(JSON.parse(readFileSync(join(folder, 'lock'), 'utf8')), {
    pid: process.pid,
    started: startTimeOf(process.pid),
  });
  held.release();
  done();
});

test('a part and the whole exclude each other, two parts do not', () => {
  const part = taken(lock('lock-store', (other) => other === 'lock'));
  assert.equal(lock(), { pid: process.pid, name: 'lock-store' });
  const other = taken(lock('lock-auth', (name) => name === 'lock'));
  part.release();
  other.release();
  const whole = taken(lock());
  assert.equal(
    lock('lock-store', (name) => name === 'lock'),
    { pid: process.pid, name: 'lock' },
  );
  whole.release();
  done();
});

const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid;

for (const [title, text] of [
  ['of a process that is gone', () => JSON.stringify({ pid: deadPid(), started: '1' })],
  ['of a process whose number was given away', () => JSON.stringify({ pid: process.pid, started: '1' })],
  ['that is damaged', () => '{"pid":'],
  ['that is empty', () => ''],
  ['with a foolish number', () => JSON.stringify({ pid: -1 })],
] as const)
  test(`a lock ${title} is taken over`, () => {
    if (process.platform !== 'linux' && title.includes('given away')) return done();
    writeFileSync(join(folder, 'lock'), text());
    taken(lock()).release();
    assert.not.ok(existsSync(join(folder, 'lock')));
    done();
  });

test('a lock that somebody else has taken since is left alone', () => {
  const held = taken(lock());
  writeFileSync(join(folder, 'lock'), '{"pid":1}');
  held.release();
  assert.ok(existsSync(join(folder, 'lock')));
  done();
});

test.run();
