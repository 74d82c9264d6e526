/** TLS listeners of a real server against hostile bytes: handshakes and calls with bytes changed, cut or repeated on the way, and noise from the start. Each costs its own connection; the server goes on and says nothing alarming. */

import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { connect, type ConnectionOptions } from 'node:tls';
import * as assert from 'uvu/assert';

import { seededRandom } from '../support/seeded-random.ts';
import { type Server, startServer } from '../support/server.ts';
import { suite } from '../support/suite.ts';

const test = suite('e2e: tampered TLS');
const roundsPerListener = 120;
const random = seededRandom(20_26);
const below = (n: number): number => Math.floor(random() * n);
let server: Server;

test.before(async () => {
  const env = { MICRO_PROXY_ENABLE_TLS: 'true', MICRO_API_ENABLE_TLS: 'true', MICRO_LOG_LEVEL: 'info' };
  server = await startServer({ env });
});
test.after(() => server.stop());

/** What is done to one of the first pieces of a direction. */
type Tamper = (piece: Buffer) => readonly Buffer[];
const tampers: readonly Tamper[] = [
  (piece) => {
    const changed = Buffer.from(piece);
    const at = below(piece.length);
    changed[at] = (changed[at] as number) ^ (1 << below(8));
    return [changed];
  },
  (piece) => [piece.subarray(0, below(piece.length))],
  (piece) => [piece, piece],
  (piece) => [Buffer.from(Array.from({ length: below(2_000) }, () => below(256))), piece],
  () => [],
];

/** A line to `address` on which one piece is tampered with; everything else passes. */
const openBadLine = async (address: string) => {
  const [host, port] = address.split(':');
  const ends = new Set<Socket>();
  const line = createServer((near) => {
    const far = connectTcp(Number(port), host);
    const tamper = tampers[below(tampers.length)] as Tamper;
    const [victim, index] = [below(2), below(4)];
    for (const [from, to, direction] of [
      [near, far, 0],
      [far, near, 1],
    ] as const) {
      let seen = 0;
      ends.add(from);
      from.on('error', () => undefined).on('close', () => to.destroy());
      from.on('data', (piece: Buffer) => {
        for (const out of direction === victim && seen === index ? tamper(piece) : [piece])
          if (!to.destroyed) to.write(out);
        seen += 1;
      });
    }
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => line.once('listening', resolve));
  return {
    port: (line.address() as AddressInfo).port,
    close: async () => {
      for (const end of ends) end.destroy();
      await new Promise((resolve) => line.close(resolve));
    },
  };
};

/** Time for a peer to say what it has to say: silence is an outcome too. */
const patienceMs = 400;

/** Speaks `bytes` inside TLS until the other side ends it, or says nothing more. */
const speak = (port: number, bytes: string, o: ConnectionOptions): Promise<string> =>
  new Promise((resolve) => {
    let heard = '';
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...o });
    const timer = setTimeout(() => socket.destroy(), patienceMs);
    socket.once('secureConnect', () => socket.write(bytes));
    socket.on('data', (part: Buffer) => (heard += part.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('end', () => socket.destroy());
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(heard);
    });
  });

const whole = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0';

const listeners = [
  { name: 'proxy', address: () => server.proxyAddress, bytes: preface, protocol: 'h2', says: /^\0/ },
  { name: 'api', address: () => server.apiAddress, bytes: whole, protocol: 'http/1.1', says: /"version"/ },
] as const;

for (const { name, address, bytes, protocol, says } of listeners)
  test(`${name}: bad lines and noise end their own connections only`, async () => {
    const line = await openBadLine(address());
    const heard: string[] = [];
    try {
      for (let round = 0; round < roundsPerListener; round += 20)
        heard.push(
          ...(await Promise.all(
            Array.from({ length: 20 }, (_, n) =>
              speak(line.port, n % 4 === 0 ? bytes.slice(0, below(bytes.length)) : bytes, {
                ALPNProtocols: [protocol],
                maxVersion: n % 2 === 0 ? 'TLSv1.3' : 'TLSv1.2',
              }),
            ),
          )),
        );
    } finally {
      await line.close();
    }
    const answered = heard.filter((text) => says.test(text)).length;
    assert.ok(answered > 0 && answered < roundsPerListener, `${answered} were answered`);
    const [, port] = address().split(':');
    assert.match(await speak(Number(port), bytes, { ALPNProtocols: [protocol] }), says);
  });

test('nothing of it was alarming, and the server still takes commands', async () => {
  assert.not.match(server.output(), /level=(error|warn)|failed|TypeError| {4}at /);
  const { code, stdout } = await server.micro(['services']);
  assert.is(code, 0);
  assert.match(stdout, /^proxy$/m);
});

test.run();
