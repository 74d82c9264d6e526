/** The command line from outside, without any server: which words lead where, on which stream, with which exit code. */

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import * as assert from 'uvu/assert';

import { runMicro } from '../../test/support/server.ts';
import { suite } from '../../test/support/suite.ts';

const test = suite('cmd: dispatch');
const home = mkdtempSync(join(tmpdir(), 'micro-dispatch-'));
test.after(() => rmSync(home, { recursive: true, force: true }));

const micro = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runMicro(args, { cwd: home, env: { PATH: process.env.PATH, HOME: home, MICRO_PROXY: '127.0.0.1:9', ...env } });

interface Case {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly code: number;
  readonly out?: RegExp;
  readonly err?: RegExp;
}

const nothing = /^$/;
const cases: Readonly<Record<string, Case>> = {
  'no words': {
    args: [],
    code: 1,
    out: nothing,
    err: /^No command provided to micro\. Please refer to 'micro --help'\n$/,
  },
  '--help': { args: ['--help'], code: 0, out: /^NAME:\n {3}micro - .*\n[\s\S]*GLOBAL OPTIONS:/, err: nothing },
  '-h': { args: ['-h'], code: 0, out: /^NAME:/, err: nothing },
  help: { args: ['help'], code: 0, out: /^NAME:/, err: nothing },
  'h for help': { args: ['h', 'version'], code: 0, out: /micro version - / },
  '--version': { args: ['--version'], code: 0, out: /^micro version v\d+\.\d+\.\d+\n$/, err: nothing },
  '-v': { args: ['-v'], code: 0, out: /^micro version v/ },
  version: { args: ['version'], code: 0, out: /^micro version v\d+\.\d+\.\d+\n$/, err: nothing },
  'version as JSON': { args: ['version', '--output', 'json'], code: 0, out: /^\{\n\t"version": "v/ },
  'JSON asked for before the word': { args: ['--output=json', 'version'], code: 0, out: /^\{\n\t"version": "v/ },
  'another format': {
    args: ['version', '-o', 'yaml'],
    code: 1,
    out: nothing,
    err: /^unknown output format: yaml\nformats: text, json\n$/,
  },
  'help of a command': { args: ['run', '--help'], code: 0, out: /^NAME:\n {3}micro run - /, err: nothing },
  'help asked for behind positionals': { args: ['run', '.', '--help'], code: 0, out: /^NAME:\n {3}micro run - / },
  'help of nothing': { args: ['help', 'nope'], code: 3, out: nothing, err: /^No help topic for 'nope'\n$/ },
  'help flag before the word': { args: ['--help', 'version'], code: 0, out: /micro version - / },
  'a group': { args: ['get'], code: 0, out: /^NAME:\n {3}micro get - [\s\S]*COMMANDS:\n {3}service /, err: nothing },
  'help of a group': { args: ['get', '--help'], code: 0, out: /^NAME:\n {3}micro get - /, err: nothing },
  'unknown word in a group of v3': {
    args: ['get', 'servce'],
    code: 3,
    out: nothing,
    err: /^No help topic for 'servce'\ndid you mean micro get service\?\n$/,
  },
  'unknown word in a group of ours': {
    args: ['plugin', 'lst'],
    code: 1,
    out: nothing,
    err: /^Unrecognized subcommand for micro plugin: lst\. Please refer to 'micro plugin --help'\ndid you mean micro plugin list\?\n$/,
  },
  'missing arguments': { args: ['call'], code: 0, out: /^NAME:\n {3}micro call - /, err: nothing },
  'unknown flag': {
    args: ['status', '--tpye=x'],
    code: 1,
    out: nothing,
    err: /^Incorrect Usage: flag provided but not defined: -tpye\ndid you mean --type\?\n$/,
  },
  'unknown flag before the word': {
    args: ['--profil=x', 'status'],
    code: 1,
    out: nothing,
    err: /not defined: -profil\ndid you mean --profile\?\n$/,
  },
  'unknown profile': {
    args: ['--profile=servr', 'version'],
    code: 1,
    out: nothing,
    err: /^profile servr does not exist\ndid you mean server\?\n$/,
  },
  'unknown driver': {
    args: ['--store=memroy', 'version'],
    code: 1,
    out: nothing,
    err: /^no driver for store is called memroy\ndid you mean --store=memory\?\n$/,
  },
  'unknown log level': {
    args: ['version'],
    env: { MICRO_LOG_LEVEL: 'loud' },
    code: 1,
    out: nothing,
    err: /^unknown log level: loud\n/,
  },
  'no server': {
    args: ['status'],
    code: 4,
    out: nothing,
    err: /^Failed to connect to micro server at 127\.0\.0\.1:9\n/,
  },
  'no server for an unknown word': {
    args: ['asdasd'],
    code: 4,
    out: nothing,
    err: /^Failed to connect to micro server at 127\.0\.0\.1:9\n/,
  },
  'the plan of a profile': {
    args: ['plugin', 'graph', '--profile=test'],
    code: 0,
    out: /drivers\/store\/memory[\s\S]*services\/proxy/,
  },
  'settings and where they come from': {
    args: ['plugin', 'config', 'services/proxy'],
    env: { MICRO_PROXY_ADDRESS: '127.0.0.1:5' },
    code: 0,
    out: /address\s+127\.0\.0\.1:5\s+env\s+MICRO_PROXY_ADDRESS/,
  },
  'loads are traced': {
    args: ['plugin', 'list'],
    env: { MICRO_TRACE: 'load' },
    code: 0,
    err: /^load: commands\/plugin \(plugin list\) [\d.]+ ms\n$/,
  },
  'server with words': { args: ['server', 'now'], code: 1, out: /^NAME:\n {3}micro server - /, err: nothing },
  'server off loopback': {
    args: ['server', '--api_address=0.0.0.0:8080'],
    code: 1,
    out: nothing,
    err: /^api: 0\.0\.0\.0:8080 is off loopback and has no TLS: add --api_enable_tls/,
  },
  'server under a client profile': {
    args: ['--profile=client', 'server'],
    code: 1,
    out: nothing,
    err: /^profile client starts nothing\n/,
  },
  'unknown core service': {
    args: ['service', 'regstry'],
    code: 1,
    out: nothing,
    err: /^there is no core service regstry\ndid you mean micro service registry\?\n$/,
  },
};

for (const [title, { args, env, code, out, err }] of Object.entries(cases))
  test(title, async () => {
    const got = await micro(args, env);
    assert.is(got.code, code, `${got.stdout}${got.stderr}`);
    if (out !== undefined) assert.match(got.stdout, out);
    if (err !== undefined) assert.match(got.stderr, err);
  });

test('every command of the root help has a page that names it', async () => {
  const { stdout } = await micro(['--help']);
  const listed = stdout.slice(stdout.indexOf('COMMANDS:') + 9, stdout.indexOf('GLOBAL OPTIONS:')).split('\n');
  const words = listed.filter((l) => l.trim() && !l.includes('help')).map((l) => l.trim().split(/\s/)[0] as string);
  assert.ok(words.length > 10);
  for (const word of words) {
    const page = await micro([word, '--help']);
    assert.is(page.code, 0, word);
    assert.ok(page.stdout.includes(`micro ${word} -`), word);
  }
});

test('the config file: unknown and damaged parts are named, nothing is overwritten', async () => {
  const file = join(home, 'c.json');
  for (const [text, err] of [
    ['{bad', /c\.json is not valid JSON at line 1, column 2\nfix it or move it away/],
    [
      '{"plugins":{"drivers/store/sqlit":{}}}',
      /^unknown key .*c\.json: plugins\.drivers\/store\/sqlit\ndid you mean drivers\/store\/sqlite\?/,
    ],
    [
      '{"plugins":{"drivers/store/sqlite":{"fil":""}}}',
      /^unknown key .*plugins\.drivers\/store\/sqlite\.fil\ndid you mean file\?/,
    ],
    [
      '{"plugins":{"drivers/store/sqlite":{"busy_timeout":"soon"}}}',
      /^could not parse "soon" as duration value for .*busy_timeout/,
    ],
  ] as const) {
    writeFileSync(file, text);
    const got = await micro(['-c', file, 'server', '--api_address=127.0.0.1:0', '--proxy_address=127.0.0.1:0']);
    assert.is(got.code, 1, got.stderr);
    assert.match(got.stderr.replace(/^.*?needs.*?: create: /, ''), err);
  }
});

if (process.platform !== 'win32')
  test('a program on PATH wins over services, and its exit code is ours', async () => {
    writeFileSync(join(home, 'micro-greet'), '#!/bin/sh\nread line\necho "$line $1"\nexit 7\n');
    chmodSync(join(home, 'micro-greet'), 0o755);
    const PATH = `${home}${delimiter}${process.env.PATH}`;
    const env = { PATH, HOME: home };
    const got = await runMicro(['greet', '--name=x'], { cwd: home, env, stdin: 'hello\n' });
    assert.equal([got.code, got.stdout], [7, 'hello --name=x\n']);
  });

test.run();
