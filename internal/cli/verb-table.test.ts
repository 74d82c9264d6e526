/** Words to verbs, and the pages of help: longest match, groups, what is listed and what is not. */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { fields } from '../contract/field.ts';
import { defineCommand, type Plugin, verb } from '../contract/plugin.ts';
import { helpFor } from './help-for.ts';
import { commandWords, matchVerb } from './verb-table.ts';

const test = suite('cli: verb-table');
const load = async () => ({ run: async () => {} });
const simple = (words: string, summary = `Does ${words}`) => verb({ words, summary, load });

const run = verb({
  words: 'run',
  summary: 'Run a service',
  args: [
    { name: 'source', doc: 'Folder', required: true },
    { name: 'more', doc: 'More', rest: true },
  ],
  flags: fields({
    name: { type: 'string', doc: 'Name', short: 'n', default: 'x' },
    port: { type: 'int32', doc: 'Port', default: 0, env: 'MICRO_PORT' },
    wait: { type: 'bool', doc: 'Wait' },
    limit: { type: 'duration', doc: 'Limit', default: 5_000 },
    password: { type: 'string', doc: 'Password', default: 'secret', secret: true },
    output: { type: 'string', doc: 'Own output' },
  }),
  examples: ['micro run .'],
  load,
});

const register = verb({
  ...simple('registry register'),
  sharesWord: true,
  hidden: true,
  args: [{ name: 'name', doc: 'Name', required: true }],
  flags: fields({ address: { type: 'string', doc: 'Address', required: true }, ttl: { type: 'string', doc: 'TTL' } }),
});

const plugins: readonly Plugin[] = [
  defineCommand({ id: 'commands/run', summary: 'Runs', verbs: [run] }),
  defineCommand({
    id: 'commands/env',
    summary: 'Environments',
    verbs: [simple('env'), simple('env add'), verb({ ...simple('env secret'), hidden: true })],
  }),
  defineCommand({ id: 'commands/user', summary: 'Users', verbs: [simple('user token'), simple('user config get')] }),
  defineCommand({ id: 'commands/registry', summary: 'Registering', verbs: [register] }),
  defineCommand({ id: 'commands/dynamic', summary: 'Any', verbs: [verb({ ...simple('*'), hidden: true })] }),
];
const match = (...words: readonly string[]) => {
  const m = matchVerb(words, plugins);
  return m.kind === 'none' ? m.kind : [m.kind, m.kind === 'verb' ? m.verb.words : m.name, m.words.join(' ')];
};

test('the longest verb wins', () => {
  assert.equal(match('env'), ['verb', 'env', '']);
  assert.equal(match('env', 'add', 'x'), ['verb', 'env add', 'x']);
  assert.equal(match('env', 'x'), ['verb', 'env', 'x']);
});

test('a group without a verb of its own is a group, as deep as it goes', () => {
  assert.equal(match('user'), ['group', 'user', '']);
  assert.equal(match('user', 'config'), ['group', 'user config', '']);
  assert.equal(match('user', 'nope'), ['group', 'user', 'nope']);
  assert.equal(match('user', 'config', 'get', 'a'), ['verb', 'user config get', 'a']);
});

test('the star is never matched by its name', () => {
  assert.is(match('*'), 'none');
  assert.is(match('helloworld'), 'none');
});

test('help lists first words, sorted, without hidden ones', () =>
  assert.equal(commandWords(plugins), ['env', 'run', 'user']));

const page = (...words: readonly string[]) => helpFor(words, { plugins, version: '1.2.3' });

test('the page of a command', async () => {
  assert.is(
    await page('run'),
    `NAME:
   micro run - Run a service

USAGE:
   micro run [command options] SOURCE [MORE...]

ARGUMENTS:
   SOURCE  Folder
   MORE    More

OPTIONS:
   --name value, -n value  Name (default: "x")
   --port value            Port (default: 0) [$MICRO_PORT]
   --wait                  Wait (default: false)
   --limit value           Limit (default: 5s)
   --password value        Password (default: ***)
   --output value          Own output
   --help, -h              show help (default: false)

EXAMPLES:
   micro run .
`,
  );
});

test('the page of a group with a verb of its own', async () => {
  assert.is(
    await page('env'),
    `NAME:
   micro env - Environments

USAGE:
   micro env command [command options] [arguments...]

COMMANDS:
   add      Does env add
   help, h  Shows a list of commands or help for one command

OPTIONS:
   --output value, -o value  Output format: text or json
   --help, -h                show help (default: false)
`,
  );
});

test('a verb that shares its word with a service takes the lines that are meant for it, and has a page', async () => {
  for (const words of [['x'], ['x', '--ttl=1'], ['--address=a:1', 'x'], ['--address', 'a:1']])
    assert.equal(match('registry', 'register', ...words), ['verb', 'registry register', words.join(' ')]);
  for (const words of [['register'], ['register', '--help'], ['register', '--ttl=1'], [], ['--help'], ['getService']])
    assert.is(match('registry', ...words), 'none');
  assert.match((await page('registry', 'register')) ?? '', /--address value/);
  assert.match((await page('registry')) ?? '', /^ {3}register +Does registry register$/m);
});

test('the page of the program: between COMMANDS and GLOBAL OPTIONS only commands', async () => {
  const text = (await page()) ?? '';
  const listed = text
    .slice(text.indexOf('COMMANDS:') + 9, text.indexOf('GLOBAL OPTIONS:'))
    .split('\n')
    .filter((l) => l.trim());
  assert.equal(
    listed.map((l) => l.trim().split(/\s/)[0]),
    ['env', 'run', 'user', 'help,'],
  );
  assert.match(text, /VERSION:\n {3}v1\.2\.3\n/);
  for (const word of ['env', 'run', 'user']) assert.ok((await page(word))?.includes(`micro ${word} -`));
});

test('a word that is no command has no page', async () => {
  assert.is(await page('nope'), undefined);
  assert.is(await page('user', 'nope'), undefined);
});

test.run();
