/** Every command that `micro help` lists has a help page that names it, with and without a word below it; no server is needed. */

import { rmSync } from 'node:fs';
import * as assert from 'uvu/assert';

import { verbsOf } from '../../internal/cli/verb-table.ts';
import { plugins } from '../../plugins/index.gen.ts';
import { runMicro } from '../support/server.ts';
import { tempFolder } from '../support/service-folder.ts';
import { suite } from '../support/suite.ts';

const test = suite('script: helps');
const home = tempFolder();
test.after(() => rmSync(home, { recursive: true, force: true }));

const help = async (args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await runMicro(args, { cwd: home, env: { ...process.env, HOME: home } });
  assert.is(code, 0, `micro ${args.join(' ')}: ${stderr}`);
  assert.is(stderr, '');
  return stdout;
};

test('each listed command explains itself, and none is left out', async () => {
  const page = await help(['help']);
  const [, commands = ''] = /\nCOMMANDS:\n([\s\S]*?)\nGLOBAL OPTIONS:/.exec(page) ?? [];
  const words = [...commands.matchAll(/^ +(\w+)/gm)].map(([, word = '']) => word).filter((word) => word !== 'help');
  for (const word of words) {
    const text = await help([word, '--help']);
    assert.match(text, /^NAME:\n/);
    assert.ok(text.includes(`micro ${word} -`), `micro ${word} --help has no line: micro ${word} - …`);
  }
  const shown = verbsOf(plugins).filter(({ verb }) => !verb.hidden);
  const first = shown.map(({ verb }) => verb.words.split(' ')[0] ?? '').filter((word) => word !== 'help');
  assert.equal([...new Set(words)].sort(), [...new Set(first)].sort());
});

for (const { verb } of verbsOf(plugins)) {
  const words = verb.words.split(' ');
  if (verb.hidden || words.length < 2) continue;
  test(`micro ${verb.words} --help names it, its arguments and its flags`, async () => {
    const text = await help([...words, '--help']);
    assert.ok(text.includes(`   micro ${verb.words} - ${verb.summary}\n`));
    for (const flag of Object.keys(verb.flags ?? {})) assert.ok(text.includes(`--${flag}`), flag);
    for (const arg of verb.args ?? []) assert.ok(text.includes(arg.name.toUpperCase()), arg.name);
  });
}

test.run();
