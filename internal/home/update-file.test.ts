/** Tests of rewriting a file under a lock: what happens when the lock is lost on the way, and when it is held for long. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { ExitError } from '../contract/error.ts';
import { updateFile } from './update-file.ts';

const test = suite('update file');
const dir = mkdtempSync(join(tmpdir(), 'micro-test-'));
const file = join(dir, 'file');
const lock = `${file}.lock`;
test.each(() => writeFileSync(file, 'old'));
test.after(() => rmSync(dir, { recursive: true, force: true }));

test('a change is asked again when another process took the lock and wrote meanwhile', async () => {
  const seen: (string | undefined)[] = [];
  await updateFile(file, (text) => {
    seen.push(text);
    if (seen.length === 1) {
      // As after a long sleep of the machine: the lock counted as left behind, and its next holder is done already.
      rmSync(lock);
      writeFileSync(file, 'theirs');
    }
    return `${text}+ours`;
  });
  assert.equal(seen, ['old', 'theirs']);
  assert.is(readFileSync(file, 'utf8'), 'theirs+ours');
  assert.equal(readdirSync(dir), ['file']);
});

test('a change that does more than compute is asked once', async () => {
  let asked = 0;
  const change = (): string => {
    asked += 1;
    rmSync(lock);
    return 'ours';
  };
  await updateFile(file, change, { once: true });
  assert.is(asked, 1);
  assert.is(readFileSync(file, 'utf8'), 'ours');
});

test('the lock of whoever took it is left alone', async () => {
  const taken = new AbortController();
  const changed = updateFile(
    file,
    (text) => {
      writeFileSync(lock, 'another process\n');
      setImmediate(() => taken.abort());
      return `${text}+ours`;
    },
    { signal: taken.signal },
  );
  assert.is((await changed.catch((e: unknown) => e as Error))?.name, 'AbortError', 'it waits for the other one');
  assert.is(readFileSync(lock, 'utf8'), 'another process\n');
  assert.is(readFileSync(file, 'utf8'), 'old');
  rmSync(lock);
  assert.equal(readdirSync(dir), ['file']);
});

test('what the system refuses is an error that names the file', async () => {
  const below = join(file, 'below');
  const error = await updateFile(below, () => 'text').catch((e: unknown) => e);
  assert.ok(error instanceof ExitError);
  assert.ok(error.message.startsWith(`cannot write ${below}: `), error.message);
});

test('no change writes nothing and leaves no lock', async () => {
  await updateFile(file, (text = '') => text);
  assert.equal(readdirSync(dir), ['file']);
});

test('many at once all count', async () => {
  await Promise.all(Array.from({ length: 20 }, () => updateFile(file, (text) => `${text}.`)));
  assert.is(readFileSync(file, 'utf8'), `old${'.'.repeat(20)}`);
  assert.equal(readdirSync(dir), ['file']);
});

test.run();
