/** The client over TLS: ALPN, certificates of the machine, and what it says when a peer is not what was asked for. The certificate is made by openssl. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';

import { frame } from '../../test/conformance/raw-grpc.ts';
import { suite } from '../../test/support/suite.ts';
import { createRpcClient } from './client.ts';
import { wasNeverSent } from './transport-error.ts';

const test = suite('rpc client over TLS');
const path = '/a.B/C';

const folder = mkdtempSync(join(tmpdir(), 'micro-tls-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const openssl = (...args: readonly string[]): void => {
  execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
};

interface KeyPair {
  readonly key: Buffer;
  readonly cert: Buffer;
}

const selfSigned = (name: string, subject: string): KeyPair => {
  openssl(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...[
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
      '-subj',
      '/CN=micro test',
      '-addext',
      `subjectAltName=${subject}`,
    ],
  );
  return { key: readFileSync(join(folder, `${name}.key`)), cert: readFileSync(join(folder, `${name}.pem`)) };
};

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** Listens, gives the address to the body, and closes. */
const listening = async (
  server: Server,
  body: (call: (host?: string) => Promise<string>, port: number) => Promise<void>,
): Promise<void> => {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.on('tlsClientError', () => undefined);
  server.on('sessionError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const rpc = createRpcClient();
  try {
    await body(
      async (host = '127.0.0.1') =>
        String(Buffer.from(await rpc.call(`https://${host}:${port}`, path, Buffer.from('x')))),
      port,
    );
  } finally {
    await rpc.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
};

const grpcServer = (pair: KeyPair, schemes: string[] = []): Server => {
  const server = createSecureServer({ ...pair });
  server.on('stream', (stream, headers) => {
    schemes.push(String(headers[':scheme']));
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(frame('over TLS'));
  });
  return server as unknown as Server;
};

const handshakeFails = async (work: Promise<unknown>, reason: RegExp): Promise<void> => {
  const error = await work.then(
    () => assert.fail('it did not fail'),
    (e: Error) => e,
  );
  assert.match(error.message, /^connection error: desc = "transport: authentication handshake failed: /);
  assert.match(error.message, reason);
  assert.equal(wasNeverSent(error), true);
};

if (!hasOpenssl) {
  process.stdout.write('SKIP rpc client over TLS: openssl is not installed\n');
} else {
  const known = selfSigned('known', 'IP:127.0.0.1');
  const stranger = selfSigned('stranger', 'IP:127.0.0.1');
  // Where OpenSSL and so Node look for the certificates of the machine.
  process.env.SSL_CERT_FILE = join(folder, 'known.pem');

  test('calls a server whose certificate the machine knows', async () => {
    const schemes: string[] = [];
    await listening(grpcServer(known, schemes), async (call) => {
      assert.equal(await call(), 'over TLS');
      assert.equal(await call(), 'over TLS');
    });
    assert.deepEqual(schemes, ['https', 'https']);
  });

  test('refuses a certificate that nobody vouches for', () =>
    listening(grpcServer(stranger), (call) =>
      handshakeFails(call(), /its certificate is self-signed: sha256:[0-9a-f]{64}/),
    ));

  test('refuses a certificate of another host', () =>
    listening(grpcServer(known), (call) => handshakeFails(call('localhost'), /localhost/)));

  test('says that a server speaks TLS and no HTTP/2', async () => {
    await listening(createTlsServer({ ...known }), (call) => handshakeFails(call(), /does not speak HTTP\/2/));
    const other = createTlsServer({ ...known, ALPNProtocols: ['http/1.1'] });
    await listening(other, (call) => handshakeFails(call(), /does not speak HTTP\/2/));
  });

  test('says that a server speaks no TLS', () =>
    listening(
      createServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))),
      (call) => handshakeFails(call(), /does not speak TLS/),
    ));
}

test.run();
