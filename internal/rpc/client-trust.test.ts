/** Whom the client believes: its own authorities, a pin, anybody; client certificates; and each fault of a handshake by its kind. */

import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createSecureServer, type SecureServerOptions } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { frame } from '../../test/conformance/raw-grpc.ts';
import { type Issued, issueCertificate, writeCertificate } from '../../test/support/issue-certificate.ts';
import { suite } from '../../test/support/suite.ts';
import { type TlsFault, type TlsTrust, tlsFaultOf } from '../contract/tls.ts';
import { clientPreface, goawayFrame, settingsFrame } from '../h2/frame.ts';
import { refusePlainText } from '../http/refuse-plain-text.ts';
import { fingerprintOf } from '../tls/fingerprint.ts';
import { createRpcClient } from './client.ts';
import { findTlsFault } from './find-tls-fault.ts';
import { wasNeverSent } from './transport-error.ts';

const test = suite('rpc client: trust');
const folder = mkdtempSync(join(tmpdir(), 'micro-trust-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const authority = await issueCertificate('Test Authority', { authority: true });
const stranger = await issueCertificate('Stranger', { authority: true });
const middle = await issueCertificate('Middle', { authority: true, by: authority });
const signed = await issueCertificate('server', { by: authority });
const self = await issueCertificate('self');
const person = writeCertificate(folder, 'person', await issueCertificate('person', { by: authority }));
const intruder = writeCertificate(folder, 'intruder', await issueCertificate('intruder', { by: stranger }));

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const ca = file('ca.pem', authority.cert);
const pinOf = ({ cert }: Issued): string => fingerprintOf(new X509Certificate(cert));

const grpcServer = (o: SecureServerOptions): Server => {
  const server = createSecureServer(o);
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(frame('over TLS'));
  });
  return server as unknown as Server;
};

interface Outcome {
  readonly answer?: string;
  readonly fault?: TlsFault;
}

/** One call to the server. */
const callTo = async (server: Server, trust: TlsTrust | undefined, host = '127.0.0.1'): Promise<Outcome> => {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  for (const event of ['tlsClientError', 'sessionError']) server.on(event, () => undefined);
  await new Promise<void>((resolve) => server.listen(0, host === '[::1]' ? '::1' : '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const rpc = createRpcClient({ trustOf: (address) => (address === `${host}:${port}` ? trust : undefined) });
  try {
    return { answer: Buffer.from(await rpc.call(`https://${host}:${port}`, '/a.B/C', Buffer.from('x'))).toString() };
  } catch (error) {
    assert.ok(wasNeverSent(error), String(error));
    return { fault: tlsFaultOf(error) };
  } finally {
    await rpc.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
};

const wrongPin = `sha256:${'0'.repeat(64)}`;
const answered = { answer: 'over TLS' };
const below = await issueCertificate('below', { by: middle });
const old = await issueCertificate('old', { names: ['elsewhere'], fromHours: -48, untilHours: -24 });
const ended = await issueCertificate('ended', { by: authority, fromHours: -48, untilHours: -24 });
const endedAuthority = await issueCertificate('ended', { authority: true, fromHours: -48, untilHours: -24 });
const early = await issueCertificate('early', { by: authority, fromHours: 24, untilHours: 48 });
const elsewhere = await issueCertificate('elsewhere', { by: authority, names: ['example.com', '10.0.0.1'] });
const times = ({ cert }: Issued) => {
  const { validFrom, validTo } = new X509Certificate(cert);
  return { fromMs: Date.parse(validFrom), untilMs: Date.parse(validTo) };
};

const cases: readonly {
  readonly name: string;
  /** Default: the one that the authority signed. */
  readonly server?: Issued;
  readonly trust?: TlsTrust;
  readonly host?: string;
  readonly want: Outcome;
}[] = [
  { name: 'its own authority is believed', trust: { ca }, want: answered },
  { name: 'also by name', trust: { ca }, host: 'localhost', want: answered },
  {
    name: 'and no other beside it',
    trust: { ca: file('stranger.pem', stranger.cert) },
    want: { fault: { kind: 'unknown_authority', issuer: 'CN=Test Authority' } },
  },
  {
    name: 'a file of several authorities counts as a whole',
    trust: { ca: file('both.pem', stranger.cert + authority.cert) },
    want: answered,
  },
  {
    name: 'an authority in the middle may be the one that is believed',
    server: below,
    trust: { ca: file('middle.pem', middle.cert) },
    want: answered,
  },
  {
    name: 'a self-signed certificate may be its own authority',
    server: self,
    trust: { ca: file('self.pem', self.cert) },
    want: answered,
  },
  { name: 'a pin needs no authority', server: self, trust: { fingerprint: pinOf(self) }, want: answered },
  { name: 'a pin looks at no name and no date', server: old, trust: { fingerprint: pinOf(old) }, want: answered },
  {
    name: 'a pin takes no other key, whoever signed it',
    trust: { fingerprint: wrongPin },
    want: { fault: { kind: 'wrong_pin', fingerprint: pinOf(signed), pinned: wrongPin } },
  },
  { name: 'insecure believes anybody', server: old, trust: { insecure: true }, want: answered },
  {
    name: 'nobody vouches for a self-signed one',
    server: self,
    want: { fault: { kind: 'self_signed', fingerprint: pinOf(self) } },
  },
  {
    name: 'this machine does not know who vouches for it',
    want: { fault: { kind: 'unknown_authority', issuer: 'CN=Test Authority' } },
  },
  {
    name: 'a name must be that of the certificate',
    server: elsewhere,
    trust: { ca },
    want: { fault: { kind: 'wrong_host', host: '127.0.0.1', names: ['example.com', '10.0.0.1'] } },
  },
  {
    name: 'a certificate ends',
    server: ended,
    trust: { ca },
    want: { fault: { kind: 'expired', untilMs: times(ended).untilMs } },
  },
  {
    name: 'so does that of an authority',
    server: await issueCertificate('orphan', { by: endedAuthority }),
    trust: { ca: file('ended-ca.pem', endedAuthority.cert) },
    want: { fault: { kind: 'other', reason: 'the certificate of an authority above its own has expired' } },
  },
  {
    name: 'a certificate begins',
    server: early,
    trust: { ca },
    want: { fault: { kind: 'not_yet_valid', fromMs: times(early).fromMs } },
  },
  {
    name: 'a file that is gone is named',
    trust: { ca: join(folder, 'gone.pem') },
    want: { fault: { kind: 'bad_file', file: join(folder, 'gone.pem'), reason: 'there is no such file' } },
  },
];
const hasV6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'));
if (!hasV6) process.stdout.write('SKIP TLS over IPv6: this machine has no ::1\n');
else
  test('an IPv6 address is looked for in the certificate', async () => {
    const v6 = await issueCertificate('v6', { by: authority, names: ['::1'] });
    assert.equal(await callTo(grpcServer(v6), { ca }, '[::1]'), answered);
    assert.is((await callTo(grpcServer(signed), { ca }, '[::1]')).fault?.kind, 'wrong_host');
  });

for (const { name, server = signed, trust, host, want } of cases)
  test(name, async () => assert.equal(await callTo(grpcServer(server), trust, host), want));

/** Node's servers close without a word where OpenSSL's say why. */
const wanting = new Set<string | undefined>(['wants_certificate', 'closed']);
const refusing = new Set<string | undefined>(['refused_certificate', 'closed']);
for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  const asking = (): Server =>
    grpcServer({ ...signed, ca: authority.cert, requestCert: true, rejectUnauthorized: true, maxVersion });
  test(`${maxVersion}: a client certificate is shown`, async () =>
    assert.equal(await callTo(asking(), { ca, ...person }), answered));
  test(`${maxVersion}: a server that asks for one says so`, async () =>
    assert.ok(wanting.has((await callTo(asking(), { ca })).fault?.kind)));
  test(`${maxVersion}: one that it does not accept`, async () =>
    assert.ok(refusing.has((await callTo(asking(), { ca, ...intruder })).fault?.kind)));
}

test('a key that is not that of the certificate is a bad file', async () => {
  const { fault } = await callTo(grpcServer(signed), { ca, cert: person.cert, key: intruder.key });
  assert.is(fault?.kind, 'bad_file');
});

test('no environment variable switches the check off', async () => {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  try {
    assert.is((await callTo(grpcServer(self), undefined)).fault?.kind, 'self_signed');
  } finally {
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  }
});

/** What a plain call to the server fails of, after asking. */
const plainFault = async (server: Server, tell?: (failure: unknown) => void): Promise<TlsFault | undefined> => {
  for (const event of ['tlsClientError', 'sessionError']) server.on(event, () => undefined);
  server.on('connection', (socket: Socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const rpc = createRpcClient();
  try {
    const failure = await rpc.call(address, '/a.B/C', Buffer.from('x')).then(
      () => assert.unreachable('it did not fail'),
      (e: unknown) => e,
    );
    tell?.(failure);
    return tlsFaultOf(await findTlsFault(failure, { address, tls: false }));
  } finally {
    await rpc.close();
    await new Promise((resolve) => server.close(resolve));
  }
};

test('plain text to a server that expects TLS', async () =>
  assert.equal(await plainFault(grpcServer(self)), { kind: 'wants_tls' }));

test('also when it asks for a client certificate', async () => {
  const server = grpcServer({ ...signed, ca: authority.cert, requestCert: true, rejectUnauthorized: true });
  assert.equal(await plainFault(server), { kind: 'wants_tls' });
});

/** Answers the first bytes with these and counts the connections. */
const goingAway = (answer: Buffer): { readonly server: Server; readonly connections: () => number } => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.once('data', () => socket.end(answer));
  });
  return { server, connections: () => connections };
};

test('a server that says it wants TLS is believed at the first word', async () => {
  const { server, connections } = goingAway(refusePlainText('x', clientPreface) as Buffer);
  assert.equal(await plainFault(server), { kind: 'wants_tls' });
  assert.is(connections(), 1);
});

test('a server that goes away whenever one comes is not dialled for ever', async () => {
  const { server, connections } = goingAway(Buffer.concat([settingsFrame([]), goawayFrame(0, 0, 'closed for today')]));
  let told = '';
  assert.is(await plainFault(server, (e) => (told = String(e))), undefined);
  assert.match(told, /127\.0\.0\.1:\d+ went away: closed for today/);
  assert.is(connections(), 2);
});

test('plain text to something that speaks neither', async () => {
  const http1 = createServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
  assert.is(await plainFault(http1), undefined);
  assert.is(await plainFault(createServer((socket) => socket.destroy())), undefined);
});

test('nobody is asked where nobody was', async () => {
  const rpc = createRpcClient();
  try {
    const address = '127.0.0.1:1';
    const failure = await rpc.call(address, '/a.B/C', Buffer.from('x')).catch((e: unknown) => e);
    assert.is(await findTlsFault(failure, { address, tls: false }), undefined);
  } finally {
    await rpc.close();
  }
});

test.run();
