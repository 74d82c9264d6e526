/** The bash script, in a real bash: it offers words, words below words, and flags. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../../../test/support/suite.ts';

const test = suite('completion');
const main = join(import.meta.dirname, '../../../cmd/micro/main.ts');

const script = (shell: string): string => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'completion', shell], { encoding: 'utf8' });
  assert.is(status, 0, stderr);
  return stdout;
};

/** What bash would offer for the last of these words. */
const offered = (...words: readonly string[]): readonly string[] => {
  const body = `eval "$SCRIPT"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _micro; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { ...process.env, SCRIPT: script('bash') };
  const { stdout, stderr } = spawnSync('bash', ['-c', body, 'bash', ...words], { encoding: 'utf8', env });
  assert.is(stderr, '');
  return stdout.split('\n').filter((line) => line !== '');
};

for (const c of [
  { name: 'commands', words: ['micro', 'stat'], want: ['status'] },
  { name: 'commands below a command', words: ['micro', 'env', 'ch'], want: ['check'] },
  { name: 'commands two below a command', words: ['micro', 'auth', 'create', 'r'], want: ['rule'] },
  { name: 'flags, past other flags', words: ['micro', 'run', '--force', '--wa'], want: ['--wait'] },
  { name: 'nothing for what is no command', words: ['micro', 'nosuch', 'x'], want: [] },
]) {
  test(`bash offers ${c.name}`, () => assert.equal(offered(...c.words), c.want));
}

test('the other scripts name the same words', () => {
  for (const shell of ['zsh', 'fish']) assert.match(script(shell), /add check del get list set/);
});

test.run();
