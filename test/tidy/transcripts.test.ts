/** Transcripts: every verb that help lists is used by at least one, and each file says in its first line what it shows. */

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { verbsOf } from '../../internal/cli/verb-table.ts';
import { plugins } from '../../plugins/index.gen.ts';
import { parseTxtar, splitWords } from '../support/script.ts';
import { suite } from '../support/suite.ts';
import { root } from './source-files.ts';

const test = suite('tidy: transcripts');

const transcripts = globSync('test/script/*.txtar', { cwd: root })
  .sort()
  .map((path) => ({ path, script: parseTxtar(readFileSync(join(root, path), 'utf8')).comment }));

/** The words behind `micro` of each line that runs it, flags before the command left out. */
const commandLines = (script: string): readonly string[] =>
  script
    .split('\n')
    .flatMap((line) => splitWords(line))
    .join(' ')
    .split(/(?<!\S)micro(?= )/)
    .slice(1)
    .map((rest) => rest.trim().replace(/^(-\S+( (?!-)\S+(?= \S))?? )*/, ''));

const uses = (script: string, words: string): boolean =>
  commandLines(script).some((line) => line === words || line.startsWith(`${words} `));

test('reads the command behind global flags', () => {
  assert.ok(uses("! exec micro -x=1 env check 'a b'", 'env check'));
  assert.ok(uses("until 'micro status' running", 'status'));
  assert.not.ok(uses('exec micro env # micro status', 'status'));
  assert.not.ok(uses('exec micro services', 'service'));
});

test('every listed verb is in a transcript', () => {
  const lacking = verbsOf(plugins)
    .filter(({ verb }) => !verb.hidden && !transcripts.some(({ script }) => uses(script, verb.words)))
    .map(({ verb }) => verb.words);
  assert.equal(lacking, []);
});

test('each says first what it shows', () => {
  assert.equal(
    transcripts.filter(({ script }) => !/^# \S.*\.\n/.test(script)).map(({ path }) => path),
    [],
  );
});

test.run();
