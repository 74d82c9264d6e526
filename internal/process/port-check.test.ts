/** Port checks: what is free passes, what is taken, malformed or off loopback is named with its way out. */

import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { portFaults, tlsOf, type WantedAddress } from './port-check.ts';

const test = suite('process: port-check');
let server: Server;
let port: number;

test.before(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
test.after(() => void server.close());

const check = (address: string, o: Partial<WantedAddress> = {}) =>
  portFaults([{ name: 'api', address, flag: '--api_address', tls: false, ...o }]);

test('a free port passes, and is still free afterwards', async () => {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const address = `127.0.0.1:${(free.address() as AddressInfo).port}`;
  free.close();
  await once(free, 'close');
  assert.equal(await check(address), []);
  assert.equal(await check(address), []);
});

test('port 0 always passes', async () => {
  const twice = [
    { name: 'api', address: '127.0.0.1:0', flag: undefined, tls: false },
    { name: 'proxy', address: '127.0.0.1:0', flag: undefined, tls: false },
  ];
  assert.equal(await portFaults(twice), []);
});

test('a taken port names its process and the flag', async () => {
  const [fault = ''] = await check(`127.0.0.1:${port}`);
  assert.match(fault, new RegExp(`^api: port ${port} is taken by `));
  if (process.platform === 'linux') assert.match(fault, new RegExp(`by process ${process.pid} \\(.*node`));
  assert.match(fault, /; choose another with --api_address$/);
});

test('a port that this user may not have is told with the right that it takes', async () => {
  const file = '/proc/sys/net/ipv4/ip_unprivileged_port_start';
  if (!existsSync(file) || Number(readFileSync(file, 'utf8')) <= 1)
    return void process.stdout.write('SKIP a port that this user may not have: this system lets everybody\n');
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.('nobody');
  try {
    assert.equal(await check('127.0.0.1:1'), [
      'api: cannot listen on 127.0.0.1:1: this user may not (EACCES): on Linux CAP_NET_BIND_SERVICE is the right to ports below 1024; choose another with --api_address',
    ]);
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
});

test('every taken port is named', async () => {
  const address = `127.0.0.1:${port}`;
  const faults = await portFaults([
    { name: 'api', address, flag: undefined, tls: false },
    { name: 'proxy', address, flag: undefined, tls: false },
  ]);
  assert.match(faults.join('\n'), /^api: port \d+ is taken.*\nproxy and api both want 127\.0\.0\.1:\d+\nproxy: port/);
});

const offLoopback = ['0.0.0.0:0', ':0', '[::]:0', '192.168.1.1:0', 'example.com:0', '127.0.0.1.example.com:0'];
for (const address of offLoopback) {
  test(`${address} without TLS is refused`, async () =>
    assert.equal(await check(address), [
      `api: ${address} is off loopback and has no TLS: add --api_enable_tls, or listen on 127.0.0.1:0`,
    ]));
  test(`${address} with TLS passes`, async () => assert.equal(await check(address, { tls: true }), []));
  test(`${address} is refused where TLS is not to be had`, async () =>
    assert.equal(await check(address, { tls: undefined }), [
      `api: ${address} is off loopback and has no TLS: listen on 127.0.0.1:0`,
    ]));
}

const switches: readonly (readonly [settings: Readonly<Record<string, string>>, tls: boolean | undefined])[] = [
  [{ address: '127.0.0.1:0' }, undefined],
  [{ enable_tls: 'false', enable_acme: 'false' }, false],
  [{ enable_tls: 'true', enable_acme: 'false' }, true],
  [{ enable_tls: 'false', enable_acme: 'true' }, true],
];
for (const [settings, tls] of switches)
  test(`${JSON.stringify(settings)} means ${tls === undefined ? 'TLS is not to be had' : `TLS is ${tls ? 'on' : 'off'}`}`, () => {
    const values = Object.entries(settings).map(([name, value]) => ({ name, value, origin: 'flag', doc: '' }) as const);
    assert.is(tlsOf(values), tls);
  });

for (const address of ['', 'x', '127.0.0.1', '127.0.0.1:', '127.0.0.1:99999', '127.0.0.1:-1', 'http://127.0.0.1:80'])
  test(`${JSON.stringify(address)} is no address`, async () =>
    assert.match((await check(address)).join(), /bad address/));

for (const address of ['localhost:0', '[::1]:0', '127.8.9.1:0'])
  test(`${address} is this machine`, async () => assert.equal(await check(address), []));

test.run();
