/** The transcript engine: its parser, and that a wrong expectation really fails. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { formatTxtar, parseTxtar, runScript, splitWords } from './script.ts';
import { suite } from './suite.ts';

const test = suite('transcript engine');

for (const c of [
  { name: 'splits at blanks', line: 'exec  micro\tstatus', want: ['exec', 'micro', 'status'] },
  { name: 'keeps quoted blanks', line: "stdout 'a b'", want: ['stdout', 'a b'] },
  { name: 'reads two quotes as one', line: "x 'it''s'", want: ['x', "it's"] },
  { name: 'drops comments', line: 'exec a # b', want: ['exec', 'a'] },
  { name: 'keeps # inside a word', line: 'exec a#b', want: ['exec', 'a#b'] },
  { name: 'keeps an empty word', line: "exec ''", want: ['exec', ''] },
]) {
  test(c.name, () => assert.equal(splitWords(c.line), c.want));
}

test('refuses an unclosed quote', () => assert.throws(() => splitWords("a 'b"), /unclosed/));

test('parses and formats archives back to the same text', () => {
  const text = 'exec true\n-- a.txt --\none\n-- b/c.txt --\n';
  const archive = parseTxtar(text);
  assert.is(archive.files.get('a.txt'), 'one\n');
  assert.is(formatTxtar(archive), text);
});

const inFile = async (text: string, body: (file: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'micro-script-test-'));
  try {
    const file = join(folder, 'x.txtar');
    writeFileSync(file, text);
    await body(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const fails = async (text: string, why: RegExp): Promise<void> =>
  inFile(text, async (file) => {
    try {
      await runScript(file);
    } catch (e) {
      assert.match(String(e), why);
      return;
    }
    assert.unreachable('the script passed');
  });

test('runs lines that hold', () =>
  inFile(
    "exec sh -c 'echo hi; echo no >&2; cat b'\nstdout ^hi$\nstderr no\n! stdout no\nexists b\n! exists c\n-- b --\nx\n",
    async (f) => {
      assert.is((await runScript(f)).lines, 6);
    },
  ));

test('fails on an exit code', () => fails('exec false', /exit code 1/));
test('fails when a command succeeds that must not', () => fails('! exec true', /exit code 0/));
test('fails on missing output', () => fails('exec echo a\nstdout b', /no match for: b/));
test('fails on a different file', () => fails('exec echo a\ncmp stdout w\n-- w --\nb\n', /differ/));
test('fails on an unknown verb', () => fails('dance', /unknown verb: dance/));
test('names file and line', () => fails('exec true\nexec false', /x\.txtar:2/));

test('sees what a background command prints while it runs', () =>
  inFile(
    "exec node -e 'console.log(5 * 5); setInterval(Math.abs, 1000)' &\nbackground ^25$\nkill SIGTERM\nwait\ncode 128\n",
    async (file) => assert.is((await runScript(file)).lines, 5),
  ));
test('fails when nothing runs in the background', () => fails('background x', /nothing runs in the background/));

test('rewrites expected output when asked', () =>
  inFile('exec echo a\ncmp stdout w\n-- w --\nb\n', async (f) => {
    assert.is((await runScript(f, { update: true })).updatedText, 'exec echo a\ncmp stdout w\n-- w --\na\n');
  }));

test('says when it is skipped', () =>
  inFile('skip no reason to run\nexec false', async (f) =>
    assert.is((await runScript(f)).skipped, 'no reason to run'),
  ));

test.run();
