/** Folders of third-party plugins: what is found, what is trusted, and that only the bytes that were added run. */

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { exportedPlugin, entryFault, findPlugins, loadPluginCode, readEntry, readManifest } from './plugin-folders.ts';
import { lockFileIn, readLock, sha256, updateLock } from './plugin-lock.ts';

const test = suite('external: plugin folders');
const isWindows = process.platform === 'win32';
let root: string;
let dir: string;

test.each(() => {
  if (root !== undefined) rmSync(root, { recursive: true, force: true });
  root = mkdtempSync(join(tmpdir(), 'micro-plugins-'));
  dir = join(root, 'plugins');
  mkdirSync(dir, { mode: 0o700 });
});
test.after(() => rmSync(root, { recursive: true, force: true }));

const json = {
  api: 1,
  id: 'drivers/store/x',
  kind: 'driver',
  version: '1.0.0',
  summary: 'X',
  entry: 'index.cjs',
  provides: 'store',
};
const code = `exports.plugin = { kind: 'driver', id: 'drivers/store/x', loads: 1 };`;

const write = (name: string, manifest: object = json, text: string = code): string => {
  const made = join(dir, name);
  mkdirSync(made, { recursive: true });
  writeFileSync(join(made, 'plugin.json'), JSON.stringify(manifest));
  writeFileSync(join(made, 'index.cjs'), text);
  return made;
};

const trust = async (folder: string): Promise<void> => {
  const { manifest, bytes } = readManifest(folder);
  const entry = {
    version: manifest.version,
    sha256: sha256(readEntry(folder, manifest)),
    manifest_sha256: sha256(bytes),
  };
  await updateLock(dir, (lock) => lock.set(manifest.id, entry));
};

const only = () => {
  const found = findPlugins(dir);
  assert.is(found.length, 1);
  return found[0]!;
};

test('no folder, no plugins', () => assert.equal(findPlugins(join(root, 'missing')), []));

test('files, and folders with a dot, are no plugins', () => {
  writeFileSync(join(dir, 'file'), '');
  mkdirSync(join(dir, '.half-added'));
  assert.equal(findPlugins(dir), []);
});

test('a folder that cannot be read as a whole is listed itself', () => {
  writeFileSync(join(root, 'file'), '');
  assert.equal(
    findPlugins(join(root, 'file')).map(({ folder, state }) => [folder, state]),
    [['file', 'refused']],
  );
});

test('what nobody added is not trusted', () => {
  write('x');
  assert.is(only().state, 'not trusted');
  assert.match(only().reason, /nobody added it: micro plugin add .*plugins.x$/);
});

test('what was added is trusted and runs', async () => {
  await trust(write('x'));
  assert.equal([only().state, only().reason, entryFault(only())], ['trusted', '', '']);
  assert.equal(loadPluginCode(only()), { kind: 'driver', id: 'drivers/store/x', loads: 1 } as never);
});

test('another version is not trusted', async () => {
  await trust(write('x'));
  write('x', { ...json, version: '1.0.1' });
  assert.match(only().reason, /version 1\.0\.0 was added, this is 1\.0\.1/);
});

test('a manifest that says something else is not trusted', async () => {
  await trust(write('x'));
  write('x', { ...json, summary: 'Y' });
  assert.match(only().reason, /plugin\.json has changed since it was added/);
});

test('other code than was added never runs', async () => {
  await trust(write('x'));
  write('x', json, `globalThis.ranOtherCode = true;`);
  assert.match(entryFault(only()), /index\.cjs has changed/);
  assert.throws(() => loadPluginCode(only()), /plugin drivers\/store\/x is not trusted: index\.cjs has changed/);
  assert.not.ok('ranOtherCode' in globalThis);
});

test('code that is gone, or too large, or a folder, is no code', async () => {
  await trust(write('x'));
  rmSync(join(dir, 'x', 'index.cjs'));
  assert.match(entryFault(only()), /there is no file index\.cjs/);
  mkdirSync(join(dir, 'x', 'index.cjs'));
  assert.match(entryFault(only()), /is not a file/);
});

if (!isWindows)
  test('code behind a link that leads out is no code', async () => {
    const folder = write('x');
    await trust(folder);
    writeFileSync(join(root, 'outside.cjs'), code);
    rmSync(join(folder, 'index.cjs'));
    symlinkSync(join(root, 'outside.cjs'), join(folder, 'index.cjs'));
    assert.throws(() => loadPluginCode(only()), /leads out of the plugin's folder/);
  });

test('code that is for another plugin is refused', async () => {
  await trust(write('x', json, `exports.plugin = { kind: 'service', id: 'services/y' };`));
  assert.throws(() => loadPluginCode(only()), /its code is for service services\/y: build it again/);
});

for (const { name, text, says } of [
  { name: 'a syntax fault', text: 'const', says: /cannot load .*index\.cjs: / },
  { name: 'a fault at load', text: 'throw new Error("no luck");', says: /cannot load .*index\.cjs: no luck/ },
  { name: 'no plugin', text: 'exports.other = 1;', says: /exports no plugin/ },
  { name: 'a plugin that is none', text: 'exports.plugin = null;', says: /exports no plugin/ },
])
  test(`code with ${name} says so`, () =>
    assert.throws(() => exportedPlugin(Buffer.from(text), join(dir, 'index.cjs')), says));

test('code may use Node, its own name, and start with a line for the shell', async () => {
  const text = `#!/usr/bin/env node
const { basename } = require('node:path');
exports.plugin = { kind: 'driver', id: basename(__filename) + this.constructor.name, sep: import('node:path') };`;
  const plugin = exportedPlugin(Buffer.from(text), join(dir, 'index.cjs')) as unknown as {
    id: string;
    sep: Promise<{ sep: string }>;
  };
  assert.is(plugin.id, 'index.cjsObject');
  assert.is(typeof (await plugin.sep).sep, 'string');
});

test('a manifest that cannot be read does not hide the others', async () => {
  await trust(write('x'));
  mkdirSync(join(dir, 'empty'));
  write('other', { ...json, api: 9 });
  mkdirSync(join(dir, 'text'));
  writeFileSync(join(dir, 'text', 'plugin.json'), 'hello');
  assert.equal(
    findPlugins(dir).map(({ folder, state }) => [folder, state]),
    [
      ['empty', 'refused'],
      ['other', 'refused'],
      ['text', 'refused'],
      ['x', 'trusted'],
    ],
  );
});

test('a damaged lock trusts nothing and is not overwritten', async () => {
  await trust(write('x'));
  for (const text of [
    'nonsense',
    '[]',
    '{"drivers/store/x":{}}',
    '{"drivers/store/x":{"version":"1.0.0","sha256":"abc"}}',
  ]) {
    writeFileSync(lockFileIn(dir), text);
    assert.is(only().state, 'not trusted', text);
    let fault: unknown;
    await updateLock(dir, (lock) => void lock.clear()).catch((e: unknown) => (fault = e));
    assert.match(String((fault as { hint?: string }).hint), /move it away/);
    assert.is(readFileSync(lockFileIn(dir), 'utf8'), text);
  }
});

if (!isWindows)
  test('a lock or folder that others may change trusts nothing', async () => {
    await trust(write('x'));
    chmodSync(lockFileIn(dir), 0o620);
    assert.match(only().reason, /plugins\.lock\.json may be changed by other users/);
    chmodSync(lockFileIn(dir), 0o600);
    chmodSync(dir, 0o777);
    assert.match(only().reason, /plugins may be changed by other users/);
  });

test('parallel changes of the lock are all kept', async () => {
  const hash = '0'.repeat(64);
  const ids = Array.from({ length: 8 }, (_, i) => `commands/c${i}`);
  const entry = { version: '1.0.0', sha256: hash, manifest_sha256: hash };
  await Promise.all(ids.map((id) => updateLock(dir, (lock) => lock.set(id, entry))));
  assert.equal([...readLock(dir).keys()], ids);
});

test.run();
