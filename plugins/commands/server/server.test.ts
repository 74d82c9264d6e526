/** A real server: who may share its folder and ports, what it says, how it ends, what it leaves. */

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { poll } from '../../../test/support/poll.ts';
import { microCommand, type Server, startServer } from '../../../test/support/server.ts';
import { suite } from '../../../test/support/suite.ts';

const test = suite('commands: server');
let server: Server;

test.before(async () => {
  server = await startServer();
});

test('it says where it listens and where it keeps things', async () => {
  const output = await poll('the banner', () => /^next .*\n/m.test(server.output()) && server.output());
  assert.match(output, /^LISTENER +ADDRESS +PROTOCOL +AUTH$/m);
  assert.match(output, new RegExp(`^proxy +${server.proxyAddress} +gRPC.* yes$`, 'm'));
  assert.match(output, new RegExp(`^api +${server.apiAddress} +HTTP.* yes$`, 'm'));
  assert.ok(output.includes(server.dataDir));
});

test('server.json is for this user only', () => {
  const file = join(server.dataDir, 'server.json');
  if (process.platform !== 'win32') assert.is(statSync(file).mode & 0o777, 0o600);
  const { pid, version, started } = JSON.parse(readFileSync(file, 'utf8'));
  assert.is(pid, server.pid);
  assert.match(version, /^\d+\.\d+\.\d+$/);
  assert.ok(Date.parse(started) <= Date.now());
});

test('a second server on its folder is refused, naming it', async () => {
  const free = ['--api_address=127.0.0.1:0', '--proxy_address=127.0.0.1:0'];
  const got = await server.micro(['server', ...free]);
  assert.is(got.code, 1);
  assert.is(got.stdout, '');
  assert.ok(
    got.stderr.startsWith(`the data folder ${server.dataDir} is in use by process ${server.pid}\n`),
    got.stderr,
  );
  const part = await server.micro(['service', 'store']);
  assert.is(part.code, 1);
  assert.match(part.stderr, new RegExp(`^the store data in .* is in use by process ${server.pid}\n`));
});

test('every port it would take is named with its process and the flag', async () => {
  const taken = [`--api_address=${server.apiAddress}`, `--proxy_address=${server.proxyAddress}`];
  const got = await server.micro(['server', '--data_dir=elsewhere', ...taken]);
  assert.is(got.code, 1);
  const lines = got.stderr.trim().split('\n').sort();
  assert.is(lines.length, 2);
  for (const [at, name] of ['api', 'proxy'].entries())
    assert.match(
      lines[at] ?? '',
      new RegExp(`^${name}: port \\d+ is taken by .*choose another with --${name}_address$`),
    );
  if (process.platform === 'linux') assert.ok(lines[0]?.includes(`process ${server.pid} `));
  assert.not.ok(existsSync(join(server.home, 'elsewhere')));
});

test('another gateway may run beside it', async () => {
  const [command, before] = microCommand();
  const child = spawn(command, [...before, 'service', 'proxy', '--address=127.0.0.1:0', '--output=json'], {
    env: server.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (d: string) => (text += d));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  try {
    await poll('the second proxy', () => text.endsWith('}\n'));
    const { listeners } = JSON.parse(text) as { listeners: { name: string; address: string }[] };
    const { address = '' } = listeners.find((l) => l.name === 'proxy') ?? {};
    // A login is kept in the home; the server's own must not notice this one.
    const env = { HOME: mkdtempSync(join(server.home, 'other-')), MICRO_PROXY: address };
    const login = await server.micro(['login', '--username=admin', '--password=micro'], { env });
    assert.is(login.code, 0, login.stderr);
    const services = await server.micro(['services'], { env });
    assert.match(services.stdout, /^registry$/m);
  } finally {
    child.kill('SIGTERM');
  }
  assert.is(await ended, 0);
});

test('the lock and server.json of a killed server do not keep the next one out', async () => {
  await server.kill9();
  assert.ok(existsSync(join(server.dataDir, 'lock')));
  server = await server.restart();
  assert.is((await server.micro(['services'])).code, 0);
});

test('an interrupt, sent twice by npm and the terminal, ends it cleanly: code 0, no lock, no server.json', async () => {
  const { pid, dataDir } = server;
  process.kill(pid, 'SIGINT');
  // Two of one kind would be one to the process while neither is dealt with.
  process.kill(pid, 'SIGTERM');
  await poll('the process to end', () => isGone(pid));
  assert.is(await server.stop(), 0, server.output());
  const left = existsSync(dataDir) ? readdirSync(dataDir) : [];
  assert.equal(
    left.filter((name) => /lock|server\.json/.test(name)),
    [],
  );
});

const isGone = (pid: number): boolean => {
  try {
    return !process.kill(pid, 0);
  } catch {
    return true;
  }
};

test.run();
