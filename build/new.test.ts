/** New plugins: what is generated for every slot compiles, is formatted, fails its suite, and is listed at once. In a copy of the tree. */

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../test/support/suite.ts';
import { newPlugin, readSlot } from './new.ts';

const test = suite('build: new');
const root = join(import.meta.dirname, '..');
const slots = ['auth', 'blob', 'builder', 'client', 'registry', 'router', 'runtime', 'store'];
let copy: string;

const run = (args: readonly string[]) => spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8' });
const make = (...words: readonly string[]) => run(['build/new.ts', ...words]);

test.before(() => {
  copy = mkdtempSync(join(tmpdir(), 'micro-new-'));
  for (const path of [
    'build',
    'cmd',
    'internal',
    'plugins',
    'proto',
    'sdk',
    'test',
    'package.json',
    'tsconfig.json',
    'biome.json',
  ])
    if (existsSync(join(root, path))) cpSync(join(root, path), join(copy, path), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
  for (const slot of slots) assert.is(make('driver', slot, 'brand-new').status, 0, slot);
  assert.is(make('command', 'greet').status, 0);
  assert.is(make('command', 'shelf/tidy').status, 0);
});
test.after(() => rmSync(copy, { recursive: true, force: true }));

test('what is generated compiles', () => {
  const result = run([join(root, 'node_modules/typescript/bin/tsc'), '-p', copy]);
  const ours = result.stdout.split('\n').filter((line) => /brand-new|greet|shelf/.test(line));
  assert.equal(ours, []);
  assert.is(result.stderr, '');
  assert.ok(existsSync(join(copy, 'plugins/drivers/store/brand-new/brand-new-store.ts')));
});

test('what is generated is formatted and free of lint', () => {
  const files = slots.map((slot) => `plugins/drivers/${slot}/brand-new`);
  const words = ['check', ...files, 'plugins/commands/greet', 'plugins/commands/shelf'];
  const result = run([join(root, 'node_modules/@biomejs/biome/bin/biome'), ...words]);
  assert.is(result.status, 0, result.stdout + result.stderr);
});

test('a new driver fails its suite and says why', () => {
  const result = run(['plugins/drivers/store/brand-new/brand-new-store.test.ts']);
  assert.is.not(result.status, 0);
  assert.match(result.stdout + result.stderr, /is not written yet/);
});

test('a new plugin is listed at once', () => {
  const list = execFileSync(process.execPath, ['cmd/micro/main.ts', 'plugin', 'list'], {
    cwd: copy,
    encoding: 'utf8',
    env: { ...process.env, HOME: copy },
  });
  for (const slot of slots) assert.ok(list.includes(`drivers/${slot}/brand-new`), slot);
  assert.match(list, /commands\/shelf\s+command\s+shelf tidy/);
});

test('a second verb leaves the manifest alone and says what to add', () => {
  const before = readFileSync(join(copy, 'plugins/commands/shelf/plugin.ts'), 'utf8');
  const result = make('command', 'shelf', 'dust');
  assert.match(
    result.stdout,
    /add to the verbs of plugins\/commands\/shelf\/plugin\.ts:\n {4}verb\(\{\n {6}words: 'shelf dust'/,
  );
  assert.is(readFileSync(join(copy, 'plugins/commands/shelf/plugin.ts'), 'utf8'), before);
});

for (const [words, message] of [
  [['driver', 'store', 'brand-new'], /already there: plugins\/drivers\/store\/brand-new\/plugin\.ts/],
  [['driver', 'stroe', 'x'], /no slot with a conformance suite is called stroe: auth, blob/],
  [['driver', 'store', '../x'], /not a name/],
  [['driver', 'store', 'X'], /not a name: X/],
  [['driver', 'store'], /^usage/],
  [['profile', 'x'], /^usage/],
  [[], /^usage/],
] as const)
  test(`refuses ${words.join(' ') || 'nothing'}`, () => {
    const result = make(...words);
    assert.is(result.status, 1);
    assert.match(result.stderr, message);
  });

test('an interface is read as it stands', () => {
  const text = `export interface Shop {\n  readonly name: string;\n  /** Sells. */\n  sell(what: string): Promise<void>;\n  watch<T>(\n    o: T,\n  ): AsyncIterable<T>;\n  maybe?(): void;\n}\n\nexport const shop = capability<Shop>('shop');\n`;
  assert.equal(readSlot(text, 'shop'), { type: 'Shop', methods: ['sell', 'watch'], properties: ['name'] });
  assert.throws(() => readSlot('', 'shop'), /no interface for shop/);
  assert.throws(() => newPlugin(root, ['command']), /usage/);
});

test.run();
