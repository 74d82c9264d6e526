/** install.sh where the machine is not as it should be: platform, tools, folders, disk, settings; and what it tells the user. */

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../support/suite.ts';
import { asset, latest, openInstaller, script, scriptFile } from './installer.ts';
import { redirect, standIn, sumsOf, text } from './release-server.ts';
import { type Kit, replaceTool, runWith, which } from './shell-kit.ts';

const test = suite('install.sh: machines');
const installer = await openInstaller();
const { folder, haveOld, install, kits, ownKit, program, server, untouched } = installer;
const [kit] = kits as readonly [Kit];
let bin = '';

test.each(() => {
  bin = installer.fresh();
});
test.after(() => installer.close());

const platforms: readonly { name: string; system: string; machine: string; bits?: string; says: RegExp }[] = [
  {
    name: 'an unknown system',
    system: 'FreeBSD',
    machine: 'amd64',
    says: /there is no micro for FreeBSD amd64\n {2}there is/,
  },
  { name: 'an unknown machine', system: 'Linux', machine: 'riscv64', says: /there is no micro for Linux riscv64/ },
  {
    name: 'a 32-bit system on a 64-bit machine',
    system: 'Linux',
    machine: 'aarch64',
    bits: '32',
    says: /aarch64 \(32 bit/,
  },
  { name: 'Windows', system: 'MINGW64_NT-10.0', machine: 'x86_64', says: /this is Windows: use install\.ps1/ },
];
for (const { name, system, machine, bits, says } of platforms)
  test(`refuses ${name}`, async () => {
    haveOld();
    const own = ownKit();
    replaceTool(own.path, 'uname', `case $1 in -s) echo ${system} ;; *) echo ${machine} ;; esac`);
    replaceTool(own.path, 'getconf', `echo ${bits ?? 64}`);
    const { code, stderr } = await install({ kit: own });
    assert.is(code, 1);
    assert.match(stderr, says, stderr);
    assert.equal(server.asked, []);
    untouched();
  });

for (const { system, machine, translated, wanted } of [
  { system: 'Linux', machine: 'amd64', translated: '0', wanted: 'micro-linux-x64' },
  { system: 'Linux', machine: 'aarch64', translated: '0', wanted: 'micro-linux-arm64' },
  { system: 'Darwin', machine: 'arm64', translated: '0', wanted: 'micro-darwin-arm64' },
  { system: 'Darwin', machine: 'x86_64', translated: '0', wanted: 'micro-darwin-x64' },
  { system: 'Darwin', machine: 'x86_64', translated: '1', wanted: 'micro-darwin-arm64' },
])
  test(`takes ${wanted} for ${system} ${machine}${translated === '1' ? ', translated' : ''}`, async () => {
    const own = ownKit();
    replaceTool(own.path, 'uname', `case $1 in -s) echo ${system} ;; *) echo ${machine} ;; esac`);
    replaceTool(own.path, 'getconf', 'echo 64');
    replaceTool(own.path, 'sysctl', `echo ${translated}`);
    assert.is((await install({ kit: own })).code, 0);
    assert.is(server.asked.at(-1), `/${latest}/${wanted}`);
  });

for (const { without, says } of [
  { without: ['curl'], says: /needs curl or wget, and neither is on your PATH/ },
  { without: ['sha256sum'], says: /needs sha256sum, shasum or openssl to check the download/ },
  { without: ['mv'], says: /needs the program mv, which is not on your PATH/ },
])
  test(`names a missing tool: ${without}`, async () => {
    haveOld();
    const own = ownKit();
    for (const tool of without) replaceTool(own.path, tool);
    const { code, stderr } = await install({ kit: own });
    assert.is(code, 1);
    assert.match(stderr, says, stderr);
    assert.equal(server.asked, []);
    untouched();
  });

test('says in one line that there are no releases yet', async () => {
  const { code, stdout, stderr } = await install({ env: { MICRO_INSTALL_URL: undefined } });
  assert.is(code, 1);
  assert.is(stdout, '');
  assert.is(
    stderr,
    'micro: there are no releases yet: set MICRO_INSTALL_URL to the address of a folder that holds them\n',
  );
  assert.not(existsSync(bin));
});

for (const { args, env, says } of [
  { args: [], env: { MICRO_INSTALL_URL: 'file:///tmp' }, says: /MICRO_INSTALL_URL is no http or https address: file/ },
  { args: ['--version'], env: {}, says: /--version needs a value/ },
  {
    args: ['--version', 'newest'],
    env: {},
    says: /that is no version: you asked for newest\n {2}a version looks like v0/,
  },
  { args: ['--version=../x'], env: {}, says: /that is no version: you asked for \.\.\/x/ },
  { args: ['--fast'], env: {}, says: /usage: [\s\S]*unknown argument: --fast/ },
  { args: [], env: { MICRO_INSTALL_DIR: undefined, HOME: undefined }, says: /HOME is not set/ },
])
  test(`refuses ${args.join(' ') || Object.keys(env).join(' and ')}: ${says.source}`, async () => {
    const own = ownKit();
    replaceTool(own.path, 'id', 'echo 1000');
    const { code, stderr } = await install({ kit: own, args, env });
    assert.is(code, 1);
    assert.match(stderr, says, stderr);
  });

test('a user without a folder of choice gets ~/.local/bin', async () => {
  const own = ownKit();
  replaceTool(own.path, 'id', 'echo 1000');
  const home = join(folder, 'a home');
  mkdirSync(home);
  const { code, stdout } = await install({
    kit: own,
    env: { HOME: home, MICRO_INSTALL_DIR: undefined, SHELL: '/bin/zsh' },
  });
  assert.is(code, 0);
  assert.match(stdout, `installed: ${home}/.local/bin/micro\n`);
  assert.match(stdout, 'put it into ~/.zshrc');
});

test('a relative folder, and a PATH that finds another micro first', async () => {
  const own = ownKit();
  replaceTool(own.path, 'micro', 'echo other');
  const { code, stdout } = await install({
    kit: own,
    args: ['--dir', `${basename(bin)}/`],
    env: { PATH: `${own.path}:${bin}`, MICRO_INSTALL_DIR: undefined },
  });
  assert.is(code, 0);
  assert.match(stdout, `installed: ${bin}/micro\n`);
  assert.match(stdout, `another micro comes first on your PATH: ${own.path}/micro`);
});

test('a link is replaced by the program; what it led to is kept as micro.old', async () => {
  mkdirSync(bin);
  const elsewhere = join(folder, `elsewhere`);
  writeFileSync(elsewhere, standIn('v0.1.0'), { mode: 0o755 });
  symlinkSync(elsewhere, join(bin, 'micro'));
  assert.is((await install()).code, 0);
  assert.is(readFileSync(elsewhere, 'utf8'), standIn('v0.1.0'));
  assert.is(program(), standIn(latest));
  assert.is(program('micro.old'), standIn('v0.1.0'));
});

test('follows a redirect, and finds its line in hashes of another form', async () => {
  const hash = sumsOf(standIn(latest)).slice(0, 64).toUpperCase();
  server.wrong.set('/latest', redirect('/elsewhere'));
  server.wrong.set('/elsewhere', text(`${latest}\r\n`));
  server.wrong.set(`/${latest}/SHA256SUMS`, text(`${'0'.repeat(64)} *${asset}.xz\r\n${hash} *${asset}\r\n`));
  const { code, stderr } = await install();
  assert.is(code, 0, stderr);
});

test('an https address is never led to an http one', async () => {
  const own = ownKit();
  replaceTool(own.path, 'curl', 'for a in "$@"; do printf "%s " "$a" >&2; done; exit 7');
  const { stderr } = await install({ kit: own, env: { MICRO_INSTALL_URL: 'https://releases.example' } });
  assert.match(stderr, / --proto =https /);
});

test('a folder that cannot be written to changes nothing', async () => {
  haveOld();
  chmodSync(bin, 0o555);
  // The superuser may write anywhere.
  const uid = process.getuid?.() === 0 ? 65_534 : undefined;
  const { code, stderr } = await install({ uid });
  chmodSync(bin, 0o755);
  assert.is(code, 1);
  assert.match(
    stderr,
    /cannot write to .*bin-[\s\S]*denied\n {2}set MICRO_INSTALL_DIR to a folder of your own/,
    stderr,
  );
  assert.equal(server.asked, []);
  untouched();
});

test('a folder that cannot be made, and a folder where the program should be', async () => {
  writeFileSync(bin, '');
  const made = await install({ env: { MICRO_INSTALL_DIR: join(bin, 'below') } });
  assert.is(made.code, 1);
  assert.match(made.stderr, /cannot make .*below: /);
  rmSync(bin);
  mkdirSync(join(bin, 'micro'), { recursive: true });
  const there = await install();
  assert.is(there.code, 1);
  assert.match(there.stderr, /bin-\d+\/micro is a folder/);
  assert.equal(readdirSync(bin), ['micro']);
});

test('a full disk changes nothing: the download tool fails and df says why', async () => {
  haveOld();
  const own = ownKit();
  const real = which('curl');
  replaceTool(
    own.path,
    'curl',
    `case $* in *${asset}*) echo "curl: (23) Failure writing output" >&2; exit 23 ;; esac; exec ${real} "$@"`,
  );
  replaceTool(
    own.path,
    'df',
    'echo "Filesystem 1024-blocks Used Available Capacity Mounted on"; echo "/dev/x 900 896 4 100% /a b"',
  );
  const { code, stderr } = await install({ kit: own });
  assert.is(code, 1);
  assert.match(stderr, /no space left on the disk of .*; nothing was changed/, stderr);
  untouched();
});

test('a disk that is really full changes nothing', async () => {
  const unshare = ['unshare', '-r', '-m', 'sh', '-c'];
  const mounts = await runWith([...unshare, 'mount -t tmpfs -o size=64k none /mnt'], {}).catch(() => undefined);
  if (mounts?.code !== 0) return console.log('SKIP a real full disk: no disk can be mounted here');
  mkdirSync(bin);
  const big = `${standIn(latest)}#${' '.repeat(200_000)}\n`;
  server.wrong.set(`/${latest}/${asset}`, text(big));
  server.wrong.set(`/${latest}/SHA256SUMS`, text(sumsOf(big)));
  const [shell] = kit.shell;
  const inside = `mount -t tmpfs -o size=64k none ${bin} && echo old >${bin}/micro && (PATH=${kit.path}; ${shell}) ; echo "code $?"; ls -A ${bin}; cat ${bin}/micro`;
  const { stdout, stderr } = await runWith([...unshare, inside], {
    stdin: script,
    env: { PATH: process.env.PATH, MICRO_INSTALL_URL: server.url, MICRO_INSTALL_DIR: bin },
  });
  assert.match(stderr, /no space left on the disk of/, stderr);
  assert.match(stdout, 'code 1\nmicro\nold\n');
});

test('interrupted, it leaves nothing behind', async () => {
  haveOld();
  const own = ownKit();
  const real = which('curl');
  replaceTool(own.path, 'curl', `case $* in *${asset}*) kill -TERM $(cat parent) ;; esac; exec ${real} "$@"`);
  const { code } = await install({ kit: own, stdin: `echo $$ >${folder}/parent\n${script}` });
  assert.is(code, 143);
  untouched();
});

test('shellcheck has nothing to say', async () => {
  const tool = which('shellcheck');
  if (tool === undefined) return console.log('SKIP shellcheck of install.sh: this machine has no shellcheck');
  const { stdout, code } = await runWith([tool, '-s', 'sh', '-S', 'style', scriptFile], {});
  assert.is(stdout, '');
  assert.is(code, 0);
});

test.run();
