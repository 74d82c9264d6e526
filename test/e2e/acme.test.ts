/** `micro server` with ACME, end to end: both listeners with one certificate of a real authority (pebble), and a restart that needs none. */

import type { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2, constants } from 'node:http2';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import * as assert from 'uvu/assert';

import { freePort } from '../support/free-port.ts';
import { goProgram } from '../support/go-program.ts';
import { startPebble } from '../support/pebble.ts';
import { poll } from '../support/poll.ts';
import { runMicro, startServer } from '../support/server.ts';
import { suite } from '../support/suite.ts';

const test = suite('e2e: acme');
const go = await goProgram('pebble');
const home = mkdtempSync(join(tmpdir(), 'micro-acme-e2e-'));
test.after(() => rmSync(home, { recursive: true, force: true }));

const host = 'micro.example.com';

const handshake = (address: string, ca: string, protocol: string): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const [, port] = address.split(':');
    const socket = connect({ host: '127.0.0.1', port: Number(port), servername: host, ca, ALPNProtocols: [protocol] });
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
  });

const serialAt = async (address: string, ca: string, protocol: string): Promise<string> => {
  const socket = await handshake(address, ca, protocol);
  const seen = socket.getPeerX509Certificate() as X509Certificate;
  socket.destroy();
  return seen.serialNumber;
};

/** What the API says of itself, over TLS. */
const versionAt = async (address: string, ca: string): Promise<string> => {
  const socket = await handshake(address, ca, 'http/1.1');
  return new Promise((resolve, reject) => {
    get({ host, path: '/', createConnection: () => socket }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
};

/** The content type of any answer of the proxy, over TLS. */
const grpcAt = async (address: string, ca: string): Promise<string> => {
  const socket = await handshake(address, ca, 'h2');
  const session = connectHttp2(`https://${host}`, { createConnection: () => socket });
  try {
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/registry.Registry/ListServices',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.end();
    return await new Promise((resolve, reject) => {
      stream.once('response', (headers) => resolve(String(headers['content-type'])));
      stream.once('error', reject);
    });
  } finally {
    session.destroy();
  }
};

if ('absent' in go) process.stdout.write(`SKIP micro server with ACME: ${go.absent}\n`);
else
  test('proxy and API speak TLS with one certificate from the authority, and again after a restart without it', async () => {
    const port = await freePort();
    const pebble = await startPebble({ file: go.file, tlsPort: port });
    const listener = (name: 'PROXY' | 'API') => ({
      [`MICRO_${name}_ENABLE_ACME`]: 'true',
      [`MICRO_${name}_ACME_HOSTS`]: `${host},localhost`,
      [`MICRO_${name}_ACME_DIRECTORY`]: pebble.directory,
      [`MICRO_${name}_ACME_CA_FILE`]: pebble.caFile,
      [`MICRO_${name}_ACME_EMAIL`]: 'ops@example.com',
    });
    const env = { ...listener('PROXY'), ...listener('API'), MICRO_PROXY_ADDRESS: `127.0.0.1:${port}` };
    const server = await startServer({ home, env });
    try {
      const ca = await pebble.root();
      const serial = await poll('a certificate', () => serialAt(server.apiAddress, ca, 'http/1.1'));
      assert.is(await serialAt(server.proxyAddress, ca, 'h2'), serial);
      assert.is(pebble.output().split('Issued certificate serial').length - 1, 1);
      assert.match(await versionAt(server.apiAddress, ca), /"version"/);
      assert.is(await grpcAt(server.proxyAddress, ca), 'application/grpc');
      assert.match(server.output(), /certificate issued/);

      // A person on another machine.
      const rootFile = join(home, 'root.pem');
      writeFileSync(rootFile, ca);
      mkdirSync(join(home, 'away'));
      const away = { env: { MICRO_PROXY: undefined, HOME: join(home, 'away') } };
      for (const [line, says] of [
        [`env add far https://localhost:${port} --ca ${rootFile}`, /^$/],
        ['-e far login --username admin --password micro', /logged in/],
        ['-e far services', /^registry$/m],
      ] as const) {
        const { code, stdout, stderr } = await server.micro(line.split(' '), away);
        assert.is(code, 0, `${line}: ${stderr}`);
        assert.match(stdout, says, line);
      }

      await pebble.halt();
      assert.is(await server.stop(), 0);
      const again = await server.restart();
      try {
        assert.is(await serialAt(again.proxyAddress, ca, 'h2'), serial);
        assert.is(await serialAt(again.apiAddress, ca, 'http/1.1'), serial);
        assert.not.match(again.output(), /no certificate/);
      } finally {
        await again.stop();
      }
    } finally {
      await server.stop();
      await pebble.stop();
    }
  });

for (const c of [
  { name: 'without hosts', env: {}, says: /enable_acme needs acme_hosts/ },
  {
    name: 'for a wildcard',
    env: { MICRO_PROXY_ACME_HOSTS: '*.example.com' },
    says: /is a wildcard.*\n.*tls_cert_file/,
  },
  {
    name: 'with the DNS provider of v3',
    env: { MICRO_PROXY_ACME_HOSTS: host, MICRO_PROXY_ACME_PROVIDER: 'certmagic' },
    says: /"certmagic" is not supported\n.*autocert/,
  },
])
  test(`a server does not start ${c.name}, and says what would do`, async () => {
    const ports = { MICRO_PROXY_ADDRESS: '127.0.0.1:0', MICRO_API_ADDRESS: '127.0.0.1:0' };
    const own = { PATH: process.env.PATH, HOME: home, MICRO_DATA_DIR: join(home, 'other'), NO_COLOR: '1' };
    const ended = await runMicro(['server'], { env: { ...own, ...ports, MICRO_PROXY_ENABLE_ACME: 'true', ...c.env } });
    assert.is.not(ended.code, 0);
    assert.match(ended.stderr, c.says);
  });

test.run();
