/** What the Go builder makes of modules, packages, vendor folders and machines without Go: the programs are run. */

import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { isMicroError } from '../../../../internal/contract/error.ts';
import { type Files, withFolder } from '../../../../test/conformance/builder.ts';
import { prepareGo } from '../../../../test/support/prepare-go.ts';
import { suite } from '../../../../test/support/suite.ts';
import { create } from './go-builder.ts';

const test = suite('builder/go');
const builder = create();

const mod = { text: 'module example.test/hello\n\ngo 1.21\n' };
const prints = (what: string, imports = ''): { text: string } => ({
  text: `package main\n\n${imports}\nfunc main() { println(${what}) }\n`,
});

/** What the built program writes, or why there is none. */
const outcome = async (folder: string, cacheDir: string, signal = new AbortController().signal): Promise<string> => {
  try {
    const { args } = await builder.build({ folder, cacheDir, name: 'x', signal });
    return execFileSync('/bin/sh', ['-c', '"$0" 2>&1', args.at(-1)!], { encoding: 'utf8' }).trim();
  } catch (e) {
    return isMicroError(e) ? `${e.code} ${e.detail}` : String(e);
  }
};

const cases: readonly { readonly name: string; readonly files: Files; readonly at?: string; readonly says: RegExp }[] =
  [
    { name: 'a module', files: { 'go.mod': mod, 'main.go': prints('"hi"') }, says: /^hi$/ },
    {
      name: 'one of several services of a module',
      files: {
        'go.mod': mod,
        'lib/lib.go': { text: 'package lib\n\nconst Text = "shared"\n' },
        'cmd/a/main.go': prints('lib.Text', 'import "example.test/hello/lib"\n'),
      },
      at: 'cmd/a',
      says: /^shared$/,
    },
    {
      name: 'a vendored module',
      files: {
        'go.mod': { text: `${mod.text}\nrequire example.test/far v1.0.0\n` },
        'main.go': prints('far.Text', 'import "example.test/far"\n'),
        'vendor/modules.txt': { text: '# example.test/far v1.0.0\n## explicit\nexample.test/far\n' },
        'vendor/example.test/far/far.go': { text: 'package far\n\nconst Text = "carried along"\n' },
      },
      says: /^carried along$/,
    },
    {
      name: 'a module that is no program',
      files: { 'go.mod': mod, 'lib.go': { text: 'package lib\n' } },
      says: /^400 .*no main packages to build/,
    },
    { name: 'a module without Go files', files: { 'go.mod': mod }, says: /^400 no Go files in / },
    { name: 'Go files without a module', files: { 'main.go': prints('"hi"') }, says: /^400 go: .*go\.mod/ },
    {
      name: 'a module that is not here',
      files: {
        'go.mod': { text: `${mod.text}\nrequire example.test/far v1.0.0\n` },
        'main.go': prints('far.Text', 'import "example.test/far"\n'),
      },
      says: /^400 main\.go:3:8: .*example\.test\/far/,
    },
  ];

const reason = await prepareGo();
if (reason !== undefined) process.stdout.write(`SKIP compiling Go services: ${reason}\n`);
else {
  for (const { name, files, at = '.', says } of cases)
    test(name, () =>
      withFolder(files, async (folder, cacheDir) => assert.match(await outcome(join(folder, at), cacheDir), says)),
    );

  test('only a few programs of a service are kept', () =>
    withFolder(
      Object.fromEntries(
        ['a', 'b', 'c', 'd'].flatMap((n) => [
          [`${n}/go.mod`, mod],
          [`${n}/main.go`, prints(`"${n}"`)],
        ]),
      ),
      async (folder, cacheDir) => {
        for (const n of ['a', 'b', 'c', 'd']) assert.is(await outcome(join(folder, n), cacheDir), n);
        assert.is(readdirSync(join(cacheDir, 'go')).length, 3);
      },
    ));

  test('a build that is given up ends', () =>
    withFolder({ 'go.mod': mod, 'main.go': prints('"hi"') }, async (folder, cacheDir) => {
      const signal = AbortSignal.abort(new Error('given up'));
      assert.match(await outcome(folder, cacheDir, signal), /given up/);
    }));

  test('a server without Go says what it needs', () =>
    withFolder({ 'go.mod': mod, 'main.go': prints('"hi"') }, async (folder, cacheDir) => {
      const path = process.env.PATH;
      process.env.PATH = folder;
      try {
        assert.match(await outcome(folder, cacheDir), /^400 the server finds no go command/);
      } finally {
        process.env.PATH = path;
      }
    }));
}

test.run();
