/** The executable where little is given: no HOME, a bare root folder, a file that moves while it runs, a cache that cannot execute, an environment that wants to load code. */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';

import { noExecutableReason, packagedMicro } from '../support/packaged.ts';
import { runMicro, type Server, startServer } from '../support/server.ts';
import { copyExample, oneMethodService, tempFolder, writeService } from '../support/service-folder.ts';
import { ok } from '../support/status.ts';
import { suite } from '../support/suite.ts';

const test = suite('e2e: the executable in odd places');
const folder = tempFolder();
const skipped = noExecutableReason();
let micro = '';
if (skipped === undefined) micro = process.env.MICRO_BIN = await packagedMicro(folder);

const isRoot = process.getuid?.() === 0;
/** A test of the executable, or the line that says why it is none. */
const check = (title: string, body: () => Promise<void>, reason: string | undefined = skipped): void => {
  if (reason === undefined) test(title, body);
  else process.stdout.write(`SKIP ${title}: ${reason}\n`);
};

test('there is an executable, or a reason why not', () => assert.ok(micro !== '' || skipped !== undefined));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a service from its source to its first answer. */
const answers = async (server: Server, source: string, name: string): Promise<void> => {
  await ok(server, ['run', '--wait', source]);
  assert.match(await ok(server, [name, 'call', '--name=x']), /x/);
};

check('version says commit, target and Node', async () => {
  const { stdout } = await runMicro(['version', '--output=json'], { env: {} });
  const version = JSON.parse(stdout) as Record<string, string>;
  assert.match(version.version ?? '', /^v\d+\.\d+\.\d+/);
  assert.match(version.commit ?? '', /^([0-9a-f]{40})?$/);
  assert.is(version.target, `${process.platform}-${process.arch}`);
  assert.match(version.node ?? '', /^v24\./);
});

check('NODE_OPTIONS from outside loads no code and changes nothing', async () => {
  const file = join(folder, 'evil.cjs');
  writeFileSync(file, `require('node:fs').writeFileSync(${JSON.stringify(`${file}.ran`)}, '');`);
  for (const option of [`--require=${file}`, `--import=${file}`, '--inspect-brk=127.0.0.1:0', '--no-such-option']) {
    const { code, stdout } = await runMicro(['version'], { env: { NODE_OPTIONS: option } });
    assert.is(code, 0, option);
    assert.match(stdout, /^micro version v/);
  }
  assert.not(existsSync(`${file}.ran`));
});

check('short commands load no network code, and what they load has a code cache that fits', async () => {
  for (const word of ['--help', 'version', 'env']) {
    const { stderr } = await runMicro([word], { env: { HOME: folder, MICRO_TRACE: 'load' } });
    assert.match(stderr, /^load: cli\.script\.js /m, word);
    assert.not.match(stderr, /recompiled|no cache/, word);
    assert.not.match(stderr, /^load: (call|server|service)\.script/m, word);
  }
});

check('without HOME everything is kept under MICRO_DATA_DIR', async () => {
  const dataDir = join(folder, 'data');
  const cwd = join(folder, 'cwd');
  mkdirSync(cwd);
  const server = await startServer({ home: cwd, env: { HOME: undefined, MICRO_DATA_DIR: dataDir } });
  try {
    await answers(server, copyExample(folder, 'helloworld'), 'helloworld');
  } finally {
    await server.stop();
  }
  assert.equal(readdirSync(cwd), []);
  assert.equal(readdirSync(join(dataDir, 'cache')).length, 2);
});

check('its file may be moved and replaced while it runs', async () => {
  const here = join(folder, 'moving');
  mkdirSync(here);
  const file = join(here, 'micro');
  await copyFile(micro, file);
  process.env.MICRO_BIN = file;
  const server = await startServer();
  process.env.MICRO_BIN = micro;
  try {
    renameSync(file, `${file}.old`);
    await answers(server, writeService(here, 'moved', oneMethodService('moved', 'return { msg: req.name };')), 'moved');
    writeFileSync(file, 'not a program', { mode: 0o755 });
    rmSync(`${file}.old`);
    await answers(server, writeService(here, 'gone', oneMethodService('gone', 'return { msg: req.name };')), 'gone');
  } finally {
    await server.stop();
  }
});

check(
  'what authors write runs: enums, top-level await, CommonJS, own packages, threads, their lines in traces',
  async () => {
    const server = await startServer();
    try {
      await answers(server, writeService(folder, 'kinds', kinds), 'kinds');
      await answers(server, writeService(folder, 'classic', classic), 'classic');
      const failed = await server.micro(['kinds', 'call', '--name=throw']);
      assert.is.not(failed.code, 0);
      assert.match(await ok(server, ['logs', 'kinds']), /index\.ts:19:/);
    } finally {
      await server.stop();
    }
  },
);

const kinds = {
  ...oneMethodService('kinds', ''),
  'package.json': '{ "name": "kinds", "type": "module", "dependencies": { "own": "1.0.0" } }',
  'node_modules/own/package.json': '{ "name": "own", "type": "module", "exports": "./own.js" }',
  'node_modules/own/own.js': 'export const own = 1;\n',
  'node_modules/micro/package.json': '{ "name": "micro", "main": "main.js" }',
  'node_modules/micro/main.js': 'throw new Error("the wrong micro");\n',
  'relative.ts': 'export enum Color { Red = "red" }\nexport class Point { constructor(readonly x: number) {} }\n',
  'worker.mjs': "import { parentPort } from 'node:worker_threads';\nparentPort.postMessage('worked');\n",
  'index.ts': `import { once } from 'node:events';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { isMicroError, notFound, service } from 'micro';
import { capability } from 'micro/plugin';
import { own } from 'own';
import { Color, Point } from './relative.js';

const [worked] = await once(new Worker(new URL('./worker.mjs', import.meta.url)), 'message');
const required = createRequire(import.meta.url)('micro');
const later = await import('micro');
const facts = [own, Color.Red, new Point(2).x, worked, required.service === service, later.service === service];
const wrong = !isMicroError(notFound('a', 'b')) || !capability || process.argv.length !== 2;
if (wrong || String(facts) !== '1,red,2,worked,true,true') throw new Error(String(facts));

interface Req { name: string }
const call = (req: Req): { msg: string } => {
  if (req.name === 'throw')
    throw new Error('thrown on purpose');
  return { msg: req.name };
};
await service({ name: 'kinds', handlers: { Kinds: { call } } }).run();
`,
};

const classic = {
  ...oneMethodService('classic', ''),
  'package.json': '{ "name": "classic", "main": "main.js" }',
  'index.ts': '',
  'main.js': `const { service } = require('micro');
const { msg } = require('./part');
service({ name: 'classic', handlers: { Classic: { call: (req) => ({ msg: msg(req.name) }) } } }).run();
`,
  'part.ts': "exports.msg = (name: string): string => 'classic ' + name;\n",
};

check(
  'a root folder with only glibc and libstdc++ is enough',
  async () => {
    const root = join(folder, 'root');
    for (const name of ['tmp', 'home']) mkdirSync(join(root, name), { recursive: true });
    await placeIn(root, micro);
    renameSync(join(root, micro), join(root, 'micro'));
    for (const library of librariesOf(micro)) await placeIn(root, library);
    copyExample(join(root, 'home'), 'helloworld');
    // Its command line is the same file, run in the same root; MICRO_BIN is a word that the kernel can start out here.
    const start = join(folder, 'in-root');
    writeFileSync(start, `#!/bin/sh\nexec chroot ${root} /micro "$@"\n`, { mode: 0o755 });
    process.env.MICRO_BIN = start;
    const env = { HOME: '/home', MICRO_DATA_DIR: undefined, PATH: process.env.PATH };
    const server = await startServer({ home: join(root, 'home'), env: { ...env }, cwd: '/' }).finally(() => {
      process.env.MICRO_BIN = micro;
    });
    process.env.MICRO_BIN = start;
    try {
      await answers(server, '/home/helloworld', 'helloworld');
    } finally {
      process.env.MICRO_BIN = micro;
      await server.stop();
    }
  },
  skipped ?? (isRoot ? undefined : 'only root may change its root folder'),
);

const placeIn = async (root: string, file: string): Promise<void> => {
  const to = join(root, file);
  mkdirSync(dirname(to), { recursive: true });
  try {
    linkSync(realpathSync(file), to);
  } catch {
    // Another file system.
    await copyFile(file, to);
  }
};

const librariesOf = (file: string): readonly string[] =>
  [...execFileSync('ldd', [file], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g)].map((m) => m[1] as string);

check(
  'where no cache folder can execute files, services run all the same',
  async () => {
    // In a mount namespace of its own /tmp, where home, data folder and temporary files are, executes nothing.
    const start = join(folder, 'no-exec');
    const dist = join(import.meta.dirname, '..', '..', 'dist');
    // The executable itself is reached through another mount: this checkout may stand below /tmp.
    const mounts = `mount --bind ${dist} /mnt && mount --bind /tmp /tmp && mount -o remount,bind,noexec /tmp`;
    writeFileSync(start, `#!/bin/sh\nexec unshare -m /bin/sh -c '${mounts} && exec /mnt/micro "$@"' micro "$@"\n`, {
      mode: 0o755,
    });
    process.env.MICRO_BIN = start;
    const server = await startServer().finally(() => {
      process.env.MICRO_BIN = micro;
    });
    try {
      const source = writeService(folder, 'stripped', oneMethodService('stripped', 'return { msg: req.name };'));
      await answers(server, source, 'stripped');
    } finally {
      await server.stop();
    }
  },
  skipped ?? (isRoot && spawnSync('unshare', ['-m', 'true']).status === 0 ? undefined : 'mounts need root'),
);

test.run();
