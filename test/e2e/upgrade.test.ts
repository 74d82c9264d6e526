/** `micro upgrade` and `micro uninstall` on the executable itself, and install.sh with the real file, all against a local server. */

import { createHash } from 'node:crypto';
import {
  chmodSync,
  createReadStream,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as assert from 'uvu/assert';

import { isHolder, lockFolder } from '../../internal/process/folder-lock.ts';
import { noExecutableReason, packagedMicro } from '../support/packaged.ts';
import { tempFolder } from '../support/service-folder.ts';
import { suite } from '../support/suite.ts';
import { type ReleaseServer, standIn, startReleaseServer, text } from './release-server.ts';
import { kitsIn, type Ran, runWith } from './shell-kit.ts';

const test = suite('upgrade and uninstall');
const asset = `micro-${process.platform}-${process.arch}`;
const folder = tempFolder();
chmodSync(folder, 0o755);
const reason = noExecutableReason();
const executable = reason === undefined ? await packagedMicro(folder) : '';
let server: ReleaseServer;
let count = 0;
let home = '';
let bin = '';

test.before(async () => {
  server = await startReleaseServer(['v9.0.0']);
});
test.each(() => {
  server.reset();
  count += 1;
  home = join(folder, `it's home ${count}`);
  bin = join(home, 'bin');
  mkdirSync(bin, { recursive: true });
});
test.after(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const micro = (
  args: readonly string[],
  o: { env?: NodeJS.ProcessEnv; name?: string; uid?: number } = {},
): Promise<Ran> =>
  runWith([join(bin, o.name ?? 'micro'), ...args], {
    cwd: folder,
    uid: o.uid,
    env: { HOME: home, MICRO_INSTALL_URL: server.url, ...o.env },
  });
const put = (): void => linkSync(executable, join(bin, 'micro'));
const inode = (name: string): number => statSync(join(bin, name)).ino;

const upgrade = async (): Promise<void> => {
  put();
  const real = inode('micro');
  const first = await micro(['upgrade']);
  assert.is(first.code, 0, first.stderr);
  assert.is(first.stdout, `micro v9.0.0 is installed: ${bin}/micro\n`);
  assert.match(first.stderr, `downloading micro v9.0.0 (${asset})`);
  assert.match(first.stderr, `is kept as ${bin}/micro.old, to go back: micro upgrade --rollback`);
  assert.is(readFileSync(join(bin, 'micro'), 'utf8'), standIn('v9.0.0'));
  assert.is(inode('micro.old'), real);
  // The stand-in knows no commands, so the version before goes back by itself, and then forward.
  const back = await micro(['upgrade', '--rollback'], { name: 'micro.old' });
  assert.match(back.stdout, /^micro v\d+\.\d+\.\d+ is back: .*\/bin\/micro\n$/, back.stderr);
  assert.is(inode('micro'), real);
  const forward = await micro(['upgrade', '--rollback', '--output', 'json']);
  assert.equal(JSON.parse(forward.stdout), { version: 'v9.0.0', program: join(bin, 'micro'), changed: true });
  assert.equal(readdirSync(bin).sort(), ['micro', 'micro.old']);
};

const refuse = async (): Promise<void> => {
  put();
  const real = inode('micro');
  server.wrong.set(`/v9.0.0/${asset}`, text('#!/bin/sh\n'));
  for (const { args, env, uid, code, says } of [
    {
      args: ['upgrade'],
      env: { MICRO_INSTALL_URL: '' },
      code: 1,
      says: /^there are no releases yet: set MICRO_INSTALL_URL /,
    },
    {
      args: ['upgrade'],
      code: 1,
      says: /is damaged or not the released file; nothing was changed\nsha256 in SHA256SUMS/,
    },
    {
      args: ['upgrade', '--version', 'v8.0.0'],
      code: 1,
      says: /^cannot download .*SHA256SUMS; nothing was changed\n.*404/,
    },
    { args: ['upgrade', '--version', 'x'], code: 1, says: /^that is no version: x\na version looks like v0\.1\.0$/m },
    { args: ['upgrade', '--rollback'], code: 1, says: /^there is no version to go back to: / },
    { args: ['upgrade', '--rollback', '--version', 'v1.0.0'], code: 1, says: /exclude each other/ },
    {
      args: ['upgrade'],
      uid: 65_534,
      code: 1,
      says: /^cannot write to .*: permission denied; nothing was changed\nrun it as/m,
    },
  ]) {
    if (uid !== undefined && process.getuid?.() !== 0) chmodSync(bin, 0o555);
    const result = await micro(args, { env, uid: process.getuid?.() === 0 ? uid : undefined });
    chmodSync(bin, 0o755);
    assert.is(result.code, code, result.stderr);
    assert.match(result.stderr, says, result.stderr);
    assert.is(inode('micro'), real);
    assert.equal(readdirSync(bin), ['micro']);
  }
};

const uninstall = async (): Promise<void> => {
  put();
  const dataDir = join(home, '.micro', 'server');
  mkdirSync(join(home, '.micro', 'cache', 'x'), { recursive: true });
  writeFileSync(join(bin, 'micro.old'), '');
  const lock = lockFolder({ folder: dataDir, name: 'lock', conflicts: () => true });
  if (isHolder(lock)) throw new Error('a fresh folder is locked');
  const served = await micro(['uninstall']);
  assert.is(served.stderr, `a server runs on ${dataDir}: process ${process.pid}\nstop it first, then uninstall\n`);
  assert.is(served.code, 1);
  assert.equal(readdirSync(bin), ['micro', 'micro.old']);
  lock.release();
  const { code, stdout, stderr } = await micro(['uninstall'], { env: { MICRO_INSTALL_URL: undefined } });
  assert.is(code, 0, stderr);
  const shown = stdout.split('\n').filter((line) => !line.startsWith('removed /tmp/micro-cache-'));
  assert.equal(shown, [
    `removed ${home}/.micro/cache`,
    `removed ${bin}/micro.old`,
    `removed ${bin}/micro`,
    `left ${home}/.micro: settings, logins and plugins, and the data of micro server`,
    `to remove that as well: rm -rf '${home.replace("'", "'\\''")}/.micro'`,
    '',
  ]);
  assert.equal(readdirSync(bin), []);
  assert.ok(existsSync(dataDir));
  // What it said to type does what it said.
  await runWith(['/bin/sh', '-c', shown.at(-2)?.replace('to remove that as well: ', '') ?? ''], { env: process.env });
  assert.not(existsSync(join(home, '.micro')));
};

/** The file that users get goes through the script that users run, then replaces itself by itself. */
const installReal = async (): Promise<void> => {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(executable)) hash.update(chunk);
  server.wrong.set('/v9.0.0/SHA256SUMS', text(`${hash.digest('hex')}  ${asset}\n`));
  server.wrong.set(`/v9.0.0/${asset}`, (_req, rsp) => void pipeline(createReadStream(executable), rsp).catch(() => {}));
  const [kit] = kitsIn(join(folder, 'kits'));
  if (kit === undefined) throw new Error('no shell to install with');
  const script = readFileSync(join(import.meta.dirname, '..', '..', 'install.sh'), 'utf8');
  const env = { PATH: kit.path, MICRO_INSTALL_URL: server.url, MICRO_INSTALL_DIR: bin };
  const { code, stdout, stderr } = await runWith([...kit.shell], { env, stdin: script });
  assert.is(code, 0, stderr);
  assert.match(stdout, `micro v9.0.0 is installed: ${bin}/micro`);
  assert.match((await micro(['--version'])).stdout, /^micro version v/);
  server.asked.length = 0;
  const again = await micro(['upgrade']);
  assert.is(again.stdout, `micro v9.0.0 is installed already: ${bin}/micro\n`, again.stderr);
  assert.equal(server.asked, ['/latest', '/v9.0.0/SHA256SUMS']);
};

if (reason !== undefined) process.stdout.write(`SKIP upgrade of the executable: ${reason}\n`);
else {
  test('the latest release, back again, and forward again', upgrade);
  test('every refusal leaves the program as it was', refuse);
  test('uninstall refuses under a server, then removes the program and says what stays', uninstall);
  test('install.sh installs the real file, which knows that it is the latest', installReal);
}

test.run();
