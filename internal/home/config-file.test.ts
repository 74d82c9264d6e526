/** Tests of the config file: dot paths, v3's form, damaged files, and several processes at once. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { ExitError } from '../contract/error.ts';
import { type ConfigFile, openConfigFile } from './config-file.ts';

const test = suite('config file');
const root = mkdtempSync(join(tmpdir(), 'micro-test-'));
test.after(() => rmSync(root, { recursive: true, force: true }));

let count = 0;
const open = (text?: string): ConfigFile => {
  count += 1;
  const folder = join(root, String(count));
  mkdirSync(folder);
  if (text !== undefined) writeFileSync(join(folder, 'config.json'), text);
  return openConfigFile(() => join(folder, 'config.json'));
};
const textOf = (config: ConfigFile): string => readFileSync(config.file, 'utf8');

const faultOf = (work: () => unknown): ExitError => {
  try {
    work();
  } catch (e) {
    if (e instanceof ExitError) return e;
    throw e;
  }
  throw new Error('expected an error');
};

test('a missing file reads as the environment local and is not made', () => {
  const config = open();
  assert.is(config.get('env'), 'local');
  assert.is(config.get('namespaces.local.current'), '');
  assert.is(existsSync(config.file), false);
});

test('writes compact, sorted, as strings, for the owner only', async () => {
  const config = open();
  await config.set({ 'local.current-user': 'admin', 'a.b.c': 'x' });
  assert.is(textOf(config), '{"a":{"b":{"c":"x"}},"env":"local","local":{"current-user":"admin"}}');
  assert.is(statSync(config.file).mode & 0o777, 0o600);
  assert.equal(readdirSync(join(config.file, '..')), ['config.json'], 'nothing is left beside it');
});

test('makes its folder for the owner only', async () => {
  const folder = join(root, 'fresh', '.micro');
  await openConfigFile(() => join(folder, 'config.json')).set({ env: 'foo' });
  assert.is(statSync(folder).mode & 0o777, 0o700);
});

test('reads text trimmed, other values as compact JSON, null as nothing', () => {
  const config = open('{"a":" x ","b":{"c":[1, 2]},"d":null,"e":false}');
  assert.is(config.get('a'), 'x');
  assert.is(config.get('b'), '{"c":[1,2]}');
  assert.is(config.get('b.c'), '[1,2]');
  assert.is(config.get('b.c.d'), '');
  assert.is(config.get('d'), '');
  assert.is(config.get('e'), 'false');
});

test('keeps keys it does not know, and replaces what stands in a path', async () => {
  const config = open('{"plugins":{"x":{"n":1,"l":[true]}},"env":"foo"}');
  await config.set({ 'env.current-user': 'bob' });
  assert.is(textOf(config), '{"env":{"current-user":"bob"},"plugins":{"x":{"l":[true],"n":1}}}');
});

test('removes keys', async () => {
  const config = open('{"a":{"b":"1","c":"2"}}');
  await config.set({ 'a.b': undefined, 'x.y': undefined });
  assert.is(textOf(config), '{"a":{"c":"2"}}');
});

test('takes no names from what objects inherit', async () => {
  const config = open('{}');
  assert.is(config.get('constructor.name'), '');
  await config.set({ '__proto__.polluted': 'yes', 'constructor.prototype.polluted': 'yes' });
  assert.is(({} as { polluted?: string }).polluted, undefined);
  assert.is(config.get('__proto__.polluted'), 'yes');
});

test('refuses blank keys', async () => {
  const config = open('{}');
  assert.is(faultOf(() => config.get('')).message, 'key cannot be blank');
  const error = await config.set({ 'a..b': 'x' }).catch((e: unknown) => e);
  assert.match(String(error), /bad key: a\.\.b/);
});

for (const text of ['{"env":"local"', '{"env":}', 'env: local', '[1]', '"x"', '\u0000'])
  test(`a damaged file is named and never overwritten: ${JSON.stringify(text)}`, async () => {
    const config = open(text);
    const error = faultOf(() => config.get('env'));
    assert.is(error.exitCode, 1);
    assert.ok(error.message.startsWith(config.file));
    assert.is(error.hint, `fix it or move it away: mv ${config.file} ${config.file}.bad`);
    const failed = await config.set({ env: 'foo' }).catch((e: unknown) => e);
    assert.ok(failed instanceof ExitError);
    assert.is(textOf(config), text);
  });

test('says where a damaged file is damaged', () => {
  const config = open('{\n  "env": local\n}');
  assert.match(faultOf(() => config.get('env')).message, /is not valid JSON at line 2, column 10$/);
});

test('a link stays a link', async () => {
  const config = open();
  const real = join(config.file, '..', 'real.json');
  writeFileSync(real, '{}');
  symlinkSync(real, config.file);
  await config.set({ env: 'foo' });
  assert.ok(lstatSync(config.file).isSymbolicLink());
  assert.is(readFileSync(real, 'utf8'), '{"env":"foo"}');
});

test('a lock that a dead process left is broken', async () => {
  const config = open('{}');
  writeFileSync(`${config.file}.lock`, '1\n');
  utimesSync(`${config.file}.lock`, 1, 1);
  await config.set({ env: 'foo' });
  assert.is(config.get('env'), 'foo');
});

test('several processes lose none of their writes', async () => {
  const config = open();
  const script = `
    import { openConfigFile } from ${JSON.stringify(join(import.meta.dirname, 'config-file.ts'))};
    const config = openConfigFile(() => process.argv[1]);
    for (let i = 0; i < 10; i += 1) await config.set({ ['p' + process.argv[2] + '.k' + i]: 'v' });
  `;
  const ends = ['a', 'b', 'c'].map((name) => {
    const args = ['--input-type=module', '-e', script, config.file, name];
    return once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit');
  });
  for (const [code] of await Promise.all(ends)) assert.is(code, 0);
  for (const name of ['a', 'b', 'c']) for (let i = 0; i < 10; i += 1) assert.is(config.get(`p${name}.k${i}`), 'v');
});

test('reads back what it wrote', async () => {
  const part = fc.stringMatching(/^[\w <>&"\\-]{1,8}$/);
  const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'));
  const config = open();
  await fc.assert(
    fc.asyncProperty(path, fc.string(), async (key, value) => {
      await config.set({ [key]: value });
      assert.is(config.get(key), value.trim());
    }),
    { numRuns: 50 },
  );
});

test.run();
