/** Certificates from a real authority (pebble) at a real TLS door: issued, shared, renewed in time, kept through failures and restarts. The clock is the test's. */

import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect } from 'node:tls';
import * as assert from 'uvu/assert';

import { startFakeAuthority } from '../../../test/support/fake-authority.ts';
import { freePort } from '../../../test/support/free-port.ts';
import { goProgram } from '../../../test/support/go-program.ts';
import { type Pebble, startPebble } from '../../../test/support/pebble.ts';
import { poll } from '../../../test/support/poll.ts';
import { silentLog } from '../../../test/support/start-driver.ts';
import { suite } from '../../../test/support/suite.ts';
import { acmeLookMs, acmeRetryMsMin } from '../../contract/limits.ts';
import type { LogFields, Logger } from '../../contract/logger.ts';
import type { CertificateSource } from '../certificate-source.ts';
import { challengeProtocol } from '../challenge-server.ts';
import { createTlsDoor } from '../tls-door.ts';
import { type AcmeConfig, acmeSettings } from './acme-settings.ts';
import { openAcme, type Server } from './open-acme.ts';
import { standInName } from './stand-in.ts';

const test = suite('tls: certificates from ACME');
const title = 'certificates from ACME';
const go = await goProgram('pebble');
const dayMs = 24 * 3_600_000;
const hosts = ['a.example.com', 'b.example.com'];

interface Clock {
  now(): number;
  pause(ms: number, signal: AbortSignal): Promise<void>;
  /** Moves on and ends every pause. */
  advance(ms: number): void;
  /** The pauses that are running, in milliseconds. */
  readonly pauses: readonly number[];
}

const createClock = (): Clock => {
  let ahead = 0;
  const running = new Map<() => void, number>();
  return {
    now: () => Date.now() + ahead,
    pause: (ms, signal) =>
      new Promise((resolve, reject) => {
        const done = (): void => {
          running.delete(done);
          signal.removeEventListener('abort', cut);
          resolve();
        };
        const cut = (): void => {
          running.delete(done);
          reject(signal.reason);
        };
        signal.addEventListener('abort', cut, { once: true });
        running.set(done, ms);
      }),
    advance: (ms) => {
      ahead += ms;
      for (const done of [...running.keys()]) done();
    },
    get pauses() {
      return [...running.values()];
    },
  };
};

interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

interface House {
  readonly server: Server;
  readonly clock: Clock;
  readonly lines: readonly Line[];
  /** Opens a source for `hosts` at this house's door. */
  open(config: AcmeConfig): Promise<CertificateSource>;
  /** The certificate that a client sees, with or without a root to trust. */
  see(o?: ConnectionOptions): Promise<X509Certificate>;
}

/** A server with one door and a data folder of its own, in front of nothing. */
const withHouse = async (
  o: { readonly port?: number; readonly dataDir?: string },
  body: (house: House & { readonly port: number }) => Promise<void>,
): Promise<void> => {
  const dataDir = o.dataDir ?? mkdtempSync(join(tmpdir(), 'micro-acme-'));
  const clock = createClock();
  const lines: Line[] = [];
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void lines.push({ level, message, fields });
  const log: Logger = { ...silentLog, info: at('info'), warn: at('warn'), error: at('error'), child: () => log };
  const sources: CertificateSource[] = [];
  const doors: ReturnType<typeof createTlsDoor>[] = [];
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)));
    const door = doors.at(-1);
    if (door === undefined) socket.destroy();
    else door.take(socket, (inside) => inside.on('error', () => undefined).end());
  }).listen(o.port ?? 0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const server: Server = { dataDir, ready: async () => undefined };
  try {
    await body({
      server,
      clock,
      lines,
      port,
      open: async (config) => {
        const settings = acmeSettings({ acme_hosts: hosts, ...config });
        const source = await openAcme({ server, settings, log, now: clock.now, pause: clock.pause, random: () => 0 });
        sources.push(source);
        doors.push(
          createTlsDoor({
            certificates: source,
            protocols: ['h2'],
            refusal: () => undefined,
            log: silentLog,
            now: Date.now,
          }),
        );
        return source;
      },
      see: (options) => see(port, options),
    });
  } finally {
    for (const source of sources) await source.close();
    for (const door of doors) door.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => listener.close(resolve));
    if (o.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
  }
};

const see = (port: number, o: ConnectionOptions = {}): Promise<X509Certificate> =>
  new Promise((resolve, reject) => {
    const trust = o.ca === undefined ? { rejectUnauthorized: false } : {};
    const socket = connect({ host: '127.0.0.1', port, servername: hosts[0], ALPNProtocols: ['h2'], ...trust, ...o });
    socket.once('secureConnect', () => {
      const seen = socket.getPeerX509Certificate();
      socket.destroy();
      if (seen === undefined) reject(new Error('no certificate'));
      else resolve(seen);
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
  });

const configOf = (pebble: Pebble): AcmeConfig => ({ acme_directory: pebble.directory, acme_ca_file: pebble.caFile });
const serialOf = (source: CertificateSource): string => new X509Certificate(source.current().cert).serialNumber;
const issuedLines = ({ lines }: House): readonly Line[] =>
  lines.filter(({ message }) => message === 'certificate issued');
const failures = ({ lines }: House): readonly Line[] =>
  lines.filter(({ message }) => message === 'no certificate from the authority');
const orders = (pebble: Pebble): number => pebble.output().split('Issued certificate serial').length - 1;

/** Waits until the loop sleeps again, so that nothing is in flight. */
const atRest = (house: House, count: number): Promise<unknown> =>
  poll(
    'the loop to pause',
    () => house.clock.pauses.length > 0 && issuedLines(house).length + failures(house).length === count,
  );

const withPebble = async (
  o: Partial<Parameters<typeof startPebble>[0]> & { readonly dataDir?: string },
  body: (house: House & { readonly port: number }, pebble: Pebble) => Promise<void>,
): Promise<void> => {
  if ('absent' in go) throw new Error(go.absent);
  const { file } = go;
  await withHouse(o, async (house) => {
    const pebble = await startPebble({ file, tlsPort: house.port, ...o });
    try {
      await body(house, pebble);
    } finally {
      await pebble.stop();
    }
  });
};

if ('absent' in go) process.stdout.write(`SKIP ${title}: ${go.absent}\n`);
else {
  test('issues for two hosts at the door that serves them; a stand-in is served before', () =>
    withPebble({}, async (house, pebble) => {
      const source = await house.open({ ...configOf(pebble), acme_email: 'ops@example.com' });
      assert.match((await house.see()).subject, new RegExp(standInName));
      await atRest(house, 1);
      assert.equal(failures(house), []);
      const ca = await pebble.root();
      for (const servername of hosts) {
        const seen = await house.see({ ca, servername });
        assert.is(seen.checkHost(servername), servername);
      }
      assert.is(source.challenge?.('a.example.com'), undefined, 'no challenge is left');
      assert.equal(house.clock.pauses, [acmeLookMs]);
    }));

  test('nobody but an authority gets a challenge to see, and that connection carries nothing', () =>
    withPebble({}, async (house, pebble) => {
      await house.open(configOf(pebble));
      await atRest(house, 1);
      for (const servername of [...hosts, 'other.example.com'])
        await house.see({ servername, ALPNProtocols: [challengeProtocol] }).then(
          () => assert.unreachable('a challenge that is over was answered'),
          (e: unknown) => assert.instance(e, Error),
        );
    }));

  test('renews a third of the life before the end, while callers go on with the old one', () =>
    withPebble({}, async (house, pebble) => {
      const source = await house.open(configOf(pebble));
      await atRest(house, 1);
      const first = serialOf(source);
      let changes = 0;
      const unsubscribe = source.subscribe(() => {
        changes += 1;
      });
      house.clock.advance(59 * dayMs);
      await atRest(house, 1);
      assert.is(orders(pebble), 1, 'too early');
      house.clock.advance(2 * dayMs);
      await atRest(house, 2);
      assert.is(orders(pebble), 2);
      assert.is.not(serialOf(source), first);
      assert.is(changes, 1);
      unsubscribe();
      assert.is((await house.see({ ca: await pebble.root() })).serialNumber, serialOf(source));
    }));

  test('a refused renewal keeps the old certificate, says why once for each try, and comes back', () =>
    withPebble({}, async (house, pebble) => {
      const source = await house.open(configOf(pebble));
      await atRest(house, 1);
      const first = serialOf(source);
      const root = await pebble.root();
      await pebble.stop();
      house.clock.advance(61 * dayMs);
      await atRest(house, 2);
      assert.equal(house.clock.pauses, [acmeRetryMsMin]);
      house.clock.advance(acmeRetryMsMin);
      await atRest(house, 3);
      assert.equal(house.clock.pauses, [2 * acmeRetryMsMin], 'the pauses grow');
      assert.is((await house.see({ ca: root })).serialNumber, first);
      const [told] = failures(house);
      assert.match(String(told?.fields.reason), /cannot be reached/);
      assert.match(String(told?.fields.hint), /reachable from this machine/);
      assert.is(told?.fields.again_in, '2m0s');

      // Another process at the same address: it knows neither the account nor the root.
      const again = await startPebble({ file: go.file, tlsPort: house.port, port: pebble.port });
      try {
        writeFileSync(join(house.server.dataDir, 'ca.pem'), again.ca);
        await source.close();
        const next = await house.open({ ...configOf(again), acme_ca_file: join(house.server.dataDir, 'ca.pem') });
        assert.is(serialOf(next), first, 'the stored one is served');
        await atRest(house, 4);
        assert.is.not(serialOf(next), first);
        assert.is(orders(again), 1);
      } finally {
        await again.stop();
      }
    }));

  test('a proof that fails is told with the name and the way out', () =>
    withPebble({ tlsPort: 1 }, async (house, pebble) => {
      await house.open(configOf(pebble));
      await atRest(house, 1);
      const [told] = failures(house);
      assert.match(String(told?.fields.reason), /could not prove [ab]\.example\.com: /);
      assert.match(String(told?.fields.hint), /port 443 there to this listener/);
      assert.is(told?.fields.served_until, 'none');
      assert.match((await house.see()).subject, new RegExp(standInName));
    }));

  test('a certificate that has ended by our clock is not taken, and the clock is named', () =>
    withPebble({ validSeconds: 3_600 }, async (house, pebble) => {
      house.clock.advance(dayMs);
      await house.open(configOf(pebble));
      await atRest(house, 1);
      assert.match(String(failures(house)[0]?.fields.reason), /it ended at/);
      assert.match(String(failures(house)[0]?.fields.hint), /clock/);
    }));

  test('a name that the authority refuses is told as such', () =>
    withPebble({ blocked: ['a.example.com'] }, async (house, pebble) => {
      await house.open(configOf(pebble));
      await atRest(house, 1);
      assert.match(String(failures(house)[0]?.fields.hint), /check acme_hosts/);
    }));

  test('a restart serves what is stored and asks nobody; a damaged file is ordered anew with the same account', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'micro-acme-restart-'));
    try {
      await withPebble({ dataDir }, async (first, pebble) => {
        const source = await first.open(configOf(pebble));
        await atRest(first, 1);
        const serial = serialOf(source);
        await source.close();
        const before = pebble.output();
        await withHouse({ dataDir }, async (second) => {
          const again = await second.open(configOf(pebble));
          assert.is(serialOf(again), serial);
          await atRest(second, 0);
          assert.is((await second.see({ ca: await pebble.root() })).serialNumber, serial);
        });
        assert.is(pebble.output(), before, 'the directory was asked');
        damageCertificates(dataDir);
        const third = await first.open(configOf(pebble));
        await atRest(first, 2);
        assert.ok(first.lines.some(({ message }) => message === 'the stored certificate cannot be used'));
        assert.is.not(serialOf(third), serial);
        assert.is(pebble.output().split('There are now 1 accounts').length - 1, 1);
        assert.not.match(pebble.output(), /There are now 2 accounts/);
      });
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  });

  test('listeners with the same hosts share one order, those with others its challenges', () =>
    withPebble({}, async (house, pebble) => {
      const mail = { acme_email: 'ops@example.com' };
      const [proxy, api] = await Promise.all([
        house.open({ ...configOf(pebble), ...mail }),
        house.open(configOf(pebble)),
      ]);
      const other = await house.open({ ...configOf(pebble), acme_hosts: ['a.example.com'] });
      // The door is that of the last one: it answers for all.
      await poll('all certificates', () => issuedLines(house).length === 2);
      assert.is(orders(pebble), 2);
      assert.is(serialOf(proxy), serialOf(api));
      assert.is.not(serialOf(proxy), serialOf(other));
      await proxy.close();
      await proxy.close();
      house.clock.advance(61 * dayMs);
      await poll('renewals', () => issuedLines(house).length === 4);
      assert.is(orders(pebble), 4, 'the other listener goes on');
    }));

  test('no order begins before the listeners are open', () =>
    withPebble({}, async (house, pebble) => {
      let open = (): void => undefined;
      const ready = new Promise<void>((resolve) => {
        open = resolve;
      });
      const server: Server = { dataDir: house.server.dataDir, ready: () => ready };
      const settings = acmeSettings({ acme_hosts: hosts, ...configOf(pebble) });
      const before = pebble.output();
      const source = await openAcme({ server, settings, log: silentLog, now: Date.now });
      assert.is(pebble.output(), before);
      open();
      await poll('a request', () => pebble.output() !== before);
      await source.close();
    }));
}

test('a limit of the authority is waited for', async () => {
  const authority = await startFakeAuthority({
    '/new-order': {
      status: 429,
      headers: { 'retry-after': '7200' },
      json: { type: 'urn:ietf:params:acme:error:rateLimited', detail: 'x' },
    },
  });
  try {
    await withHouse({}, async (house) => {
      const file = join(house.server.dataDir, 'ca.pem');
      writeFileSync(file, authority.ca);
      await house.open({ acme_directory: authority.directory, acme_ca_file: file });
      await atRest(house, 1);
      assert.equal(house.clock.pauses, [7_200_000]);
      assert.match(String(failures(house)[0]?.fields.hint), /counts orders/);
    });
  } finally {
    await authority.stop();
  }
});

test('closing ends an order that is under way', async () => {
  const authority = await startFakeAuthority({ '/dir': () => undefined });
  try {
    await withHouse({}, async (house) => {
      const file = join(house.server.dataDir, 'ca.pem');
      writeFileSync(file, authority.ca);
      const source = await house.open({ acme_directory: authority.directory, acme_ca_file: file });
      await poll('the request', () => authority.requests.length === 1);
      await source.close();
      assert.equal(failures(house), []);
    });
  } finally {
    await authority.stop();
  }
});

test('closing waits for no order of another listener', async () => {
  const authority = await startFakeAuthority({ '/dir': () => undefined });
  try {
    await withHouse({}, async (house) => {
      const file = join(house.server.dataDir, 'ca.pem');
      writeFileSync(file, authority.ca);
      const config = { acme_directory: authority.directory, acme_ca_file: file };
      await house.open(config);
      const other = await house.open({ ...config, acme_hosts: ['c.example.com'] });
      await poll('the request', () => authority.requests.length === 1);
      await other.close();
      assert.equal(authority.requests, ['GET /dir']);
    });
  } finally {
    await authority.stop();
  }
});

test('a data folder that cannot be written is told at the start', () =>
  withHouse({}, async (house) => {
    writeFileSync(join(house.server.dataDir, 'acme'), 'a file');
    await house.open({ acme_directory: `https://localhost:${await freePort()}/dir` }).then(
      () => assert.unreachable('it started'),
      (e: unknown) => assert.match(String(e), /acme/),
    );
  }));

const damageCertificates = (dataDir: string): void => {
  const files = readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /example.*\.pem$/.test(name),
  );
  assert.is(files.length, 1, files.join(' '));
  for (const name of files) writeFileSync(join(dataDir, name), 'damaged');
};

test.run();
