/** The inside of a service process: modules of every kind load, failures name their place, and nobody outlives the parent. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';

import { poll } from '../test/support/poll.ts';
import { suite } from '../test/support/suite.ts';

const test = suite('sdk/child');
const childFile = join(import.meta.dirname, 'child.ts');
const start = `import(${JSON.stringify(pathToFileURL(childFile).href)}).then((m) => m.runChild(process.env));`;
let folder = '';

test.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'micro-child-'));
});

const write = (files: Readonly<Record<string, string>>): void => {
  for (const [name, body] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, body);
  }
};

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const spawnChild = (entry: string, env: Readonly<Record<string, string>> = {}): ChildProcess =>
  spawn(process.execPath, ['-e', start], {
    cwd: folder,
    env: { PATH: process.env.PATH, MICRO_CHILD: 'service', MICRO_CHILD_ENTRY: join(folder, entry), ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });

const run = (entry: string, env?: Readonly<Record<string, string>>): Promise<Result> =>
  new Promise((resolve) => {
    const child = spawnChild(entry, env);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (d) => (stdout += d));
    child.stderr?.on('data', (d) => (stderr += d));
    child.on('close', (code) => {
      rmSync(folder, { recursive: true, force: true });
      resolve({ code, stdout, stderr });
    });
  });

/** Prints what the entry hands to it, so that the tests compare values. */
const show = 'process.stdout.write(JSON.stringify(shown));';

test('runs modules with enums, parameter properties, top-level await and files beside them', async () => {
  write({
    'package.json': '{"name":"a","type":"module"}',
    'index.ts': `import { readFileSync } from 'node:fs';
      import { word, Color } from './lib/word.js';
      import dep from 'dep';
      enum Level { Low = 3, High }
      class Named { constructor(public readonly name: string) {} }
      const later: number = await Promise.resolve(4);
      const file = readFileSync(import.meta.dirname + '/data.txt', 'utf8');
      const shown = [word, Color.Red, dep, Level.High, new Named('n').name, later, file, import.meta.main];
      ${show}`,
    'lib/word.ts': `export const word: string = 'w'; export enum Color { Red = 'red' }`,
    'data.txt': 'data',
    'node_modules/dep/package.json': '{"name":"dep","main":"index.js"}',
    'node_modules/dep/index.js': 'module.exports = "dep";',
  });
  const { code, stdout, stderr } = await run('index.ts');
  assert.is(stderr, '');
  assert.equal(JSON.parse(stdout), ['w', 'red', 'dep', 4, 'n', 4, 'data', true]);
  assert.is(code, 0);
});

test('runs CommonJS sources, with require and __dirname', async () => {
  write({
    'index.ts': `const { word } = require('./word'); enum Level { Low = 3 }
      const shown = [word, Level.Low, __dirname, require.main === module, process.argv.length]; ${show}`,
    'word.ts': `exports.word = 'w' as string;`,
  });
  const here = folder;
  assert.equal(JSON.parse((await run('index.ts')).stdout), ['w', 3, here, true, 2]);
});

test('takes an ES module for one when package.json says nothing', async () => {
  write({ 'index.ts': `import { sep } from 'node:path'; const shown: string[] = [typeof sep, await 'x']; ${show}` });
  assert.equal(JSON.parse((await run('index.ts')).stdout), ['string', 'x']);
});

test('loads what the builder made before it strips itself', async () => {
  const source = 'this is not TypeScript at all(';
  const hash = createHash('sha256').update(source).digest('hex');
  write({ 'index.ts': source, [`cache/${hash}.mjs`]: `process.stdout.write(import.meta.filename);` });
  const entry = join(folder, 'index.ts');
  assert.is((await run('index.ts', { MICRO_TRANSPILED: join(folder, 'cache') })).stdout, entry);
});

test('the bare names micro and micro/plugin are the SDK, whatever is installed', async () => {
  write({
    'index.ts': `import { service, badRequest } from 'micro'; import { defineDriver } from 'micro/plugin';
      const shown = [typeof service, badRequest('a', 'b').code, typeof defineDriver]; ${show}`,
    'node_modules/micro/package.json': '{"name":"micro","main":"index.js"}',
    'node_modules/micro/index.js': 'throw new Error("the other micro")',
  });
  const { stdout, stderr } = await run('index.ts');
  assert.is(stderr, '');
  assert.equal(JSON.parse(stdout), ['function', 400, 'function']);
});

test('secrets and switches are gone before the author code runs', async () => {
  write({ 'index.ts': `const shown = Object.keys(process.env).filter((n) => n.startsWith('MICRO_')).sort(); ${show}` });
  const env = { MICRO_AUTH_ID: 'a', MICRO_AUTH_SECRET: 's', MICRO_TRANSPILED: '/nowhere', MICRO_SERVICE_NAME: 'n' };
  assert.equal(JSON.parse((await run('index.ts', env)).stdout), ['MICRO_AUTH_ID', 'MICRO_SERVICE_NAME']);
});

for (const c of [
  {
    name: 'an error at the top',
    text: `interface Unused {\n  a: string;\n}\nenum E { A }\nthrow new Error('no luck');\n`,
    want: 'index.ts:5:7: Error: no luck',
  },
  {
    name: 'a rejection nobody handles',
    text: `const later = async (): Promise<void> => {\n  await null;\n  throw new RangeError('late');\n};\nvoid later();\n`,
    want: 'index.ts:3:9: RangeError: late',
  },
  { name: 'a syntax error', text: `const a = 1;\nconst b: = 3;\n`, want: /^index\.ts:2:10: SyntaxError: / },
  {
    name: 'a missing package',
    text: `import nothing from 'not-installed';\nnothing();\n`,
    want: /^index\.ts: Error: Cannot find package 'not-installed'/,
  },
  {
    name: 'an error in another file',
    text: `import { f } from './lib/f.ts';\nf();\n`,
    want: 'lib/f.ts:2:39: TypeError: inner',
  },
])
  test(`${c.name} is told by file and line first`, async () => {
    write({
      'package.json': '{"name":"a","type":"module"}',
      'index.ts': c.text,
      'lib/f.ts': `// first line\nexport const f = (): never => { throw new TypeError('inner'); };\n`,
    });
    const { code, stderr } = await run('index.ts');
    const first = stderr.split('\n')[0]!;
    if (typeof c.want === 'string') assert.is(first, c.want);
    else assert.match(first, c.want);
    assert.is(code, 1);
  });

test('an author who handles uncaught errors is left to it', async () => {
  write({
    'index.ts': `process.on('uncaughtException', (e) => { process.stdout.write('handled ' + e.message); });
      setTimeout(() => { throw new Error('later'); }, 1);`,
  });
  const { code, stdout, stderr } = await run('index.ts');
  assert.equal([code, stdout, stderr], [0, 'handled later', '']);
});

test('an error that has no place in the author files is one line, with its way out', async () => {
  write({
    'index.ts': `import { unavailable } from 'micro';
      process.nextTick(() => { const e = unavailable('a', 'no server', { hint: 'start one' }); e.stack = ''; throw e; });`,
  });
  assert.is((await run('index.ts')).stderr, 'MicroError: no server; start one\n');
});

const exists = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** A parent between the test and the child, so that it can be killed: prints the child's pid once the child said hello. */
const parentOf = (entry: string): ChildProcess => {
  const source = `
    const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(start)}], {
      detached: true, stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
      env: { ...process.env, MICRO_CHILD: 'service', MICRO_CHILD_ENTRY: ${JSON.stringify(join(folder, entry))} } });
    child.stdout.once('data', (d) => console.log(child.pid + ' ' + d));`;
  return spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
};

for (const c of [
  { name: 'an idle service', text: `setInterval(() => {}, 1000); process.stdout.write('0');` },
  {
    name: 'a service that ignores SIGTERM and blocks its event loop',
    text: `process.on('SIGTERM', () => {}); process.stdout.write('0', () => { for (;;); });`,
  },
  {
    name: 'a service with a process of its own',
    text: `import { spawn } from 'node:child_process'; process.on('SIGTERM', () => {});
      const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
      process.stdout.write(String(other.pid));`,
  },
])
  test(`${c.name} ends when its parent is killed`, async () => {
    write({ 'index.ts': c.text });
    const parent = parentOf('index.ts');
    const pids = await new Promise<number[]>((resolve) =>
      parent.stdout?.once('data', (d) => resolve(String(d).trim().split(' ').map(Number))),
    );
    parent.kill('SIGKILL');
    for (const pid of pids.filter((p) => p > 0)) await poll(`process ${pid} to end`, () => !exists(pid));
    rmSync(folder, { recursive: true, force: true });
  });

test.run();
