/** install.sh end to end, offline: piped into each shell this machine has, against a local server whose answers go wrong one by one. */

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../support/suite.ts';
import {
  type Answer,
  endless,
  type ReleaseServer,
  redirect,
  standIn,
  startReleaseServer,
  status,
  sumsOf,
  text,
  truncated,
} from './release-server.ts';
import { type Kit, kitsIn, type Ran, replaceTool, runWith, toolFolder, which } from './shell-kit.ts';

const test = suite('install.sh');
const root = join(import.meta.dirname, '..', '..');
const script = readFileSync(join(root, 'install.sh'), 'utf8');
const asset = `micro-${process.platform}-${process.arch}`;
const latest = 'v0.2.0';
const folder = mkdtempSync(join(tmpdir(), 'micro-install-'));
chmodSync(folder, 0o755);
const kits = kitsIn(join(folder, 'kits'));
const [kit] = kits as [Kit];
let server: ReleaseServer;
let bin = '';
let count = 0;

test.before(async () => {
  server = await startReleaseServer(['v0.1.0', latest]);
});
test.each(() => {
  server.reset();
  count += 1;
  bin = join(folder, `bin-${count}`);
});
test.after(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

interface RunOptions {
  readonly kit?: Kit;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string;
  readonly uid?: number;
}

/** As `curl … | sh` does: the script comes through the pipe, the environment is empty but for what is named. */
const install = (o: RunOptions = {}): Promise<Ran> => {
  const { shell, path } = o.kit ?? kit;
  const args = o.args ? ['-s', '--', ...o.args] : [];
  const env = { PATH: path, MICRO_INSTALL_URL: server.url, MICRO_INSTALL_DIR: bin, ...o.env };
  return runWith([...shell, ...args], { cwd: folder, env, stdin: o.stdin ?? script, uid: o.uid });
};

const program = (name = 'micro'): string => readFileSync(join(bin, name), 'utf8');
const haveOld = (): void => {
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'micro'), standIn('v0.1.0'), { mode: 0o755 });
};
const untouched = (): void => {
  assert.equal(readdirSync(bin), ['micro'], 'no temporary file stays');
  assert.is(program(), standIn('v0.1.0'));
};

for (const one of kits) {
  test(`${one.name}: a first install, a newer version with the old one kept, and the same again`, async () => {
    const first = await install({ kit: one, args: ['--version', '0.1.0'] });
    assert.is(first.code, 0, first.stderr);
    assert.match(first.stdout, `micro v0.1.0 is installed: ${bin}/micro`);
    assert.match(first.stdout, `export PATH="${bin}:$PATH"`);
    assert.equal(readdirSync(bin), ['micro']);
    assert.is(statSync(join(bin, 'micro')).mode & 0o777, 0o755);
    assert.not(server.asked.includes('/latest'));
    const second = await install({ kit: one });
    assert.is(second.code, 0, second.stderr);
    assert.match(second.stdout, 'the version before is kept, to go back: micro upgrade --rollback');
    assert.equal(readdirSync(bin).sort(), ['micro', 'micro.old']);
    assert.is(program(), standIn(latest));
    assert.is(program('micro.old'), standIn('v0.1.0'));
    server.reset();
    const third = await install({ kit: one });
    assert.match(third.stdout, `micro ${latest} is installed already: ${bin}/micro`);
    assert.equal(server.asked, ['/latest', `/${latest}/SHA256SUMS`]);
    assert.is(program('micro.old'), standIn('v0.1.0'));
  });

  const released = standIn(latest);
  const file = `/${latest}/${asset}`;
  const sums = `/${latest}/SHA256SUMS`;
  const faults: readonly { name: string; path: string; answer: Answer; says: RegExp }[] = [
    {
      name: 'a wrong hash',
      path: file,
      answer: text(`${released}#`),
      says: /is damaged or not the released file; noth/,
    },
    {
      name: 'a file that ends early',
      path: file,
      answer: truncated(released),
      says: /cannot download .*nothing was ch/,
    },
    { name: 'a file that ends early unseen', path: file, answer: text(released.slice(9)), says: /damaged or not/ },
    { name: 'a file that is not there', path: file, answer: status(404), says: /cannot download [\s\S]*404/ },
    { name: 'a broken server', path: file, answer: status(500), says: /cannot download [\s\S]*500/ },
    { name: 'hashes that are not there', path: sums, answer: status(404), says: /SHA256SUMS[\s\S]*404/ },
    { name: 'hashes without our file', path: sums, answer: text('12  micro-os2-x86\n'), says: /does not name micro-/ },
    { name: 'hashes that are none', path: sums, answer: text(`12  ${asset}\n`), says: /is damaged: no sha256 for/ },
    { name: 'endless hashes', path: sums, answer: endless, says: /cannot download .*SHA256SUMS/ },
    { name: 'no latest', path: '/latest', answer: status(404), says: /cannot download .*latest/ },
    { name: 'an empty latest', path: '/latest', answer: text(''), says: /latest is empty/ },
    {
      name: 'a page instead of a version',
      path: '/latest',
      answer: text('<html>'),
      says: /that is no version: .*html/,
    },
    { name: 'a version that climbs', path: '/latest', answer: text('v1.2.3/../x'), says: /that is no version/ },
    { name: 'a redirect to itself', path: '/latest', answer: redirect('/latest'), says: /cannot download .*latest/ },
  ];
  for (const fault of faults)
    test(`${one.name}: ${fault.name} changes nothing`, async () => {
      haveOld();
      server.wrong.set(fault.path, fault.answer);
      const { code, stderr } = await install({ kit: one });
      assert.is(code, 1, stderr);
      assert.match(stderr, /^micro: /m);
      assert.match(stderr, fault.says, stderr);
      untouched();
    });

  test(`${one.name}: a server that is not there changes nothing`, async () => {
    haveOld();
    const url = `http://127.0.0.1:${await closedPort()}`;
    const { code, stderr } = await install({ kit: one, env: { MICRO_INSTALL_URL: url } });
    assert.is(code, 1);
    assert.match(
      stderr,
      /cannot download .*latest[\s\S]*(refused|[Cc]ould ?n[o']t connect|[Ff]ailed to connect|can't connect)/,
      stderr,
    );
    untouched();
  });

  test(`${one.name}: a program that does not run here changes nothing`, async () => {
    haveOld();
    const bad = '#!/bin/sh\necho "libfoo.so.9: not found" >&2\nexit 127\n';
    server.wrong.set(`/${latest}/${asset}`, text(bad));
    server.wrong.set(`/${latest}/SHA256SUMS`, text(sumsOf(bad)));
    const { code, stderr } = await install({ kit: one });
    assert.is(code, 1);
    assert.match(stderr, /v0\.2\.0 does not run here; nothing was changed\n {2}libfoo\.so\.9: not found/, stderr);
    untouched();
  });

  test(`${one.name}: half a script does nothing`, () => halfScripts(one));
}

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
    args: ['--dir', `bin-${count}/`],
    env: { PATH: `${own.path}:${bin}`, MICRO_INSTALL_DIR: undefined },
  });
  assert.is(code, 0);
  assert.match(stdout, `installed: ${bin}/micro\n`);
  assert.match(stdout, `another micro comes first on your PATH: ${own.path}/micro`);
});

test('a link is replaced by the program; what it led to is kept as micro.old', async () => {
  mkdirSync(bin);
  const elsewhere = join(folder, `elsewhere-${count}`);
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
  const { stdout, code } = await runWith([tool, '-s', 'sh', '-S', 'style', join(root, 'install.sh')], {});
  assert.is(stdout, '');
  assert.is(code, 0);
});

/** A copy of the first kit that a test may change. */
const ownKit = (): Kit => ({
  ...kit,
  path: toolFolder(join(folder, `tools-${count}`), [...readdirSync(kit.path), 'sysctl']),
});

/** Every cut near the end, and some in between. */
const halfScripts = async (one: Kit): Promise<void> => {
  const whole = script.trimEnd().length;
  for (let length = 1; length < whole; length += length > whole - 40 ? 1 : 211) {
    const { stdout } = await install({ kit: one, stdin: script.slice(0, length) });
    assert.is(stdout, '', `cut at ${length}`);
  }
  assert.equal(server.asked, []);
  assert.not(existsSync(bin));
};

const closedPort = async (): Promise<number> => {
  const listener = createServer();
  await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
  const { port } = listener.address() as { port: number };
  await new Promise((done) => listener.close(done));
  return port;
};

test.run();
