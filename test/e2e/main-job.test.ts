/** The first complete path, against a real server: run, list, call by every way in, follow, kill; nothing is left. */

import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import * as assert from 'uvu/assert';

import { poll } from '../support/poll.ts';
import { processesWith } from '../support/processes.ts';
import { microCommand, type Server, startServer } from '../support/server.ts';
import { copyExample, tempFolder } from '../support/service-folder.ts';
import { ok, untilStatus } from '../support/status.ts';
import { suite } from '../support/suite.ts';

const test = suite('e2e: main job');
let server: Server;
let sources: string;

test.before(async () => {
  sources = tempFolder();
  server = await startServer();
});

test('a fresh machine has the core services, no services of its own, and needs no login', async () => {
  assert.match(await ok(server, ['env']), /^\* local /m);
  assert.is(await ok(server, ['status']), '');
  const services = (await ok(server, ['services'])).trim().split('\n');
  for (const name of ['api', 'auth', 'proxy', 'registry', 'runtime', 'store']) assert.ok(services.includes(name), name);
});

test('a folder becomes a running service', async () => {
  assert.is(await ok(server, ['run', copyExample(sources, 'helloworld')]), '');
  assert.match(await untilStatus(server, 'helloworld', /\trunning|\srunning\s/), /latest/);
  assert.match(await ok(server, ['services']), /^helloworld$/m);
});

test('it is a command: typed flags, help, streams', async () => {
  assert.is(await ok(server, ['helloworld', '--name=John']), '{\n\t"msg": "Hello John"\n}\n');
  assert.match(await ok(server, ['helloworld', 'call', '--name', '007']), /"Hello 007"/);
  assert.match(await ok(server, ['helloworld', '--name=a=b=c']), /"Hello a=b=c"/);
  const help = await server.micro(['helloworld', '--help']);
  assert.is(help.code, 0);
  assert.match(help.stdout + help.stderr, /call/);
  const counted = await ok(server, ['helloworld', 'stream', '--count=3']);
  assert.equal(counted.match(/"count": "?\d"?/g)?.length, 3);
});

test('the registry shows what it answers', async () => {
  const help = await server.micro(['registry', '--help']);
  for (const name of ['deregister', 'getService', 'listServices', 'register', 'watch'])
    assert.match(help.stdout + help.stderr, new RegExp(`\\b${name}\\b`));
  const flags = await server.micro(['registry', 'getService', '--help']);
  for (const flag of ['--service string', '--options_ttl int64', '--options_domain string'])
    assert.ok((flags.stdout + flags.stderr).includes(flag), flag);
  const found = await ok(server, ['registry', 'getService', '--service=helloworld', '--options_domain=micro']);
  const { services } = JSON.parse(found);
  assert.is(services[0].name, 'helloworld');
  assert.equal(services[0].endpoints.map((e: { name: string }) => e.name).sort(), [
    'Helloworld.Call',
    'Helloworld.PingPong',
    'Helloworld.Stream',
  ]);
});

test('it answers over HTTP, by path, query and body', async () => {
  const url = `http://${server.apiAddress}`;
  assert.equal(await (await fetch(`${url}/helloworld/call?name=John`)).json(), { msg: 'Hello John' });
  const posted = await fetch(`${url}/helloworld/call`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"Jane"}',
  });
  assert.equal(await posted.json(), { msg: 'Hello Jane' });
  const missing = await fetch(`${url}/nosuch/call`);
  assert.is(missing.status, 404);
  const root = await fetch(url);
  assert.ok('version' in ((await root.json()) as object));
});

test('its log is kept and can be followed', async () => {
  assert.match(await ok(server, ['logs', 'helloworld']), /greeting/);
  const [command, before] = microCommand();
  const follower = spawn(command, [...before, 'logs', '-f', 'helloworld'], {
    env: server.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let seen = '';
  follower.stdout.on('data', (d) => (seen += d));
  try {
    await poll('the follower to show what is there', () => seen.includes('John'));
    await ok(server, ['helloworld', '--name=Followed']);
    await poll('the follower to show the new line', () => seen.includes('Followed'));
  } finally {
    follower.kill('SIGINT');
  }
});

test('logged out means refused with the reason, until the next login', async () => {
  await ok(server, ['logout']);
  const refused = await server.micro(['status']);
  assert.is(refused.code, 2);
  assert.match(refused.stderr, /^Not authorized to perform this request\n.*not logged in to local: micro login/);
  await ok(server, ['login', '--username', 'admin', '--password', 'micro']);
  assert.match(await ok(server, ['status']), /helloworld/);
});

test('kill ends it, and no process is left', async () => {
  await ok(server, ['kill', 'helloworld']);
  assert.is(await ok(server, ['status']), '');
  await poll('helloworld to leave the registry', async () => !/^helloworld$/m.test(await ok(server, ['services'])));
  const others = (): unknown[] => processesWith('MICRO_SERVICE_NAME', 'helloworld').filter((p) => inHome(p.pid));
  await poll('its process to end', () => others().length === 0);
});

const inHome = (pid: number): boolean => processesWith('HOME', server.home).some((p) => p.pid === pid);

test('the server stops cleanly and leaves nothing', async () => {
  const { home } = server;
  assert.is(await server.stop(), 0);
  assert.equal(processesWith('HOME', home), []);
  rmSync(sources, { recursive: true, force: true });
});

test.run();
