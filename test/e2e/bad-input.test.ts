/** Bad input at every door: a clear line, the right exit code, nothing lost, nothing down. */

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { poll } from '../support/poll.ts';
import { openAdminCaller } from '../support/rpc.ts';
import { microCommand, runMicro, type Server, startServer } from '../support/server.ts';
import { copyExample, oneMethodService, tempFolder, writeService } from '../support/service-folder.ts';
import { ok, untilStatus } from '../support/status.ts';
import { suite } from '../support/suite.ts';
import { uploadTar } from './hostile-archive.ts';

const test = suite('e2e: bad input');
let server: Server;
let home: string;
let sources: string;

/** Long enough for an honest service on a busy machine, and not the half minute a real one has. */
const settings = { plugins: { 'drivers/runtime/local': { start_timeout: '8s' } } };

test.before(async () => {
  sources = tempFolder();
  home = tempFolder();
  mkdirSync(join(home, '.micro'));
  writeFileSync(join(home, '.micro', 'config.json'), JSON.stringify(settings));
  server = await startServer({ home });
  await ok(server, ['run', copyExample(sources, 'helloworld')]);
  await untilStatus(server, 'helloworld', /running/);
});

test.after(async () => {
  await server?.stop();
  for (const folder of [home, sources]) rmSync(folder, { recursive: true, force: true });
});

/** The server took no harm: it still answers a call to the service. */
const alive = async (): Promise<void> => {
  assert.match(await ok(server, ['helloworld', '--name=John']), /Hello John/);
};

for (const c of [
  {
    name: 'an unknown service',
    args: ['helloword', '--name=x'],
    code: 1,
    text: /Unrecognized micro command: helloword\..*\n.*helloworld/s,
  },
  {
    name: 'an unknown flag',
    args: ['helloworld', '--nmae=John'],
    code: 128,
    text: /Unknown flag: nmae\n.*did you mean --name/s,
  },
  {
    name: 'an unknown endpoint',
    args: ['helloworld', 'cal', '--name=x'],
    code: 128,
    text: /Endpoint Helloworld\.Cal not found for service helloworld/,
  },
  { name: 'a flag value of the wrong type', args: ['helloworld', 'stream', '--count=many'], code: 128, text: /count/ },
  {
    name: 'a number that is too large',
    args: ['helloworld', 'stream', '--count=9223372036854775808'],
    code: 128,
    text: /count/,
  },
  { name: 'a folder that is not there', args: ['run', './nowhere'], code: undefined, text: /nowhere/ },
  { name: 'killing what does not run', args: ['kill', 'nobody'], code: 127, text: /not found/i },
  { name: 'logs of nobody', args: ['logs', 'nobody'], code: undefined, text: /Logs not found for service nobody/ },
  { name: 'a call to nobody', args: ['call', 'nobody', 'Nobody.Call', '{}'], code: 4, text: /nobody/ },
  { name: 'a call without JSON', args: ['call', 'helloworld', 'Helloworld.Call', '{'], code: undefined, text: /./ },
])
  test(`${c.name} is told by name`, async () => {
    const { code, stdout, stderr } = await server.micro(c.args, { cwd: sources });
    if (c.code === undefined) assert.is.not(code, 0);
    else assert.is(code, c.code, stdout + stderr);
    assert.match(stderr, c.text);
    assert.not.match(stderr, /^\s+at .*:\d+:\d+\)?$/m);
  });

test('a taken port is named with the process that has it', async () => {
  const result = await runMicro(['server'], {
    env: {
      ...server.env,
      MICRO_DATA_DIR: join(sources, 'other'),
      MICRO_API_ADDRESS: server.apiAddress,
      MICRO_PROXY_ADDRESS: '127.0.0.1:0',
    },
    timeoutMs: 20_000,
  });
  assert.is.not(result.code, 0);
  assert.ok(result.stderr.includes(server.apiAddress.split(':')[1]!), result.stderr);
  if (process.platform === 'linux') assert.ok(result.stderr.includes(String(server.pid)), result.stderr);
  await alive();
});

test('a second server on the same folder is refused, naming the first', async () => {
  const result = await runMicro(['server'], {
    env: { ...server.env, MICRO_API_ADDRESS: '127.0.0.1:0', MICRO_PROXY_ADDRESS: '127.0.0.1:0' },
    timeoutMs: 20_000,
  });
  assert.is.not(result.code, 0);
  assert.ok(result.stderr.includes(String(server.pid)), result.stderr);
  await alive();
});

test('a corrupt config file is named, with the way out, and left as it is', async () => {
  const home = tempFolder();
  const env = { ...server.env, HOME: home };
  await runMicro(['env', 'add', 'other', '127.0.0.1:9'], { env });
  const path = join(home, '.micro', 'config.json');
  writeFileSync(path, '{ "half": ');
  const { code, stderr } = await runMicro(['env'], { env });
  assert.is.not(code, 0);
  assert.ok(stderr.includes(path), stderr);
  assert.is(readFileSync(path, 'utf8'), '{ "half": ');
  rmSync(home, { recursive: true, force: true });
});

test('a corrupt tokens file is named, and the next login mends it', async () => {
  const home = tempFolder();
  const env = { ...server.env, HOME: home };
  const login = ['login', '--username', 'admin', '--password', 'micro'];
  assert.is((await runMicro(login, { env })).code, 0);
  const path = join(home, '.micro', 'tokens');
  const damaged = readFileSync(path, 'utf8').replace(/:[^:]+\n/, ':garbage\n');
  writeFileSync(path, damaged);
  const { code, stderr } = await runMicro(['status'], { env });
  assert.is(code, 2);
  assert.ok(stderr.includes(path) && stderr.includes('micro login'), stderr);
  assert.is(readFileSync(path, 'utf8'), damaged);
  assert.is((await runMicro(login, { env })).code, 0);
  assert.is((await runMicro(['status'], { env })).code, 0);
  rmSync(home, { recursive: true, force: true });
});

test('a source that reaches out of its folder stays inside or is refused', async () => {
  const folder = writeService(sources, 'reacher', oneMethodService('reacher', `return { msg: 'x' };`));
  symlinkSync('/etc/passwd', join(folder, 'stolen.txt'));
  const { code, stderr } = await server.micro(['run', folder]);
  if (code === 0) await ok(server, ['kill', 'reacher']);
  else assert.match(stderr, /stolen\.txt/);
  await alive();
});

const climbed = join(tmpdir(), 'micro-climbed');
for (const c of [
  { name: 'a path that climbs', entries: [{ path: `../../../../../../../..${climbed}`, body: 'x' }] },
  { name: 'an absolute path', entries: [{ path: climbed, body: 'x' }] },
  { name: 'a link out of it', entries: [{ path: 'out', body: '', type: '2', linkTo: tmpdir() }] },
  { name: 'a hard link out of it', entries: [{ path: 'out', body: '', type: '1', linkTo: '/etc/passwd' }] },
  { name: 'a device', entries: [{ path: 'null', body: '', type: '3' }] },
  {
    name: 'a bottomless folder',
    entries: [
      { path: 'a/'.repeat(49), body: '' },
      { path: `${'a/'.repeat(49)}b`, body: 'x' },
    ],
  },
])
  test(`an archive with ${c.name} is refused, or unpacked without harm`, async () => {
    const refusal = await uploadTar(server.proxyAddress, 'hostile', c.entries);
    if (c.name !== 'a bottomless folder') assert.ok(refusal, 'accepted');
    if (refusal) assert.ok(c.entries.some((e) => refusal.includes(e.path)) || /archive/.test(refusal), refusal);
    else await ok(server, ['kill', 'hostile']);
    assert.not(existsSync(climbed));
    await alive();
  });

test('an archive that is none is refused', async () => {
  const refusal = await uploadTar(server.proxyAddress, 'noise', [], Buffer.alloc(4_096, 'noise'));
  assert.ok(refusal, 'accepted');
  await alive();
});

test('a source over the limit is refused, naming it', async () => {
  const folder = writeService(sources, 'huge', oneMethodService('huge', `return { msg: 'x' };`));
  writeFileSync(join(folder, 'large.bin'), '');
  truncateSync(join(folder, 'large.bin'), 600 * 1024 * 1024);
  const { code, stderr } = await server.micro(['run', folder]);
  assert.is.not(code, 0);
  assert.match(stderr, /BytesMax/);
  rmSync(folder, { recursive: true, force: true });
  await alive();
});

/** Speaks raw bytes to the proxy; resolves when the peer has ended the connection or said something. */
const speak = (address: string, bytes: Uint8Array | string): Promise<void> =>
  new Promise((resolve) => {
    const [host, port] = address.split(':');
    const socket = connect(Number(port), host, () => socket.write(bytes));
    socket.setTimeout(2_000, () => socket.destroy());
    socket.on('error', () => resolve());
    socket.on('data', () => socket.end());
    socket.on('close', () => resolve());
  });

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
for (const c of [
  { name: 'HTTP/1', bytes: 'GET / HTTP/1.1\r\nhost: x\r\n\r\n' },
  { name: 'noise', bytes: Buffer.from(Array.from({ length: 512 }, (_, i) => (i * 37) & 255)) },
  {
    name: 'a frame that is too long',
    bytes: Buffer.concat([Buffer.from(preface), Buffer.from('ffffff000100000001', 'hex')]),
  },
  {
    name: 'headers that are no HPACK',
    bytes: Buffer.concat([
      Buffer.from(preface),
      Buffer.from('000000040000000000' + '000004010500000001ffffffff', 'hex'),
    ]),
  },
])
  test(`${c.name} on the proxy's port does no harm`, async () => {
    await speak(server.proxyAddress, c.bytes);
    await alive();
  });

test('a malformed gRPC path is answered, not routed', async () => {
  const caller = await openAdminCaller(server.proxyAddress);
  for (const [service, endpoint] of [
    ['helloworld', 'Helloworld.'],
    ['..', 'Helloworld.Call'],
    ['helloworld', 'Helloworld.Call/../x'],
    ['a b', 'Helloworld.Call'],
  ] as const) {
    let failed: unknown;
    try {
      await caller.call(service, endpoint, {});
    } catch (e) {
      failed = e;
    }
    assert.ok(failed, `${service} ${endpoint} was answered`);
  }
  await caller.close();
  await alive();
});

test('a message over the limit is refused, naming it', async () => {
  const caller = await openAdminCaller(server.proxyAddress);
  let message = 'accepted';
  try {
    await caller.call('helloworld', 'Helloworld.Call', { name: 'x'.repeat(33 * 1024 * 1024) });
  } catch (e) {
    message = (e as Error).message;
  }
  assert.match(message, /messageBytesMax|larger than max|Received message/i);
  await caller.close();
  await alive();
});

test('odd HTTP requests get the error JSON with its status', async () => {
  const url = `http://${server.apiAddress}`;
  const noJson = await fetch(`${url}/helloworld/call`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{',
  });
  assert.is(noJson.status, 400);
  assert.is(((await noJson.json()) as { code: number }).code, 400);
  const noEndpoint = await fetch(`${url}/helloworld/nothing`);
  assert.ok(noEndpoint.status >= 400 && noEndpoint.status < 600);
  await alive();
});

test(
  'a service that never registers is an error that says so',
  async () => {
    const folder = writeService(sources, 'silent', {
      ...oneMethodService('silent', 'return {};'),
      'index.ts': `console.log('I do nothing');\nsetInterval(() => {}, 1_000);\n`,
    });
    await ok(server, ['run', folder]);
    assert.match(await untilStatus(server, 'silent', /error/, 60_000), /regist/);
    await ok(server, ['kill', 'silent']);
    await alive();
  },
  { limitMs: 90_000 },
);

test('a full disk fails the write that met it, and nothing before or after', async () => {
  if (process.platform !== 'linux') return;
  const home = tempFolder();
  const addresses = { MICRO_API_ADDRESS: '127.0.0.1:0', MICRO_PROXY_ADDRESS: '127.0.0.1:0' };
  const dataDir = join(home, '.micro', 'server');
  const [command, before] = microCommand();
  // Files stop growing at 4 MiB: the kernel's own way of saying no, which needs no disk of our own.
  const child = spawn('bash', ['-c', `trap '' XFSZ; ulimit -f 4096; exec "$@"`, 'bash', command, ...before, 'server'], {
    env: { ...server.env, ...addresses, HOME: home, MICRO_DATA_DIR: dataDir, MICRO_PROXY: undefined },
    stdio: 'ignore',
  });
  try {
    const state = await poll('the limited server', () =>
      JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8')),
    );
    const proxy = state.listeners.find((l: { name: string }) => l.name === 'proxy').address;
    const caller = await openAdminCaller(proxy);
    const options = { database: 'micro', table: 'full' };
    const write = (key: string, bytes: number): Promise<unknown> =>
      caller.call('store', 'Store.Write', {
        record: { key, value: Buffer.alloc(bytes, 1).toString('base64') },
        options,
      });
    await write('first', 100);
    let refused: { code?: number; detail?: string } | undefined;
    for (let n = 0; n < 20 && !refused; n += 1)
      await write(`large/${n}`, 1024 * 1024).catch((e: typeof refused) => {
        refused = e;
      });
    assert.ok(refused, 'a write over the limit was acknowledged');
    const { records } = await caller.call('store', 'Store.Read', { key: 'first', options });
    assert.is((records as { key: string }[])[0]?.key, 'first');
    await caller.close();
    assert.is(child.exitCode, null);
  } finally {
    child.kill('SIGTERM');
    await new Promise((r) => child.on('exit', r));
    rmSync(home, { recursive: true, force: true });
  }
});

test.run();
