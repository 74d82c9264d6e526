/** Tests of a whole upgrade from inside, against a local server: what is in place afterwards, and that every fault leaves the old program alone. */

import { spawn } from 'node:child_process';
import { linkSync, chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';

import {
  type Answer,
  type ReleaseServer,
  standIn,
  startReleaseServer,
  status,
  sumsOf,
  text,
  truncated,
} from '../../test/e2e/release-server.ts';
import { suite } from '../../test/support/suite.ts';
import type { ExitError } from '../contract/error.ts';
import { diskFault } from './disk-fault.ts';
import { type Installed, type InstallRelease, installRelease } from './install-release.ts';
import { rollBack } from './roll-back.ts';

const test = suite('releases: install');
const folder = mkdtempSync(join(tmpdir(), 'micro-release-'));
const program = join(folder, 'micro');
const old = standIn('v0.1.0');
const latest = standIn('v0.2.0');
const file = '/v0.2.0/micro-linux-x64';
const sums = '/v0.2.0/SHA256SUMS';
let server: ReleaseServer;

test.before(async () => {
  server = await startReleaseServer(['v0.1.0', 'v0.2.0']);
});
test.each(() => {
  server.reset();
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  writeFileSync(program, old, { mode: 0o755 });
});
test.after(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const install = (o: Partial<InstallRelease> = {}): Promise<Installed> =>
  installRelease({
    program,
    platform: 'linux',
    arch: 'x64',
    url: server.url,
    running: 'v0.1.0',
    version: undefined,
    signal: new AbortController().signal,
    ...o,
  });

const failure = async (work: Promise<unknown>): Promise<ExitError> => {
  try {
    await work;
  } catch (e) {
    return e as ExitError;
  }
  throw new Error('it did not fail');
};
const untouched = (): void => {
  assert.equal(readdirSync(folder), ['micro']);
  assert.is(readFileSync(program, 'utf8'), old);
};

test('the latest release takes the place, the version before is kept', async () => {
  const told: string[] = [];
  const installed = await install({ onDownload: (version, asset) => told.push(`${version} ${asset}`) });
  assert.equal(installed, { version: 'v0.2.0', changed: true });
  assert.equal(told, ['v0.2.0 micro-linux-x64']);
  assert.equal(readdirSync(folder).sort(), ['micro', 'micro.old']);
  assert.is(readFileSync(program, 'utf8'), latest);
  assert.is(readFileSync(`${program}.old`, 'utf8'), old);
  assert.is(statSync(program).mode & 0o777, 0o755);
});

test('what is installed is not downloaded again', async () => {
  assert.equal(await install({ version: '0.1.0' }), { version: 'v0.1.0', changed: false });
  assert.equal(server.asked, ['/v0.1.0/SHA256SUMS']);
  untouched();
});

test('two at the same time leave one whole program and nothing else', async () => {
  const results = await Promise.all([install(), install()]);
  assert.ok(results.some(({ changed }) => changed));
  assert.equal(readdirSync(folder).sort(), ['micro', 'micro.old']);
  assert.is(readFileSync(program, 'utf8'), latest);
});

test('nothing is left beside it when the version before is kept already', async () => {
  linkSync(program, `${program}.old`);
  await install();
  assert.equal(readdirSync(folder).sort(), ['micro', 'micro.old']);
  assert.is(readFileSync(`${program}.old`, 'utf8'), old);
  assert.is(readFileSync(program, 'utf8'), latest);
});

test('somebody else who was quicker wins', async () => {
  server.wrong.set(file, (_req, rsp) => {
    writeFileSync(`${program}.old`, old);
    writeFileSync(program, latest);
    rsp.end(latest);
  });
  assert.equal(await install(), { version: 'v0.2.0', changed: false });
  assert.equal(readdirSync(folder).sort(), ['micro', 'micro.old']);
  assert.is(readFileSync(`${program}.old`, 'utf8'), old);
});

test('a rollback goes back, and once more forward', async () => {
  await install();
  const { signal } = new AbortController();
  assert.is(await rollBack({ program, platform: 'linux' }, signal), 'v0.1.0');
  assert.is(readFileSync(program, 'utf8'), old);
  assert.is(readFileSync(`${program}.old`, 'utf8'), latest);
  assert.is(await rollBack({ program, platform: 'linux' }, signal), 'v0.2.0');
  assert.is(readFileSync(program, 'utf8'), latest);
  assert.equal(readdirSync(folder).sort(), ['micro', 'micro.old']);
});

test('a rollback needs a version before that runs', async () => {
  const { signal } = new AbortController();
  const none = await failure(rollBack({ program, platform: 'linux' }, signal));
  assert.is(none.message, `there is no version to go back to: ${program}.old is not there`);
  writeFileSync(`${program}.old`, 'damaged');
  const damaged = await failure(rollBack({ program, platform: 'linux' }, signal));
  assert.match(damaged.message, /micro\.old does not run here; nothing was changed/);
  assert.is(readFileSync(program, 'utf8'), old);
});

test('an old latest is refused, its version by name is not', async () => {
  const e = await failure(install({ running: 'v0.3.0' }));
  assert.is(e.message, 'the latest release is v0.2.0, which is older than this v0.3.0');
  assert.is(e.hint, 'micro upgrade --version v0.2.0 installs it all the same');
  untouched();
  assert.is((await install({ running: 'v0.3.0', version: 'v0.2.0' })).changed, true);
});

const broken = '#!/bin/sh\necho "libfoo.so.9: not found" >&2\nexit 127\n';
const faults: readonly { name: string; wrong: Readonly<Record<string, Answer>>; says: RegExp }[] = [
  { name: 'a wrong hash', wrong: { [file]: text(`${latest}#`) }, says: /is damaged or not the released file; nothing/ },
  { name: 'an early end', wrong: { [file]: truncated(latest) }, says: /cannot download .*; nothing was changed/ },
  { name: 'an unseen early end', wrong: { [file]: text(latest.slice(9)) }, says: /is damaged or not the released/ },
  { name: 'no file', wrong: { [file]: status(404) }, says: /cannot download .*micro-linux-x64; nothing was changed/ },
  { name: 'a server error', wrong: { [file]: status(500) }, says: /cannot download .*micro-linux-x64; nothing/ },
  { name: 'no hashes', wrong: { [sums]: status(404) }, says: /cannot download .*SHA256SUMS; nothing was changed/ },
  { name: 'no hash of ours', wrong: { [sums]: text('x') }, says: /SHA256SUMS has no sha256 for micro-linux-x64/ },
  { name: 'too long hashes', wrong: { [sums]: text('x'.repeat(70_000)) }, says: /cannot download .*SHA256SUMS; noth/ },
  { name: 'no latest', wrong: { '/latest': status(404) }, says: /cannot download .*latest; nothing was changed/ },
  { name: 'an empty latest', wrong: { '/latest': text('') }, says: /latest names no version: \(empty\)/ },
  {
    name: 'a climbing latest',
    wrong: { '/latest': text('../v1.0.0') },
    says: /latest names no version: \.\.\/v1\.0\.0/,
  },
  {
    name: 'a program that does not run here',
    wrong: { [file]: text(broken), [sums]: text(sumsOf(broken)) },
    says: /micro v0\.2\.0 does not run here; nothing was changed/,
  },
];
for (const { name, wrong, says } of faults)
  test(`${name} leaves the old program alone`, async () => {
    for (const [path, answer] of Object.entries(wrong)) server.wrong.set(path, answer);
    const e = await failure(install());
    assert.match(e.message, says);
    assert.is(e.exitCode, 1);
    untouched();
  });

for (const { name, o, says } of [
  { name: 'an unknown platform', o: { platform: 'freebsd' }, says: /^there is no micro for freebsd x64$/ },
  { name: 'a word for a version', o: { version: 'newest' }, says: /^that is no version: newest$/ },
  { name: 'a path for a version', o: { version: 'v1.0.0/..' }, says: /^that is no version: v1\.0\.0\/\.\.$/ },
  { name: 'a file for the address', o: { url: 'file:///x' }, says: /^MICRO_INSTALL_URL is no http or https address/ },
] as const)
  test(`${name} is refused before anything is asked`, async () => {
    assert.match((await failure(install(o))).message, says);
    assert.equal(server.asked, []);
    untouched();
  });

test('an abort leaves nothing behind', async () => {
  const user = new AbortController();
  server.wrong.set(file, (_req, rsp) => {
    rsp.writeHead(200);
    rsp.write('#!', () => user.abort(new DOMException('interrupted', 'AbortError')));
  });
  assert.is((await failure(install({ signal: user.signal }))).name, 'AbortError');
  untouched();
});

/** In a process of its own: as another user, or where another disk is mounted. */
const installElsewhere = async (prefix: readonly string[], uid?: number): Promise<string> => {
  const code = `
    const { installRelease } = await import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, 'install-release.ts')).href)});
    const o = ${JSON.stringify({ program, platform: 'linux', arch: 'x64', url: server.url, running: 'v0.1.0' })};
    await installRelease({ ...o, signal: new AbortController().signal }).catch((e) => console.log(e.message));`;
  const [command = process.execPath, ...args] = [...prefix, process.execPath, '--input-type=module', '-e', code];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], uid, env: { PATH: process.env.PATH } });
  return textOf(child.stdout);
};

test('a folder that cannot be written to', async () => {
  chmodSync(folder, 0o555);
  // The superuser may write anywhere.
  const said = await installElsewhere([], process.getuid?.() === 0 ? 65_534 : undefined);
  chmodSync(folder, 0o755);
  assert.is(said, `cannot write to ${folder}: permission denied; nothing was changed\n`);
  untouched();
});

test('a disk that is full', async () => {
  const mount = `mount -t tmpfs -o size=64k none "$0" && cp "$1" "$0/micro" && shift && "$@"; ls -A "$0"`;
  const big = `${latest}#${' '.repeat(200_000)}\n`;
  server.wrong.set(file, text(big));
  server.wrong.set(sums, text(sumsOf(big)));
  // The mount hides what is in the folder.
  const outside = mkdtempSync(join(tmpdir(), 'micro-release-'));
  writeFileSync(join(outside, 'micro'), old, { mode: 0o755 });
  const said = await installElsewhere(['unshare', '-r', '-m', 'sh', '-c', mount, folder, join(outside, 'micro')]);
  rmSync(outside, { recursive: true });
  if (said === '') return void process.stdout.write('SKIP a full disk: no disk can be mounted here\n');
  assert.is(said, `no space left on the disk of ${folder}; nothing was changed\nmicro\n`);
});

for (const [code, says] of [
  ['ENOSPC', 'no space left on the disk of /x; nothing was changed'],
  ['EACCES', 'cannot write to /x: permission denied; nothing was changed'],
  ['EROFS', 'cannot write to /x: read-only file system; nothing was changed'],
  ['EIO', 'cannot install to /x: why'],
] as const)
  test(`${code} is said in words`, () =>
    assert.is((diskFault(Object.assign(new Error('why'), { code }), '/x') as Error).message, says));

test.run();
