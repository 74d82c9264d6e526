/** The door of a listener with TLS, over real sockets: who comes in, who is told what, and that hostile peers cost nothing that lasts. */

import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import * as assert from 'uvu/assert';

import { hasOpenssl, type MadeCertificate, makeCertificate } from '../../test/support/certificates.ts';
import { poll } from '../../test/support/poll.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { suite } from '../../test/support/suite.ts';
import type { Logger } from '../contract/logger.ts';
import type { CertificateSource, KeyAndCertificate } from './certificate-source.ts';
import { isSecure } from './is-secure.ts';
import { createTlsDoor, type TlsDoor, type TlsDoorOptions } from './tls-door.ts';

const test = suite('tls: door');
const folder = mkdtempSync(join(tmpdir(), 'micro-door-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** A source that a test turns. */
const turningSource = (first: KeyAndCertificate): CertificateSource & { turn(next: KeyAndCertificate): void } => {
  let current = first;
  const listeners = new Set<() => void>();
  return {
    current: () => current,
    subscribe: (changed) => {
      listeners.add(changed);
      return () => void listeners.delete(changed);
    },
    close: async () => undefined,
    turn: (next) => {
      current = next;
      for (const changed of listeners) changed();
    },
  };
};

interface House {
  readonly door: TlsDoor;
  readonly port: number;
  readonly lines: readonly string[];
}

/** A listener behind a door that answers every chunk with `secure:` or `plain:` and the chunk. */
const withHouse = async (
  o: Partial<TlsDoorOptions> & Pick<TlsDoorOptions, 'certificates'>,
  body: (house: House) => Promise<void>,
): Promise<void> => {
  const lines: string[] = [];
  const say = (message: string): void => void lines.push(message);
  const log: Logger = { trace: say, debug: say, info: say, warn: say, error: say, child: () => log };
  const door = createTlsDoor({
    protocols: ['h2', 'http/1.1'],
    refusal: (start) => Buffer.from(`refused:${start.toString('latin1', 0, 3)}`),
    log,
    now: () => 0,
    ...o,
  });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    door.take(socket, (open) => {
      open.on('error', () => undefined);
      open.on('data', (chunk: Buffer) =>
        open.write(`${isSecure(open) ? 'secure' : 'plain'}:${chunk.toString('latin1')}`),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await body({ door, port: (server.address() as AddressInfo).port, lines });
  } finally {
    door.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
};

/** What comes back until the first pause of the peer, or all of it when the peer ends; rejects when the peer cuts without a word. */
const answerTo = (socket: Socket, bytes: string | Buffer): Promise<string> =>
  new Promise((resolve, reject) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1')));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed without an answer')));
    socket.write(bytes);
  });

const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.resume();
    socket.once('close', () => resolve());
  });

const dialPlain = (port: number): Socket => connect(port, '127.0.0.1');

const dialTls = (port: number, o: ConnectionOptions = {}): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...o });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
    socket.once('secureConnect', () => resolve(socket));
  });

/** Speaks through TLS once and leaves. */
const greet = async (port: number, o: ConnectionOptions = {}): Promise<string> => {
  const socket = await dialTls(port, o);
  try {
    return await answerTo(socket, 'hello');
  } finally {
    socket.destroy();
  }
};

const refusedGreeting = async (port: number, o: ConnectionOptions = {}): Promise<void> => {
  const got = await greet(port, o).catch((e: unknown) => e);
  assert.instance(got, Error);
};

const subjectSeen = (socket: TLSSocket): string => new X509Certificate(socket.getPeerCertificate().raw).subject;

if (!hasOpenssl()) process.stdout.write('SKIP tls: door: openssl is not installed\n');
else {
  const one = makeCertificate(folder, 'one');
  const two = makeCertificate(folder, 'two');
  const authority = makeCertificate(folder, 'authority', { authority: true });
  const client = makeCertificate(folder, 'client', { signer: authority });
  const certificates = turningSource(one);

  for (const isLocal of [true, false])
    test(`TLS comes in from ${isLocal ? 'this machine' : 'elsewhere'}`, () =>
      withHouse({ certificates, isLocal: () => isLocal }, async ({ port, door }) => {
        assert.is(await greet(port), 'secure:hello');
        assert.is(door.waiting, 0);
      }));

  const protocols: readonly (readonly [offered: string[] | undefined, chosen: string | false | undefined])[] = [
    [['h2'], 'h2'],
    [['http/1.1'], 'http/1.1'],
    [['http/1.1', 'h2'], 'h2'],
    [['spdy/3', 'http/1.1'], 'http/1.1'],
    [undefined, false],
    [['spdy/3'], undefined],
  ];
  for (const [offered, chosen] of protocols)
    test(`a client that offers ${offered ?? 'nothing'} gets ${chosen ?? 'turned away'}`, () =>
      withHouse({ certificates }, async ({ port }) => {
        const o = offered === undefined ? {} : { ALPNProtocols: offered };
        if (chosen === undefined) return refusedGreeting(port, o);
        const socket = await dialTls(port, o);
        assert.is(socket.alpnProtocol, chosen);
        socket.destroy();
      }));

  const versions = [
    ['TLSv1', false],
    ['TLSv1.1', false],
    ['TLSv1.2', true],
    ['TLSv1.3', true],
  ] as const;
  for (const [version, works] of versions)
    test(`${version} ${works ? 'works' : 'is refused'}`, () =>
      withHouse({ certificates }, async ({ port }) => {
        const o = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT:@SECLEVEL=0' };
        if (works) assert.is(await greet(port, o), 'secure:hello');
        else await refusedGreeting(port, o);
      }));

  test('ciphers without forward secrecy or authenticated encryption are refused', () =>
    withHouse({ certificates }, async ({ port }) => {
      for (const ciphers of ['ECDHE-ECDSA-AES128-SHA', 'AES128-GCM-SHA256'])
        await refusedGreeting(port, { maxVersion: 'TLSv1.2', ciphers });
    }));

  test('a local peer may speak plain text, whatever it says first', () =>
    withHouse({ certificates }, async ({ port, door }) => {
      for (const start of ['hello', 'GET / HTTP/1.1\r\n\r\n', 'P', '\0', '\x17'])
        assert.is(await answerTo(dialPlain(port), start), `plain:${start}`);
      assert.is(door.waiting, 0);
    }));

  test('plain text from elsewhere is told why, then closed', () =>
    withHouse({ certificates, isLocal: () => false }, async ({ port, door }) => {
      const socket = dialPlain(port);
      assert.is(await answerTo(socket, 'GET / HTTP/1.1\r\n\r\n'), 'refused:GET');
      await closed(socket);
      assert.is(door.waiting, 0);
    }));

  test('plain text from elsewhere for which there is no answer is closed', () =>
    withHouse({ certificates, isLocal: () => false, refusal: () => undefined }, async ({ port }) => {
      const socket = dialPlain(port);
      socket.write('\0\0\0');
      await closed(socket);
    }));

  test('a hello in single bytes is a hello', () =>
    withHouse({ certificates }, async ({ port }) => {
      const socket = await dialTls(port, { socket: trickling(port) });
      assert.is(await answerTo(socket, 'hello'), 'secure:hello');
      socket.destroy();
    }));

  test('hostile bytes end their own connection and nothing else', () =>
    withHouse({ certificates, isLocal: () => false, refusal: () => undefined }, async ({ port, door }) => {
      const standing = await dialTls(port);
      const random = seededRandom(7);
      const noise = (bytes: number): Buffer =>
        Buffer.from(Array.from({ length: bytes }, () => Math.floor(random() * 256)));
      const starts = [
        Buffer.from([0x16]),
        Buffer.from([0x16, 3, 1, 0xff, 0xff]),
        Buffer.from([0x16, 3, 1, 0, 0]),
        Buffer.from([0x16, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff]),
        Buffer.from([0x15, 3, 1, 0, 2, 2, 40]),
      ];
      for (let i = 0; i < 40; i += 1) starts.push(Buffer.concat([Buffer.from([0x16, 3, i % 4]), noise(1 + i * 40)]));
      await Promise.all(
        starts.map((start) => {
          const socket = dialPlain(port);
          socket.end(start);
          return closed(socket);
        }),
      );
      await poll('the door to be empty', () => door.waiting === 0);
      assert.is(await answerTo(standing, 'still'), 'secure:still');
      assert.is(await greet(port), 'secure:hello');
      standing.destroy();
    }));

  test('who says nothing is let go, before the first byte and in the middle of a handshake', () =>
    withHouse({ certificates, handshakeMs: 50 }, async ({ port, door }) => {
      const silent = dialPlain(port);
      const begun = dialPlain(port);
      begun.write(Buffer.from([0x16, 3, 1]));
      await Promise.all([closed(silent), closed(begun)]);
      await poll('the door to be empty', () => door.waiting === 0);
    }));

  test('a crowd at the door keeps no caller out: the oldest go', () =>
    withHouse({ certificates, handshakesMax: 3 }, async ({ port, door, lines }) => {
      const crowd = Array.from({ length: 6 }, () => dialPlain(port));
      const cut = crowd.map(closed);
      await poll(
        'all six to be taken',
        () => lines.some((line) => line.includes('tlsHandshakesMax')) && door.waiting === 3,
      );
      await Promise.all(cut.slice(0, 3));
      assert.is(await greet(port), 'secure:hello');
      assert.is(lines.filter((line) => line.includes('tlsHandshakesMax')).length, 1);
    }));

  test('a new certificate is for new connections, the others go on', async () => {
    const source = turningSource(one);
    await withHouse({ certificates: source }, async ({ port }) => {
      const before = await dialTls(port);
      assert.is(subjectSeen(before), 'CN=one');
      source.turn(two);
      const after = await dialTls(port);
      assert.is(subjectSeen(after), 'CN=two');
      assert.is(await answerTo(before, 'old'), 'secure:old');
      before.destroy();
      after.destroy();
    });
  });

  test('a new certificate that TLS does not take leaves the old one, with a line in the log', async () => {
    const source = turningSource(one);
    await withHouse({ certificates: source }, async ({ port, lines }) => {
      source.turn({ key: two.key, cert: 'nothing' });
      const after = await dialTls(port);
      assert.is(subjectSeen(after), 'CN=one');
      assert.ok(lines.includes('new certificate not used'));
      after.destroy();
    });
  });

  const clients: readonly (readonly [required: boolean, shows: MadeCertificate | undefined, works: boolean])[] = [
    [true, undefined, false],
    [true, two, false],
    [true, client, true],
    [false, undefined, true],
    [false, two, false],
    [false, client, true],
  ];
  for (const [required, shows, works] of clients)
    test(`client certificates ${required ? 'required' : 'optional'}: ${
      shows === undefined ? 'none' : shows === client ? 'one of the authority' : 'one of nobody'
    } ${works ? 'comes in' : 'stays out'}`, () =>
      withHouse({ certificates, clients: { ca: authority.cert, required } }, async ({ port }) => {
        const o = shows === undefined ? {} : { key: shows.key, cert: shows.cert };
        for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const)
          if (works) assert.is(await greet(port, { ...o, maxVersion }), 'secure:hello');
          else await refusedGreeting(port, { ...o, maxVersion });
      }));

  test('a challenge is answered to who asks for it, and to nobody else', async () => {
    const challenge = (name: string): KeyAndCertificate | undefined => (name === 'known.example' ? two : undefined);
    await withHouse({ certificates: { ...turningSource(one), challenge } }, async ({ port, door }) => {
      const asking = { ALPNProtocols: ['acme-tls/1'], servername: 'known.example' };
      for (const o of [asking, { ...asking, socket: trickling(port) }]) {
        const authoritys = await dialTls(port, o);
        assert.is(subjectSeen(authoritys), 'CN=two');
        assert.is(authoritys.alpnProtocol, 'acme-tls/1');
        await closed(authoritys);
      }
      await refusedGreeting(port, { ...asking, servername: 'other.example' });
      assert.is(await greet(port, { servername: 'known.example', ALPNProtocols: ['h2'] }), 'secure:hello');
      await poll('the door to be empty', () => door.waiting === 0);
    });
  });

  test('closing cuts who waits and takes nobody more', () =>
    withHouse({ certificates }, async ({ port, door }) => {
      const waiting = dialPlain(port);
      const gone = closed(waiting);
      await poll('it to be taken', () => door.waiting === 1);
      door.close();
      door.close();
      await gone;
      await closed(dialPlain(port));
    }));

  /** A connection whose first kilobyte leaves byte by byte. */
  const trickling = (port: number): Socket => {
    const socket = dialPlain(port);
    socket.setNoDelay(true);
    const write = socket.write.bind(socket) as (chunk: Buffer) => boolean;
    let left = 1_024;
    socket.write = ((chunk: Buffer, encoding: unknown, done?: () => void) => {
      const slow = chunk.subarray(0, left);
      left -= slow.length;
      for (const byte of slow) write(Buffer.from([byte]));
      const callback = typeof encoding === 'function' ? (encoding as () => void) : done;
      callback?.();
      return slow.length === chunk.length || write(chunk.subarray(slow.length));
    }) as Socket['write'];
    return socket;
  };
}

test.run();
