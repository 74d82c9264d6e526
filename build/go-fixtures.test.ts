/** Building Go programs for tests: once per content, and what cannot be built here told apart from what does not compile. Builds programs of three lines in a temporary folder. */

import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../test/support/suite.ts';
import { buildOnce, type GoBuild } from './go-fixtures.ts';

const test = suite('build/go-fixtures');
const folder = mkdtempSync(join(tmpdir(), 'micro-go-'));
const limitMs = 100_000;
test.after(() => rmSync(folder, { recursive: true, force: true }));

const prints = (text: string): string => `package main\n\nfunc main() { println("${text}") }\n`;

/** What go.sum holds for a module that nobody has. */
const sumOf = (module: string): string => {
  const none = `h1:${Buffer.alloc(32).toString('base64')}`;
  return `${module} ${none}\n${module}/go.mod ${none}\n`;
};

const build = (
  module: string,
  main: string,
  o: { go?: string; mod?: string; sum?: string } = {},
  limit = limitMs,
): Promise<GoBuild> => {
  const source = join(folder, 'modules', module);
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, 'go.mod'), `module fixture/${module}\n\ngo ${o.go ?? '1.21'}\n${o.mod ?? ''}`);
  writeFileSync(join(source, 'go.sum'), o.sum ?? '');
  writeFileSync(join(source, 'main.go'), main);
  const job = { name: module, program: { module, package: '.' }, modules: join(folder, 'modules') };
  return buildOnce({ ...job, cache: join(folder, 'cache') }, limit);
};

const fileOf = (made: GoBuild): string => {
  if (!('file' in made)) throw new Error(made.absent);
  return made.file;
};

const hello = await build('hello', prints('hello'));
if ('absent' in hello) process.stdout.write(`SKIP building Go programs: ${hello.absent}\n`);
else {
  test('one content is built once, another one anew', async () => {
    const before = statSync(hello.file).mtimeMs;
    const again = fileOf(await build('hello', prints('hello')));
    assert.is(again, hello.file);
    assert.is(statSync(again).mtimeMs, before);
    assert.is.not(fileOf(await build('hello', prints('other'))), hello.file);
  });

  test('only a few versions of a program stay', async () => {
    const files = [];
    for (const n of [1, 2, 3, 4, 5]) files.push(fileOf(await build('many', prints(`${n}`))));
    assert.is(files.filter((file) => statSync(file, { throwIfNoEntry: false }) !== undefined).length, 4);
  });

  test('two that want the same at once get the same', async () => {
    const [a, b] = await Promise.all([build('twice', prints('twice')), build('twice', prints('twice'))]);
    assert.is(fileOf(a), fileOf(b));
  });

  test('what does not compile is an error in the words of the compiler', async () => {
    const fault = await build('wrong', 'package main\n\nfunc main() { nothing() }\n').catch((e: unknown) => String(e));
    assert.match(String(fault), /main\.go:3:15: undefined: nothing/);
  });

  test('a module that cannot be fetched is a reason, not a failure', async () => {
    const before = process.env.GOPROXY;
    process.env.GOPROXY = 'http://127.0.0.1:1';
    try {
      const main = 'package main\n\nimport "example.invalid/thing"\n\nfunc main() { thing.Do() }\n';
      const made = await build('lonely', main, {
        mod: 'require example.invalid/thing v1.0.0\n',
        sum: sumOf('example.invalid/thing v1.0.0'),
      });
      assert.match(
        'absent' in made ? made.absent : made.file,
        /^the Go module proxy cannot be reached: .*127\.0\.0\.1:1/,
      );
    } finally {
      if (before === undefined) delete process.env.GOPROXY;
      else process.env.GOPROXY = before;
    }
  });

  test('a module for a newer Go is a reason, not a failure', async () => {
    const before = process.env.GOTOOLCHAIN;
    process.env.GOTOOLCHAIN = 'local';
    try {
      const made = await build('newer', prints('newer'), { go: '1.999' });
      assert.match('absent' in made ? made.absent : made.file, /^this Go is too old: .*requires go >= 1\.999/);
    } finally {
      if (before === undefined) delete process.env.GOTOOLCHAIN;
      else process.env.GOTOOLCHAIN = before;
    }
  });

  test('a bound that is too short is a reason that names the way out', async () => {
    const made = await build('late', prints('late'), {}, 1);
    assert.match('absent' in made ? made.absent : made.file, /late takes more than .* npm run go-fixtures/);
  });
}

test.run();
