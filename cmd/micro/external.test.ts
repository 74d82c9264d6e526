/** Programs on PATH: which words find one, and how it is run. */

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { findProgram, runExternal } from './external.ts';

const test = suite('cmd: external');
const folder = mkdtempSync(join(tmpdir(), 'micro-path-'));
const isWindows = process.platform === 'win32';
const env = { ...process.env, PATH: ['relative', join(folder, 'missing'), folder, process.env.PATH].join(delimiter) };
const signal = new AbortController().signal;

test.before(() => {
  const write = (name: string, text: string, mode: number): void => {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), mode);
  };
  write('micro-answer', '#!/bin/sh\nexit 42\n', 0o755);
  write('micro-args', '#!/bin/sh\n[ "$1" = "a b" ] && [ "$2" = "--x" ]\n', 0o755);
  write('micro-hang', '#!/bin/sh\nkill -TERM $$\n', 0o755);
  write('micro-data', 'text', 0o644);
  mkdirSync(join(folder, 'micro-folder'));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

for (const word of ['data', 'folder', 'missing', '', '.', '..', '../answer', 'a/b', '-x', 'answer\n'])
  test(`${JSON.stringify(word)} finds nothing`, () => assert.is(findProgram(word, env), undefined));

if (!isWindows) {
  test('an executable is found', () => assert.is(findProgram('answer', env), join(folder, 'micro-answer')));
  test('its exit code is ours', async () => assert.is(await runExternal(['answer'], { env, signal }), 42));
  test('it gets the other words as they are', async () =>
    assert.is(await runExternal(['args', 'a b', '--x'], { env, signal }), 0));
  test('a signal counts as in a shell', async () => assert.is(await runExternal(['hang'], { env, signal }), 143));
}

test('no program means no answer', async () => assert.is(await runExternal(['missing'], { env, signal }), undefined));

test.run();
