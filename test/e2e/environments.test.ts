/**
 * Two servers with data folders of their own and one user: each environment has its address, its trust and its login. The second server speaks
 * TLS with a key of its own, and is reached through a gateway with an authority as well. No token of one environment is ever sent to another.
 */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { issueCertificate } from '../support/issue-certificate.ts';
import { type MicroResult, runMicro, type Server, startServer } from '../support/server.ts';
import { copyExample, tempFolder } from '../support/service-folder.ts';
import { suite } from '../support/suite.ts';
import { startTlsFront, type TlsFront } from '../support/tls-front.ts';

const test = suite('e2e: environments');

let home: string;
let first: Server;
let second: Server;
let gateway: TlsFront;
let fingerprint: string;
const env = () => ({ ...process.env, HOME: home, NO_COLOR: '1', MICRO_DATA_DIR: join(home, 'none') });

const micro = (args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<MicroResult> =>
  runMicro(args, { cwd: home, env: { ...env(), ...more } });
const ok = async (...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await micro(args);
  assert.is(code, 0, `micro ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
};

test.before(async () => {
  home = tempFolder();
  first = await startServer();
  second = await startServer({ env: { MICRO_PROXY_ENABLE_TLS: 'true' } });
  const { listeners } = JSON.parse(readFileSync(join(second.dataDir, 'server.json'), 'utf8'));
  fingerprint = listeners.find((l: { name: string }) => l.name === 'proxy').fingerprint;
  const authority = await issueCertificate('Own Authority', { authority: true });
  writeFileSync(join(home, 'ca.pem'), authority.cert);
  gateway = await startTlsFront(second.proxyAddress, await issueCertificate('gateway', { by: authority }));
  // The second server's own user makes an account for ours.
  const made = await second.micro(['auth', 'create', 'account', '--secret=of-bea', '--scopes=admin', 'bea']);
  assert.is(made.code, 0, made.stderr);
  await ok('env', 'add', 'first', first.proxyAddress);
});

test.after(async () => {
  await gateway?.close();
  await second?.stop();
  await first?.stop();
  rmSync(home, { recursive: true, force: true });
});

test('a server with a key of its own is not trusted at first sight, but when it is pinned', async () => {
  const address = `https://${second.proxyAddress}`;
  assert.is(await ok('env', 'add', 'second', address), '');
  const { code, stderr } = await micro(['-e', 'second', 'login', '--username=bea', '--password=of-bea']);
  assert.is(code, 4);
  const command = `micro env add second ${address} --fingerprint ${fingerprint}`;
  assert.equal(stderr.split('\n'), [
    `Failed to connect to micro server at ${second.proxyAddress}: its certificate is self-signed: ${fingerprint}`,
    `compare that with the fingerprint the server prints; only if both are equal: ${command}`,
    '',
  ]);
  await ok(...command.split(' ').slice(1));
  assert.match(await ok('-e', 'second', 'env', 'check'), /^tls: +TLSv1\.3, its key is pinned$/m);
});

test('each environment has its own login', async () => {
  await ok('-e', 'first', 'login', '--username=admin', '--password=micro');
  await ok('-e', 'second', 'login', '--username=bea', '--password=of-bea');
  assert.is(await ok('-e', 'first', 'user'), 'admin\n');
  assert.is(await ok('-e', 'second', 'user'), 'bea\n');
  assert.match(await ok('env', 'check', 'first'), /^login: +admin, /m);
  assert.match(await ok('env', 'check', 'second'), /^login: +bea, user of namespace micro, scopes admin$/m);
});

test('a service of one is not one of the other', async () => {
  await ok('-e', 'second', 'run', '--wait', copyExample(home, 'helloworld'));
  assert.match(await ok('-e', 'second', 'helloworld', '--name=Bea'), /"msg": "Hello Bea"/);
  assert.match((await micro(['helloworld', '--name=Bea'], { MICRO_ENV: 'second' })).stdout, /"msg": "Hello Bea"/);
  assert.match(await ok('-e', 'second', 'logs', 'helloworld'), /greeting/);
  assert.match(await ok('-e', 'second', 'stream', 'helloworld', 'Helloworld.Stream', '{"count":2}'), /"count": "1"/);
  const elsewhere = await micro(['-e', 'first', 'helloworld', '--name=Bea']);
  assert.is.not(elsewhere.code, 0);
  assert.match(elsewhere.stderr, /helloworld/);
});

test("an authority of one's own, through a gateway that speaks TLS", async () => {
  assert.is(await ok('env', 'add', 'gate', `https://localhost:${gateway.port}`, '--ca', 'ca.pem'), '');
  await ok('-e', 'gate', 'login', '--username=bea', '--password=of-bea');
  assert.match(await ok('-e', 'gate', 'helloworld', '--name=Gate'), /"msg": "Hello Gate"/);
  assert.match(await ok('env', 'check', 'gate'), /^tls: +TLSv1\.\d, signed by CN=Own Authority, of .*ca\.pem$/m);
  // The file is read each time, and its absence is a reason.
  rmSync(join(home, 'ca.pem'));
  const { code, stderr } = await micro(['-e', 'gate', 'services']);
  assert.is(code, 4);
  assert.match(stderr, /ca\.pem: there is no such file\nname another file, or make that one readable/);
});

test('insecure is said on every run', async () => {
  await ok('env', 'add', 'lab', `https://127.0.0.1:${gateway.port}`, '--insecure');
  const login = await micro(['-e', 'lab', 'login', '--username=bea', '--password=of-bea']);
  const call = await micro(['-e', 'lab', 'helloworld', '--name=Lab'], { MICRO_LOG_LEVEL: 'error' });
  assert.match(call.stdout, /"msg": "Hello Lab"/);
  for (const { code, stderr } of [login, call]) {
    assert.is(code, 0, stderr);
    assert.match(stderr, /^warning: environment lab is insecure: the certificate of 127\.0\.0\.1:\d+ is not checked/);
  }
  assert.match(await ok('env'), /^ {2}lab .*\(insecure: any certificate is accepted\)$/m);
});

/** Every header and body that reaches it, and an answer that sends people away. */
const startRecorder = async () => {
  const records: string[] = [];
  const server = createServer();
  server.on('stream', (stream, headers) => {
    records.push(JSON.stringify(headers));
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => records.push(chunk.toString('latin1')));
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '16', 'grpc-message': 'no' },
      { endStream: true },
    );
  });
  server.on('session', (session) => session.on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { records, address, close: () => new Promise((resolve) => server.close(resolve)) };
};

/** All tokens of the user's, and the credentials of both servers' machines. */
const secrets = (): readonly string[] => {
  const lines = readFileSync(join(home, '.micro', 'tokens'), 'utf8')
    .trim()
    .split('\n');
  const tokens = lines.map((line) =>
    JSON.parse(Buffer.from(line.slice(line.lastIndexOf(':') + 1), 'base64').toString()),
  );
  const local = [first, second].map(
    (server) =>
      JSON.parse(readFileSync(join(server.dataDir, 'drivers', 'auth', 'local', 'local-admin'), 'utf8')).token as string,
  );
  return [...tokens.flatMap((t) => [t.access_token, t.refresh_token] as string[]), ...local];
};

test('no token of an environment is sent to another', async () => {
  const recorder = await startRecorder();
  try {
    const known = secrets();
    assert.ok(known.length >= 6, String(known.length));
    await ok('env', 'add', 'other', recorder.address);
    await ok('env', 'set', 'second');
    const commands: readonly (readonly string[])[] = [
      ['services'],
      ['status'],
      ['helloworld', '--name=x'],
      ['call', 'helloworld', 'Helloworld.Call', '{}'],
      ['stream', 'helloworld', 'Helloworld.Stream', '{}'],
      ['logs', 'helloworld'],
      ['run', join(home, 'helloworld')],
      ['user'],
      ['auth', 'list', 'accounts'],
      ['login', '--username=eve', '--password=of-eve'],
      ['env', 'check'],
      ['logout'],
    ];
    for (const command of commands) await micro(['-e', 'other', ...command], { MICRO_DATA_DIR: first.dataDir });
    for (const command of commands.slice(0, 3)) await micro(['--proxy_address', recorder.address, ...command]);
    // The same name, now for another address.
    await ok('env', 'add', 'gate', recorder.address);
    for (const command of commands.slice(0, 3)) await micro(['-e', 'gate', ...command]);
    const seen = recorder.records.join('\n');
    assert.ok(recorder.records.length >= 16, `${recorder.records.length} records`);
    assert.match(seen, /of-eve/, 'what is meant for it arrives');
    for (const secret of known) assert.not.ok(seen.includes(secret), `a secret was sent: ${secret.slice(0, 12)}…`);
    assert.not.match(seen, /"authorization"/);
  } finally {
    await ok('env', 'set', 'local');
    await recorder.close();
  }
});

test('the logout of one leaves the other logged in, and a deleted environment is forgotten', async () => {
  await ok('-e', 'second', 'logout');
  const refused = await micro(['-e', 'second', 'services']);
  assert.is(refused.code, 2);
  assert.match(refused.stderr, /^you are not logged in to second: micro -e second login$/m);
  assert.match(await ok('-e', 'first', 'services'), /^registry$/m);
  await ok('env', 'del', 'second');
  const unknown = await micro(['-e', 'second', 'services']);
  assert.is(unknown.code, 1);
  assert.match(unknown.stderr, /^Env "second" not found\. See `micro env` for available environments\.\n/);
  assert.not.match(readFileSync(join(home, '.micro', 'config.json'), 'utf8'), new RegExp(fingerprint));
});

test.run();
