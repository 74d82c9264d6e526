/** Third-party plugins as the host sees them: merged, kept apart from what they clash with, their code loaded late and once. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { silentLog } from '../../test/support/start-driver.ts';
import { defineCommand, defineDriver, defineProfile, type Plugin, verb } from '../contract/plugin.ts';
import { store } from '../contract/store.ts';
import { readEntry, readManifest } from '../external/plugin-folders.ts';
import { sha256, updateLock } from '../external/plugin-lock.ts';
import { readExternal } from './external.ts';
import { createHost } from './host.ts';

const test = suite('host: external');
const dir = mkdtempSync(join(tmpdir(), 'micro-external-'));
test.each(() => {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { mode: 0o700 });
});
test.after(() => rmSync(dir, { recursive: true, force: true }));

const load = async (): Promise<never> => {
  throw new Error('not loaded');
};
const builtins: readonly Plugin[] = [
  defineDriver({ id: 'drivers/store/memory', summary: 'M', provides: store, load }),
  defineProfile({ id: 'profiles/client', summary: 'C', bind: { store: 'drivers/store/memory' }, start: [] }),
  defineCommand({ id: 'commands/run', summary: 'R', verbs: [verb({ words: 'run', summary: 'R', load })] }),
];

const json = { api: 1, version: '1.0.0', summary: 'X', entry: 'index.cjs' };
const driver = { ...json, id: 'drivers/store/x', kind: 'driver', provides: 'store' };
const command = (id: string, words: string) => ({ ...json, id, kind: 'command', verbs: [{ words, summary: 'X' }] });

const add = async (name: string, manifest: object, code = ''): Promise<void> => {
  const folder = join(dir, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'plugin.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'index.cjs'), code);
  const read = readManifest(folder);
  const hash = sha256(readEntry(folder, read.manifest));
  const entry = { version: read.manifest.version, sha256: hash, manifest_sha256: sha256(read.bytes) };
  await updateLock(dir, (lock) => lock.set(read.manifest.id, entry));
};

test('a trusted plugin is a plugin like all others, and is loaded once', async () => {
  const code = `let loads = 0;
exports.plugin = { kind: 'driver', id: 'drivers/store/x', load: async () => ({ create: () => ({ loads: ++loads }) }) };
globalThis.evaluated = (globalThis.evaluated ?? 0) + 1;`;
  await add('x', driver, code);
  const { plugins, found } = readExternal({ dir, builtins });
  assert.equal(
    found.map(({ id, state }) => [id, state]),
    [['drivers/store/x', 'trusted']],
  );
  const settings = { env: {}, flags: new Map([['MICRO_STORE', 'x']]) };
  const host = createHost({
    plugins: [...builtins, ...plugins],
    external: found,
    profile: 'client',
    version: '1',
    settings,
    log: silentLog,
  });
  assert.not.ok('evaluated' in globalThis);
  for (let i = 0; i < 2; i += 1) {
    const opened = await host.open({ id: 'micro x', needs: { store } });
    assert.is((opened.needs.store as unknown as { loads: number }).loads, i + 1);
    await opened.stop();
  }
  assert.is((globalThis as { evaluated?: number }).evaluated, 1);
});

for (const { name, manifests, says } of [
  {
    name: 'the id of a builtin',
    manifests: { a: { ...driver, id: 'drivers/store/memory' } },
    says: ['drivers/store/memory (folder a) and drivers/store/memory (builtin) have the same id'],
  },
  {
    name: 'one id twice',
    manifests: { a: driver, b: driver },
    says: [
      'drivers/store/x (folder a) and drivers/store/x (folder b) have the same id',
      'drivers/store/x (folder b) and drivers/store/x (folder a) have the same id',
    ],
  },
  {
    name: 'the word of a builtin command',
    manifests: { a: command('commands/a', 'run fast') },
    says: ['commands/a (folder a) and commands/run (builtin) both have the command run'],
  },
  {
    name: 'one word twice',
    manifests: { a: command('commands/a', 'do this'), b: command('commands/b', 'do that') },
    says: [
      'commands/a (folder a) and commands/b (folder b) both have the command do',
      'commands/b (folder b) and commands/a (folder a) both have the command do',
    ],
  },
  {
    name: 'the word help',
    manifests: { a: command('commands/a', 'help me') },
    says: ["commands/a (folder a) has the command help, which is micro's own"],
  },
])
  test(`${name}: nobody wins, both are named`, async () => {
    for (const [folder, manifest] of Object.entries(manifests)) await add(folder, manifest);
    const { plugins, found } = readExternal({ dir, builtins });
    assert.equal(plugins, []);
    assert.equal(
      found.map(({ reason }) => reason),
      says,
    );
    assert.ok(found.every(({ state, clashes }) => state === 'refused' && clashes));
  });

test('the code is looked at only when that is wanted', async () => {
  await add('x', driver);
  writeFileSync(join(dir, 'x', 'index.cjs'), 'changed');
  assert.is(readExternal({ dir, builtins }).found[0]?.state, 'trusted');
  const { plugins, found } = readExternal({ dir, builtins, checkCode: true });
  assert.equal(plugins, []);
  assert.match(found[0]?.reason ?? '', /index\.cjs has changed/);
});

test('settings of a plugin that is not used are left alone, others are still checked', async () => {
  await add('x', { ...driver, config: { a: { type: 'string', doc: 'A' } } });
  rmSync(join(dir, 'plugins.lock.json'));
  const { plugins, found } = readExternal({ dir, builtins });
  const open = (section: object) =>
    createHost({
      plugins: [...builtins, ...plugins],
      external: found,
      profile: 'client',
      version: '1',
      settings: { env: {}, readFile: () => section },
      log: silentLog,
    });
  const config = { a: { type: 'string', doc: 'A' } } as const;
  const context = (section: object) =>
    open(section).contextFor({ id: 'commands/run', config }, {}, new AbortController().signal).config;
  assert.equal(context({ 'drivers/store/x': { a: '1' } }), {});
  assert.throws(() => context({ 'drivers/store/y': {} }), /unknown key .*drivers\/store\/y/);
});

test.run();
