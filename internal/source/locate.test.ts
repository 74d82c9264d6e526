/** What the source argument of run and update means (cli.md 2.3.1). */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { suite } from '../../test/support/suite.ts';
import { ExitError } from '../contract/error.ts';
import { locate, parseReference } from './locate.ts';
import { locateFolder } from './locate-folder.ts';

const test = suite('locate');
const parent = realpathSync(mkdtempSync(join(tmpdir(), 'micro-locate-')));
test.after(() => rmSync(parent, { recursive: true, force: true }));

for (const path of [
  'ts/helloworld/package.json',
  'ts/helloworld/index.ts',
  'ts/plain/index.ts',
  'go/go.mod',
  'go/services/kv/main.go',
  'go/web/package.json',
]) {
  mkdirSync(dirname(join(parent, path)), { recursive: true });
  writeFileSync(join(parent, path), '');
}

for (const c of [
  { name: 'a folder with package.json stands for itself', at: 'ts/helloworld', root: 'ts/helloworld', entrypoint: '' },
  { name: 'a folder without anything stands for itself', at: 'ts/plain', root: 'ts/plain', entrypoint: '' },
  { name: 'a Go service brings its module', at: 'go/services/kv', root: 'go', entrypoint: 'services/kv' },
  { name: 'package.json wins over a module further up', at: 'go/web', root: 'go/web', entrypoint: '' },
  { name: 'a file stands for its folder', at: 'ts/plain/index.ts', root: 'ts/plain', entrypoint: '', named: 'plain' },
])
  test(c.name, () => {
    const source = locate(c.at, parent);
    assert.ok(source.kind === 'local');
    assert.equal(source.root, join(parent, c.root));
    assert.equal(source.entrypoint, c.entrypoint);
    assert.equal(source.name, c.named ?? c.at.split('/').at(-1));
    assert.equal(source.version, 'latest');
  });

test('the working folder, a relative path and an absolute one are the same', () => {
  const at = join(parent, 'ts', 'helloworld');
  const want = locate(at, '/');
  assert.deepEqual(locate('.', at), want);
  assert.deepEqual(locate('../helloworld/', at), want);
});

for (const c of [
  { argument: 'helloworld', name: 'helloworld', version: 'latest' },
  { argument: 'helloworld@9342934e6180', name: 'helloworld', version: '9342934e6180' },
  { argument: 'github.com/micro/services/helloworld@', name: 'helloworld', version: 'latest' },
  { argument: 'github.com/micro/services@test/branch', name: 'services', version: 'test/branch' },
])
  test(`${c.argument} is somewhere else`, () => {
    const source = locate(c.argument, parent);
    assert.equal(source.kind, 'remote');
    assert.deepEqual({ name: source.name, version: source.version }, { name: c.name, version: c.version });
    assert.throws(
      () => locateFolder(c.argument, parent),
      (e) => e instanceof ExitError && /not supported yet/.test(e.hint ?? ''),
    );
  });

for (const argument of ['./nowhere', '../nowhere', '/nowhere/at/all'])
  test(`${argument} is a path that is not there`, () =>
    assert.throws(
      () => locate(argument, parent),
      (e) => e instanceof ExitError && e.message.includes(argument),
    ));

for (const c of [
  { argument: 'a', want: 'a latest' },
  { argument: 'a@v2', want: 'a v2' },
  { argument: 'a@', want: 'a latest' },
  { argument: 'a@b/c', want: 'a b/c' },
  { argument: '.', want: 'ts latest' },
  { argument: '../x', want: '../x latest' },
])
  test(`reads the reference ${c.argument}`, () => {
    const { name, version } = parseReference(c.argument, join(parent, 'ts'));
    assert.equal(`${name} ${version}`, c.want);
  });

test.run();
