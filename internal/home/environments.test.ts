/** Tests of environments and their addresses. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { ExitError } from '../contract/error.ts';
import {
  addEnvironment,
  deleteEnvironment,
  findEnvironment,
  listEnvironments,
  selectEnvironment,
  selectedName,
} from './environments.ts';
import { homeDir } from './home-dir.ts';
import { openHome } from './home.ts';
import { placeOf } from './place.ts';
import { isLoopback, parseAddress } from './target.ts';

const test = suite('environments');
const dir = mkdtempSync(join(tmpdir(), 'micro-test-'));
const home = openHome({ dir });
const { config } = home;
test.each(() => rmSync(config.file, { force: true }));
test.after(() => rmSync(dir, { recursive: true, force: true }));

const names = (): readonly string[] => listEnvironments(config).map((env) => env.name);
const refusal = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (e) {
    if (e instanceof ExitError) return `${e.exitCode} ${e.message}`;
    throw e;
  }
  return 'done';
};

test('lists builtin ones in their order, own ones sorted after them', async () => {
  await addEnvironment(config, 'zoo', '10.0.0.1:8081');
  await addEnvironment(config, 'Bar', '');
  assert.equal(names(), ['local', 'dev', 'platform', 'Bar', 'zoo']);
  assert.is(findEnvironment(config, 'zoo').address, '10.0.0.1:8081');
});

test('stores the table as v3 does', async () => {
  await addEnvironment(config, 'foo', '10.0.0.1:8081');
  const table = JSON.parse(config.get('envs'));
  assert.equal(table.foo, { Name: 'foo', ProxyAddress: '10.0.0.1:8081', Description: '' });
  assert.equal(Object.keys(table), ['dev', 'foo', 'local', 'platform']);
});

test('keeps builtin ones as they are, whatever the file says', () => {
  const envs = JSON.stringify({
    local: { Name: 'local', ProxyAddress: 'evil:1' },
    own: { ProxyAddress: 'x:1' },
    bad: 3,
  });
  writeFileSync(config.file, JSON.stringify({ envs }));
  assert.is(findEnvironment(config, 'local').address, '127.0.0.1:8081');
  assert.equal(names(), ['local', 'dev', 'platform', 'own']);
});

test('selects by name', async () => {
  await addEnvironment(config, 'foo', 'x:1');
  await selectEnvironment(config, 'foo');
  assert.is(selectedName(config), 'foo');
  assert.is(selectedName(config, 'dev'), 'dev');
  assert.is(await refusal(() => selectEnvironment(config, 'nope')), "128 Environment 'nope' does not exist");
});

test('deletes own ones only, and not the current one', async () => {
  await addEnvironment(config, 'foo', 'x:1');
  await selectEnvironment(config, 'foo');
  const current =
    "Environment 'foo' is your current environment. Before deleting it, please change your current environment.";
  assert.is(await refusal(() => deleteEnvironment(config, 'foo')), `128 ${current}`);
  await selectEnvironment(config, 'local');
  await deleteEnvironment(config, 'foo');
  assert.equal(names(), ['local', 'dev', 'platform']);
  assert.is(await refusal(() => deleteEnvironment(config, 'foo')), "128 Environment 'foo' does not exist");
  assert.match(await refusal(() => deleteEnvironment(config, 'dev')), /^128 Environment 'dev' is builtin/);
});

test('refuses names that would damage the file, and what is no address', async () => {
  for (const name of ['', 'env', 'envs', 'plugins', 'a b', 'a\nb', 'a..b', 'x/y', 'local'])
    assert.match(await refusal(() => addEnvironment(config, name, 'x:1')), /^128 /, name);
  for (const address of ['x:99999', 'x:0', 'a b', 'ftp://x', 'http://x/path', '::1', 'user@x'])
    assert.match(await refusal(() => addEnvironment(config, 'foo', address)), /^128 bad address/, address);
});

test('two additions at once are both kept', async () => {
  await Promise.all(['a', 'b', 'c'].map((name) => addEnvironment(config, name, 'x:1')));
  assert.equal(names().slice(3), ['a', 'b', 'c']);
});

test('an unknown selection has v3 text', async () => {
  const text = '1 Env "nope" not found. See `micro env` for available environments.';
  assert.is(await refusal(() => placeOf(home, { env: 'nope' })), text);
});

test('a damaged table is named', async () => {
  writeFileSync(config.file, '{"envs":"{"}');
  assert.match(await refusal(() => names()), /key envs does not hold a table/);
});

for (const c of [
  { text: '127.0.0.1:8081', address: '127.0.0.1:8081', tls: false },
  { text: 'example.com', address: 'example.com:443', tls: true },
  { text: 'example.com:443', address: 'example.com:443', tls: true },
  { text: 'example.com:8081', address: 'example.com:8081', tls: false },
  { text: 'https://example.com:8081', address: 'example.com:8081', tls: true },
  { text: 'https://example.com/', address: 'example.com:443', tls: true },
  { text: 'http://example.com:443', address: 'example.com:443', tls: false },
  { text: '[::1]:8081', address: '[::1]:8081', tls: false },
  { text: '[::1]', address: '[::1]:443', tls: true },
])
  test(`${c.text} is ${c.address} ${c.tls ? 'with' : 'without'} TLS`, () => {
    assert.equal(parseAddress(c.text), { address: c.address, tls: c.tls });
  });

test('a place has namespace and address', async () => {
  await config.set({ 'namespaces.local.current': 'foo' });
  assert.is(placeOf(home).namespace, 'foo');
  assert.is(placeOf(home, { namespace: 'bar' }).namespace, 'bar');
  assert.is(placeOf(home, { env: 'dev' }).namespace, 'micro');
  assert.is(placeOf(home, { address: 'x:1' }).address, 'x:1');
  await addEnvironment(config, 'blank', '');
  assert.match(await refusal(() => placeOf(home, { env: 'blank' })), /^1 environment blank has no address/);
});

test('loopback is this machine only', () => {
  for (const address of ['127.0.0.1:1', '127.9.9.9:1', '[::1]:1', 'localhost:1'])
    assert.ok(isLoopback(address), address);
  for (const address of ['127.evil.com:1', '127.0.0.1.evil.com:1', '10.0.0.1:1', '0.0.0.0:1'])
    assert.not.ok(isLoopback(address), address);
});

test('HOME decides where the home is', () => {
  assert.is(homeDir({ HOME: '/x' }), '/x');
  assert.ok(homeDir({}).length > 0);
  assert.throws(() => homeDir({ HOME: 'relative' }), /not an absolute path/);
});

test.run();
