/**
 * A server that others can reach: TLS on every interface, with a certificate of its own or from files. The command line and the services of its
 * machine go on in plain text; curl and grpc-js come by TLS; plain text from elsewhere is told why not.
 */

import { execFile, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';

import { Client, credentials, type ChannelCredentials, Metadata } from '@grpc/grpc-js';
import * as assert from 'uvu/assert';

import { fingerprintOf } from '../../internal/tls/fingerprint.ts';
import { hasOpenssl, makeCertificate } from '../support/certificates.ts';
import { goProgram } from '../support/go-program.ts';
import { poll } from '../support/poll.ts';
import { type Server, startServer } from '../support/server.ts';
import { copyExample, tempFolder } from '../support/service-folder.ts';
import { suite } from '../support/suite.ts';

const test = suite('e2e: exposed');
const callLimitMs = 20_000;
const folder = tempFolder();
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** An address of this machine that is not loopback: what comes over it counts as from elsewhere, though it never leaves. */
const outside = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
const hasCurl = spawnSync('curl', ['--version']).status === 0;

const portOf = (address: string): string => address.slice(address.lastIndexOf(':') + 1);

interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const curl = (...args: readonly string[]): Promise<Finished> =>
  new Promise((resolve) => {
    execFile('curl', ['--silent', '--show-error', '--max-time', '20', ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
    );
  });

const bytes = (b: Buffer): Buffer => b;

/** Hello by grpc-js, in JSON; rejects with its error. */
const hello = (address: string, security: ChannelCredentials, name: string): Promise<string> => {
  const client = new Client(address, security);
  const metadata = new Metadata();
  metadata.set('micro-namespace', 'micro');
  metadata.set('x-content-type', 'application/json');
  return new Promise<string>((resolve, reject) => {
    const body = Buffer.from(JSON.stringify({ name }));
    const o = { deadline: Date.now() + callLimitMs };
    client.makeUnaryRequest('/helloworld.Helloworld/Call', bytes, bytes, body, metadata, o, (error, answer) =>
      error === null ? resolve(JSON.parse(String(answer)).msg) : reject(error),
    );
  }).finally(() => client.close());
};

/** Everything a peer sends back to these bytes until it closes. */
const allOf = (host: string, port: string, start: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(port), host);
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
    socket.write(start, 'latin1');
  });

const seenBy = (port: string): Promise<X509Certificate> =>
  new Promise((resolve, reject) => {
    const socket = connectTls({
      port: Number(port),
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw));
      socket.destroy();
    });
  });

const everywhere = {
  MICRO_PROXY_ADDRESS: '0.0.0.0:0',
  MICRO_API_ADDRESS: '0.0.0.0:0',
  MICRO_PROXY_ENABLE_TLS: 'true',
  MICRO_API_ENABLE_TLS: 'true',
};

let server: Server;
let proxyPort: string;
let apiPort: string;
test.after(() => server?.stop());
/** What a command of the same machine has: the address of its proxy over loopback. */
let here: { readonly env: Readonly<Record<string, string>> };

const startExposed = async (env: Readonly<Record<string, string>> = {}): Promise<void> => {
  server = await startServer({ env: { ...everywhere, ...env } });
  proxyPort = portOf(server.proxyAddress);
  apiPort = portOf(server.apiAddress);
  here = { env: { MICRO_PROXY: `127.0.0.1:${proxyPort}` } };
  const run = await server.micro(['run', '--wait', copyExample(folder, `helloworld`)], here);
  assert.is(run.code, 0, run.stderr + server.output());
};

test('the command line and the services of the machine need no certificate', async () => {
  await startExposed();
  const got = await server.micro(['helloworld', '--name=Ann'], here);
  assert.match(got.stdout, /"msg": "Hello Ann"/, got.stderr);
  const status = await server.micro(['status'], here);
  assert.match(status.stdout, /^helloworld.*running/m);
});

test('the banner says the fingerprint and what to type elsewhere', async () => {
  const output = await poll('the banner', () => /^next .*\n/m.test(server.output()) && server.output());
  const fingerprint = fingerprintOf(await seenBy(proxyPort));
  assert.match(output, new RegExp(`^fingerprint  ${fingerprint}$`, 'm'));
  const line = new RegExp(
    `^elsewhere    micro env add NAME https://[^\\s:]+:${proxyPort} --fingerprint ${fingerprint}$`,
    'm',
  );
  assert.match(output, line);
  assert.is(fingerprintOf(await seenBy(apiPort)), fingerprint);
  const state = JSON.parse(readFileSync(join(server.dataDir, 'server.json'), 'utf8'));
  for (const name of ['proxy', 'api'])
    assert.is(state.listeners.find((l: { name: string }) => l.name === name).fingerprint, fingerprint);
});

test('the admin logs in with the secret that was shown, and not with micro', async () => {
  const [, secret = ''] = /^admin +account admin, secret (\S+) /m.exec(server.output()) ?? [];
  assert.ok(secret.length > 20, server.output());
  const login = (password: string) => server.micro(['login', '--username=admin', `--password=${password}`], here);
  assert.is.not((await login('micro')).code, 0);
  const got = await login(secret);
  assert.is(got.code, 0, got.stderr);
});

test('on another machine the line of the banner and a login are enough', async () => {
  const [, fingerprint = ''] = /--fingerprint (sha256:[0-9a-f]{64})$/m.exec(server.output()) ?? [];
  const [, secret = ''] = /^admin +account admin, secret (\S+) /m.exec(server.output()) ?? [];
  const home = tempFolder();
  const env = { HOME: home, MICRO_DATA_DIR: join(home, 'none'), MICRO_PROXY: undefined };
  const there = (...args: readonly string[]) => server.micro(args, { env });
  const url = `https://${outside ?? '127.0.0.1'}:${proxyPort}`;
  try {
    assert.is((await there('env', 'add', 'office', url, '--fingerprint', fingerprint)).code, 0);
    assert.is((await there('env', 'set', 'office')).code, 0);
    const login = await there('login', '--username=admin', `--password=${secret}`);
    assert.is(login.code, 0, login.stderr);
    const got = await there('helloworld', '--name=Ann');
    assert.match(got.stdout, /"msg": "Hello Ann"/, got.stderr);
    const other = fingerprint.replace(/.{4}$/, '0000');
    await there('env', 'add', 'office', url, '--fingerprint', other);
    const refused = await there('services');
    assert.is.not(refused.code, 0);
    assert.ok(refused.stderr.includes(fingerprint), refused.stderr);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});

if (!hasCurl) console.log('SKIP curl: it is not installed');
else {
  test('curl calls by HTTPS: with the certificate, or pinning its key', async () => {
    const cert = join(server.dataDir, 'tls', 'cert.pem');
    const url = `https://localhost:${apiPort}/helloworld/call`;
    const body = ['--data', '{"name":"Ann"}', '--header', 'Content-Type: application/json'];
    const hex = fingerprintOf(new X509Certificate(readFileSync(cert))).slice('sha256:'.length);
    const pin = (digits: string): readonly string[] => [
      '--insecure',
      '--pinnedpubkey',
      `sha256//${Buffer.from(digits, 'hex').toString('base64')}`,
    ];
    for (const trust of [['--cacert', cert], pin(hex)]) {
      const got = await curl(...trust, ...body, url);
      assert.equal([got.code, got.stdout], [0, '{"msg":"Hello Ann"}'], got.stderr);
    }
    assert.is((await curl(...pin('00'.repeat(32)), url)).code, 90, 'another key must not pass');
    assert.is((await curl(url)).code, 60, 'nobody vouches for it');
  });

  test('programs of the machine call the API in plain text, under its own names only', async () => {
    const url = `http://127.0.0.1:${apiPort}/`;
    assert.match((await curl(url)).stdout, /^\{"version": "v/);
    const foreign = await curl('--header', 'Host: evil.example.com', url);
    assert.match(foreign.stdout, /host not allowed: evil\.example\.com/);
  });

  test('the proxy tells HTTP/1.1 what it is, in TLS as well', async () => {
    const got = await curl('--insecure', '--http1.1', `https://localhost:${proxyPort}/`);
    assert.match(got.stdout, /this port speaks HTTP\/2/);
  });
}

test('grpc-js calls by TLS and over loopback in plain text', async () => {
  const cert = readFileSync(join(server.dataDir, 'tls', 'cert.pem'));
  assert.is(await hello(`localhost:${proxyPort}`, credentials.createSsl(cert), 'Ann'), 'Hello Ann');
  assert.is(await hello(`127.0.0.1:${proxyPort}`, credentials.createInsecure(), 'Bob'), 'Hello Bob');
  await hello(`localhost:${proxyPort}`, credentials.createSsl(), 'x').then(
    () => assert.unreachable('a certificate nobody vouches for must not pass'),
    () => undefined,
  );
});

const grpcurl = await goProgram('grpcurl');
if ('absent' in grpcurl) console.log(`SKIP grpcurl: ${grpcurl.absent}`);
else
  test('grpcurl asks for health in TLS', async () => {
    const cert = join(server.dataDir, 'tls', 'cert.pem');
    const args = ['-cacert', cert, `localhost:${proxyPort}`, 'grpc.health.v1.Health/Check'];
    const text = await new Promise<string>((resolve) =>
      execFile(grpcurl.file, args, { timeout: callLimitMs }, (_, stdout, stderr) => resolve(stdout + stderr)),
    );
    assert.match(text, /"SERVING"/);
  });

if (outside === undefined) console.log('SKIP plain text from elsewhere: this machine has loopback only');
else {
  test('plain text from elsewhere is told why not', async () => {
    for (const port of [proxyPort, apiPort]) {
      const http1 = await allOf(outside, port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      assert.match(http1, /^HTTP\/1\.1 400 Bad Request\r\n/);
      assert.match(http1, /this port speaks TLS.*write https:\/\//);
      const http2 = await allOf(outside, port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
      // SETTINGS without a pair, then GOAWAY.
      assert.is(http2.slice(0, 9), '\0\0\0\x04\0\0\0\0\0');
      assert.is(http2[12], '\x07');
      assert.match(http2, /this port speaks TLS: write https:\/\//);
      assert.is(await allOf(outside, port, 'hello\r\n'), '');
    }
    const error = await hello(`${outside}:${proxyPort}`, credentials.createInsecure(), 'x').catch((e: unknown) => e);
    assert.match(String(error), /^Error: 7 PERMISSION_DENIED: Protocol not secure enough/);
  });

  test('TLS from elsewhere comes in', async () => {
    const cert = readFileSync(join(server.dataDir, 'tls', 'cert.pem'));
    const named = { 'grpc.ssl_target_name_override': 'localhost' };
    const client = new Client(`${outside}:${proxyPort}`, credentials.createSsl(cert), named);
    await new Promise<void>((resolve, reject) =>
      client.waitForReady(Date.now() + callLimitMs, (e) => (e ? reject(e) : resolve())),
    );
    client.close();
  });
}

test('it stops cleanly, and starts again with the same fingerprint', async () => {
  const before = fingerprintOf(await seenBy(proxyPort));
  await server.kill9();
  server = await server.restart();
  assert.is(fingerprintOf(await seenBy(proxyPort)), before);
  await poll('the service to be back', async () => (await server.micro(['helloworld', '--name=x'], here)).code === 0);
  assert.is(await server.stop(), 0, server.output());
});

if (outside === undefined) console.log('SKIP an address of one network: this machine has loopback only');
else
  test('an address of one network: the programs of the machine find the proxy on loopback', async () => {
    await startExposed({
      MICRO_PROXY_ADDRESS: `${outside}:0`,
      MICRO_API_ADDRESS: '127.0.0.1:0',
      MICRO_API_ENABLE_TLS: '',
    });
    assert.is(server.proxyAddress, `${outside}:${proxyPort}`);
    const got = await server.micro(['helloworld', '--name=Ann'], here);
    assert.match(got.stdout, /"msg": "Hello Ann"/, got.stderr);
    const certificate = new X509Certificate(readFileSync(join(server.dataDir, 'tls', 'cert.pem')));
    assert.is(certificate.checkIP(outside), outside);
    const cert = Buffer.from(certificate.toString());
    assert.is(await hello(server.proxyAddress, credentials.createSsl(cert), 'Bob'), 'Hello Bob');
    const plain = await hello(server.proxyAddress, credentials.createInsecure(), 'x').catch((e: unknown) => e);
    assert.match(String(plain), /^Error: 7 PERMISSION_DENIED/);
    assert.is(await server.stop(), 0, server.output());
  });

if (!hasOpenssl()) console.log('SKIP certificates from files: openssl is not installed');
else
  test('certificates from files are changed under open calls; clients show one of their own', async () => {
    const authority = makeCertificate(folder, 'authority', { authority: true });
    const [first, second, client] = ['first', 'second', 'client'].map((name) =>
      makeCertificate(folder, name, { signer: authority }),
    ) as [typeof authority, typeof authority, typeof authority];
    const live = { cert: join(folder, 'live.pem'), key: join(folder, 'live.key') };
    const put = (made: typeof authority): void => {
      copyFileSync(made.certFile, live.cert);
      copyFileSync(made.keyFile, live.key);
    };
    put(first);
    await startExposed({
      MICRO_PROXY_TLS_CERT_FILE: live.cert,
      MICRO_PROXY_TLS_KEY_FILE: live.key,
      MICRO_PROXY_TLS_CLIENT_CA_FILE: authority.certFile,
      MICRO_API_ADDRESS: '127.0.0.1:0',
      MICRO_API_ENABLE_TLS: '',
    });
    const address = `localhost:${proxyPort}`;
    const ca = Buffer.from(authority.cert);
    const mutual = credentials.createSsl(ca, Buffer.from(client.key), Buffer.from(client.cert));
    assert.is(await hello(address, mutual, 'Ann'), 'Hello Ann');
    const anonymous = await hello(address, credentials.createSsl(ca), 'Ann').catch((e: unknown) => e);
    assert.match(String(anonymous), /^Error: 14 UNAVAILABLE/);

    const open = new Client(address, mutual);
    const metadata = new Metadata();
    metadata.set('micro-namespace', 'micro');
    metadata.set('x-content-type', 'application/json');
    const call = open.makeBidiStreamRequest('/helloworld.Helloworld/PingPong', bytes, bytes, metadata);
    const answers = call[Symbol.asyncIterator]();
    const ping = async (stroke: string): Promise<unknown> => {
      call.write(Buffer.from(JSON.stringify({ stroke })));
      return JSON.parse(String((await answers.next()).value)).stroke;
    };
    assert.is(await ping('1'), '1');
    put(second);
    await poll('the new certificate', async () => (await seenBy(proxyPort)).subject === 'CN=second');
    assert.is(await ping('2'), '2');
    assert.is(await hello(address, mutual, 'Bob'), 'Hello Bob');
    call.end();
    open.close();
    assert.is(await server.stop(), 0, server.output());
  });

test.run();
