/** One real server against callers that mean no good, at each of its listeners, and against many callers at once: clear answers, nothing lost, nothing told. */

import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { frame, garbage, openSession, type RawOptions, rawCall, sendGarbage } from '../conformance/raw-grpc.ts';
import { poll } from '../support/poll.ts';
import { processesWith } from '../support/processes.ts';
import { openAdminCaller, type RpcCaller } from '../support/rpc.ts';
import { type Server, startServer } from '../support/server.ts';
import { copyExample, tempFolder } from '../support/service-folder.ts';
import { ok, untilStatus } from '../support/status.ts';
import { suite } from '../support/suite.ts';

const test = suite('e2e: hostile callers');
const secretValue = 'hunter22-is-nobodys-business';
let server: Server;
let caller: RpcCaller;
let sources: string;

test.before(async () => {
  sources = tempFolder();
  server = await startServer();
  caller = await openAdminCaller(server.proxyAddress);
  await ok(server, ['run', `--env_vars=DB_PASSWORD=${secretValue}`, copyExample(sources, 'helloworld')]);
  await untilStatus(server, 'helloworld', /running/);
});

test.after(async () => {
  await caller.close();
  await server.stop();
  rmSync(sources, { recursive: true, force: true });
});

/** Others are served as if nothing had happened, and the server has not lost its composure. */
const unharmed = async (): Promise<void> => {
  const answer = await caller.call('helloworld', 'Helloworld.Call', { name: 'John' });
  assert.is(answer.msg, 'Hello John');
  assert.not.match(server.output(), /unhandled|uncaught|TypeError|^\s+at /im);
};

const listeners = (): readonly { name: string; address: string }[] =>
  JSON.parse(readFileSync(join(server.dataDir, 'server.json'), 'utf8')).listeners;
const grpcListeners = () => listeners().filter((l) => l.name !== 'api');

const badCalls: readonly { name: string; call: Partial<RawOptions>; status?: number; http?: number }[] = [
  { name: 'a path of nothing', call: { path: '/' }, status: 3 },
  { name: 'a path with two slashes', call: { path: '//' }, status: 3 },
  { name: 'a path that climbs', call: { path: '/registry.Registry/ListServices/../GetService' }, status: 3 },
  { name: 'an escaped path', call: { path: '/registry%2eRegistry/ListServices' }, status: 3 },
  { name: 'a path with a query', call: { path: '/registry.Registry/ListServices?x=1' }, status: 3 },
  { name: 'another content type', call: { headers: { 'content-type': 'text/plain' } }, http: 415 },
  { name: 'half a frame', call: { body: Buffer.from([0, 0, 0, 0, 10, 1]) }, status: 13 },
  { name: 'no frame', call: { body: Buffer.alloc(0) }, status: 13 },
  { name: 'a frame of 4 GiB', call: { body: Buffer.from('00ffffffff00', 'hex') }, status: 8 },
  {
    name: 'an encoding nobody knows',
    call: { headers: { 'grpc-encoding': 'zork' }, body: Buffer.from('01000000027b7d', 'hex') },
    status: 12,
  },
  { name: 'bytes that are no message', call: { body: frame(Buffer.from('ffffffffffffffffffffff', 'hex')) }, status: 3 },
  { name: 'JSON that never ends', call: { body: frame('['.repeat(1_000_000)) }, status: 3 },
];

for (const c of badCalls)
  test(`${c.name} is refused by status at the proxy and behind it`, async () => {
    for (const { address } of grpcListeners().filter((l) => l.name !== 'gateways')) {
      const session = openSession(address);
      const headers = { authorization: `Bearer ${caller.token}`, 'micro-namespace': 'micro', ...c.call.headers };
      const answer = await rawCall(session, { path: '/registry.Registry/ListServices', ...c.call, headers });
      session.destroy();
      if (c.http !== undefined) assert.is(answer.headers[':status'], c.http);
      else assert.is(answer.status, c.status, `${address}: ${answer.message}`);
    }
    await unharmed();
  });

test('garbage at any gRPC listener does no harm', async () => {
  for (const { address } of grpcListeners())
    for (const bytes of Object.values(garbage)) await sendGarbage(address, bytes);
  await unharmed();
});

test('a refused token is told why, at each door', async () => {
  const session = openSession(grpcListeners().find((l) => l.name === 'services')!.address);
  const headers = { authorization: 'Bearer nonsense' };
  const body = frame('{}');
  const { message } = await rawCall(session, { path: '/registry.Registry/ListServices', headers, body });
  session.destroy();
  assert.match(JSON.parse(message).hint, /token is not valid/);
  const url = `http://${server.apiAddress}/registry/listServices`;
  const withToken = (await (await fetch(url, { headers })).json()) as { code: number; hint: string };
  assert.is(withToken.code, 401);
  assert.match(withToken.hint, /token is not valid/);
  const without = (await (await fetch(url)).json()) as { code: number; hint: string };
  assert.is(without.code, 401);
  assert.match(without.hint, /carries no token/);
});

/** Sends the text as it is; answers the status line and the rest, or nothing when the server just closed. */
const http = (text: string): Promise<string> =>
  new Promise((resolve) => {
    const [host, port] = server.apiAddress.split(':');
    let answer = '';
    const socket = connect(Number(port), host, () => socket.write(text));
    socket.setTimeout(5_000, () => socket.destroy());
    socket.on('data', (d) => (answer += d));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });

const head = (line: string, ...more: readonly string[]): string =>
  `${line} HTTP/1.1\r\n${[`Host: ${server.apiAddress}`, 'Connection: close', ...more].join('\r\n')}\r\n\r\n`;

for (const c of [
  { name: '//', text: () => head('GET //helloworld/call'), status: 400 },
  { name: '/..', text: () => head('GET /../helloworld/call'), status: 400 },
  { name: '%2f', text: () => head('GET /helloworld%2fcall'), status: 400 },
  { name: 'an absolute URL', text: () => head('GET http://evil/helloworld/call'), status: 400 },
  { name: 'a method nobody has', text: () => head('TRACE /helloworld/call'), status: 405 },
  { name: 'a foreign host', text: () => head('GET /').replace(/Host: .*/, 'Host: evil.example'), status: 403 },
  { name: 'a foreign page', text: () => head('GET /helloworld/call', 'Origin: http://evil.example'), status: 403 },
  { name: 'a body of 1 GiB', text: () => head('POST /helloworld/call', 'Content-Length: 1073741824'), status: 413 },
  { name: 'two lengths', text: () => head('POST /', 'Content-Length: 1', 'Content-Length: 2'), status: 400 },
  { name: 'a huge head', text: () => head('GET /', `X: ${'x'.repeat(70_000)}`), status: 431 },
  {
    name: 'a flood of headers',
    text: () => head('GET /', ...Array.from({ length: 9_000 }, (_, i) => `x${i}: v`)),
    status: 431,
  },
])
  test(`the API answers ${c.name} with ${c.status}`, async () => {
    assert.match(await http(c.text()), new RegExp(`^HTTP/1.1 ${c.status} `));
    await unharmed();
  });

test('garbage after a good request harms only its own connection', async () => {
  const good = head('GET /').replace('Connection: close\r\n', '');
  assert.match(await http(`${good}\x00\x01 garbage\r\n\r\n`), /^HTTP\/1.1 200 /);
  await unharmed();
});

test('200 callers at once each get their own answer', async () => {
  const texts = await Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      const answer = await fetch(`http://${server.apiAddress}/helloworld/call?name=n${i}`);
      return answer.text();
    }),
  );
  assert.is(texts.filter((text, i) => text === `{"msg":"Hello n${i}"}`).length, 200);
});

test('the data folder is closed to others, and no secret is told in arguments, output or status', async () => {
  if (process.platform !== 'linux') return;
  for (const entry of readdirSync(server.dataDir, { recursive: true, withFileTypes: true })) {
    const { mode } = statSync(join(entry.parentPath, entry.name));
    // Unpacked sources keep their own modes; the folder around them is closed.
    if (entry.isDirectory() || !entry.parentPath.includes('/services/'))
      assert.is(mode & 0o077, 0, join(entry.parentPath, entry.name));
  }
  const credential = readFileSync(join(server.dataDir, 'drivers/auth/local/local-admin'), 'utf8');
  const own = processesWith('MICRO_PROXY', server.proxyAddress);
  const serviceSecrets = own.map(({ environment }) =>
    environment.find((e) => e.startsWith('MICRO_AUTH_SECRET='))?.slice('MICRO_AUTH_SECRET='.length),
  );
  const secrets = [secretValue, JSON.parse(credential).token, caller.token, ...serviceSecrets].filter((s) => s);
  assert.ok(secrets.length >= 4, 'the service has an account of its own');
  const told = [
    server.output(),
    ...own.map((p) => p.command),
    await ok(server, ['status', '--output', 'json']),
    await ok(server, ['logs', 'helloworld']),
    await ok(server, ['get', 'service', 'helloworld']),
  ].join('\n');
  for (const secret of secrets) assert.not.ok(told.includes(secret), 'a secret was told');
});

test(
  'runs, updates and kills that race end in one state that is true',
  async () => {
    const folders = ['one', 'two', 'three'].map((name) => copyExample(join(sources, name), 'helloworld'));
    const racer = (word: string, i: number) => server.micro([word, '--name', 'racer', folders[i % 3]!]);
    await Promise.all([
      racer('run', 0),
      server.micro(['kill', 'racer']),
      racer('run', 1),
      racer('update', 2),
      server.micro(['kill', 'racer']),
      racer('run', 2),
    ]);
    await ok(server, ['run', '--name', 'racer', folders[0]!]);
    await untilStatus(server, 'racer', /running/);
    // The last run is an update: the one before it serves until the new one is registered.
    await poll('one process to be left', () => racers().length === 1);
    await untilStatus(server, 'racer', /running/);
    assert.is(racers().length, 1);
    await ok(server, ['kill', 'racer']);
    assert.not.match(await ok(server, ['status']), /racer/);
    assert.is(racers().length, 0);
  },
  { limitMs: 90_000 },
);

const racers = () =>
  processesWith('MICRO_PROXY', server.proxyAddress).filter(({ environment }) =>
    environment.includes('MICRO_SERVICE_NAME=racer'),
  );

test.run();
