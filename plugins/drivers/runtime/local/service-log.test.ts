/** Logs of services: exact, ordered, bounded, and none the worse for a crash. */

import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { logFileBytesMax, logFilesMax } from '../../../../internal/contract/limits.ts';
import { suite } from '../../../../test/support/suite.ts';
import { openServiceLog, type ServiceLog } from './service-log.ts';

const test = suite('service log');

const inFolder = async (body: (file: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'micro-log-'));
  try {
    await body(join(folder, 'a', 'b.log'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const open = (file: string, o: { onError?: (e: unknown) => void } = {}): ServiceLog => {
  let now = 1_000;
  const onError = (e: unknown): void => {
    throw e;
  };
  return openServiceLog(file, { now: () => now++, onError, ...o });
};

const read = async (log: ServiceLog, lines = 0): Promise<readonly string[]> => {
  const found: string[] = [];
  for await (const { message } of log.read({ lines })) found.push(message);
  return found;
};

test('gives back what was added, with time and stream, at once and after a restart', () =>
  inFolder(async (file) => {
    const log = open(file);
    log.add('stdout', 'one');
    log.add('stderr', 'two "quoted" \n and ünïcode');
    const records = [];
    for await (const record of log.read({ lines: 0 })) records.push(record);
    assert.deepEqual(records, [
      { timestamp: 1_000, message: 'one', metadata: { stream: 'stdout' } },
      { timestamp: 1_001, message: 'two "quoted" \n and ünïcode', metadata: { stream: 'stderr' } },
    ]);
    await log.close();
    assert.deepEqual(await read(open(file)), ['one', 'two "quoted" \n and ünïcode']);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  }));

test('gives the last lines exactly', () =>
  inFolder(async (file) => {
    const log = open(file);
    for (let i = 0; i < 100; i += 1) log.add('stdout', String(i));
    assert.deepEqual(await read(log, 1), ['99']);
    assert.deepEqual(await read(log, 3), ['97', '98', '99']);
    assert.equal((await read(log, 1_000)).length, 100);
    assert.deepEqual(log.tail(2), ['98', '99']);
  }));

test('loses only the line that a crash has cut', () =>
  inFolder(async (file) => {
    const log = open(file);
    log.add('stdout', 'whole');
    await log.close();
    appendFileSync(file, '{"timestamp":1,"stream":"stdout","mess');
    const next = open(file);
    next.add('stdout', 'after');
    assert.deepEqual(await read(next), ['whole', 'after']);
    next.add('stdout', 'more');
    assert.deepEqual(await read(next), ['whole', 'after', 'more']);
  }));

test('rotates, keeps a bounded number of files, and reads over their edges', () =>
  inFolder(async (file) => {
    const log = open(file);
    const size = 64 * 1024;
    const count = Math.ceil(((logFilesMax + 2) * logFileBytesMax) / size);
    for (let i = 0; i < count; i += 1) {
      log.add('stdout', `${i} ${'x'.repeat(size)}`);
      if (i % 50 === 0) await log.flush();
    }
    await log.flush();
    assert.ok(existsSync(`${file}.${logFilesMax}`));
    assert.ok(!existsSync(`${file}.${logFilesMax + 1}`));
    const numbers = (await read(log, 300)).map((l) => Number(l.split(' ', 1)[0]));
    assert.deepEqual(
      numbers,
      Array.from({ length: 300 }, (_, i) => count - 300 + i),
    );
    await log.close();
    await log.remove();
    assert.ok(!existsSync(file) && !existsSync(`${file}.1`));
  }));

test('follows every line once, whatever is written meanwhile', () =>
  inFolder(async (file) => {
    const log = open(file);
    let n = 0;
    const timer = setInterval(() => {
      for (let i = 0; i < 7; i += 1) log.add('stdout', String(n++));
    });
    const follow = async (): Promise<readonly number[]> => {
      const leave = new AbortController();
      const seen: number[] = [];
      for await (const { message } of log.read({ lines: 0, follow: leave.signal })) {
        seen.push(Number(message));
        if (seen.length === 400) leave.abort();
      }
      return seen.slice(0, 400);
    };
    const wanted = Array.from({ length: 400 }, (_, i) => i);
    for (const seen of await Promise.all([follow(), follow(), follow()])) assert.deepEqual(seen, wanted);
    clearInterval(timer);
    await log.close();
  }));

test('ends followers when it is closed, with every line told', () =>
  inFolder(async (file) => {
    const log = open(file);
    log.add('stdout', 'first');
    const records = log.read({ lines: 0, follow: new AbortController().signal })[Symbol.asyncIterator]();
    assert.equal((await records.next()).value?.message, 'first');
    const next = records.next();
    log.add('stdout', 'last');
    await log.close();
    assert.equal((await next).value?.message, 'last');
    assert.equal((await records.next()).done, true);
    log.add('stdout', 'too late');
    assert.deepEqual(await read(log), ['first', 'last']);
  }));

test('tells faults of the disk and goes on', () =>
  inFolder(async (file) => {
    const faults: unknown[] = [];
    const log = open(join(file, '..', '..', '\0'), { onError: (e) => faults.push(e) });
    log.add('stdout', 'lost');
    await log.close();
    assert.equal(faults.length, 1);
    assert.deepEqual(log.tail(1), ['lost']);
  }));

test.run();
