/** The certificate a server makes for itself: what is in it, who may read its key, and that its fingerprint outlives a renewal. */

import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import * as assert from 'uvu/assert';

import { silentLog } from '../../test/support/start-driver.ts';
import { suite } from '../../test/support/suite.ts';
import { ExitError } from '../contract/error.ts';
import { selfSignedDays, selfSignedRenewDays } from '../contract/limits.ts';
import { fingerprintOf } from './fingerprint.ts';
import { openSelfSigned } from './self-signed.ts';
import type { WatchedCertificate } from './watch-certificate.ts';

const test = suite('tls: self-signed');
const root = mkdtempSync(join(tmpdir(), 'micro-self-signed-'));
test.after(() => rmSync(root, { recursive: true, force: true }));

const dayMs = 24 * 3_600_000;
const start = Date.UTC(2030, 0, 1);
const names = ['micro.example.com', 'localhost', '127.0.0.1', '::1', 'fd00::2'];
const folderOf = (): string => mkdtempSync(join(root, 'tls-'));

const openIn = (folder: string, o: { readonly now?: () => number; readonly names?: readonly string[] } = {}) =>
  openSelfSigned({ folder, names: o.names ?? names, log: silentLog, now: o.now ?? (() => start) });

const certificateOf = (source: WatchedCertificate): X509Certificate => new X509Certificate(source.current().cert);

test('it is for the names it was told, for servers, and takes no more than its days', async () => {
  const source = await openIn(folderOf());
  const certificate = certificateOf(source);
  for (const name of ['micro.example.com', 'localhost']) assert.is(certificate.checkHost(name), name);
  for (const ip of ['127.0.0.1', '::1', 'fd00::2']) assert.is(certificate.checkIP(ip), ip);
  assert.is(certificate.checkHost('other.example.com'), undefined);
  assert.equal(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1']);
  assert.is(certificate.ca, false);
  assert.is(certificate.verify(certificate.publicKey), true);
  assert.is(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  assert.is(certificate.validToDate.getTime(), start + selfSignedDays * dayMs);
  assert.ok(certificate.validFromDate.getTime() < start);
  createSecureContext(source.current());
  await source.close();
});

test('the key is for this user only', async () => {
  const folder = folderOf();
  await (await openIn(folder)).close();
  for (const name of ['key.pem', 'cert.pem'])
    if (process.platform !== 'win32') assert.is(statSync(join(folder, name)).mode & 0o777, 0o600);
});

test('it is the same at the next start', async () => {
  const folder = folderOf();
  const before = await openIn(folder);
  const after = await openIn(folder, { now: () => start + 100 * dayMs });
  assert.equal(after.current(), before.current());
  await before.close();
  await after.close();
});

test('it is renewed in time, with the same key and for the same names', async () => {
  let now = start;
  const source = await openIn(folderOf(), { now: () => now });
  const before = certificateOf(source);
  let changes = 0;
  source.subscribe(() => (changes += 1));
  now = start + (selfSignedDays - selfSignedRenewDays - 1) * dayMs;
  await source.look();
  assert.is(changes, 0);
  now += 2 * dayMs;
  await source.look();
  assert.is(changes, 1);
  const after = certificateOf(source);
  assert.is(after.validToDate.getTime(), now + selfSignedDays * dayMs);
  assert.is.not(after.serialNumber, before.serialNumber);
  assert.is(fingerprintOf(after), fingerprintOf(before));
  assert.is(after.checkHost('micro.example.com'), 'micro.example.com');
  await source.close();
});

test('a name it lacks makes a new one, which keeps the names it had', async () => {
  const folder = folderOf();
  const first = await openIn(folder);
  const second = await openIn(folder, { names: ['second.example.com', 'localhost'] });
  const certificate = certificateOf(second);
  for (const name of ['second.example.com', 'micro.example.com']) assert.is(certificate.checkHost(name), name);
  assert.is(certificate.checkIP('fd00::2'), 'fd00::2');
  assert.is(fingerprintOf(certificate), fingerprintOf(certificateOf(first)));
  // What the other listener of this server made serves the first one as well.
  await first.look();
  assert.equal(first.current(), second.current());
  await first.close();
  await second.close();
});

test('listeners that start at once have one key', async () => {
  const folder = folderOf();
  const sources = await Promise.all(Array.from({ length: 8 }, () => openIn(folder)));
  assert.is(new Set(sources.map((s) => fingerprintOf(certificateOf(s)))).size, 1);
  for (const source of sources) await source.close();
});

for (const [what, text] of [
  ['noise', 'noise'],
  ['nothing', ''],
  ['half of it', undefined],
] as const)
  test(`a certificate file that holds ${what} is made anew, with the same key`, async () => {
    const folder = folderOf();
    const before = await openIn(folder);
    const file = join(folder, 'cert.pem');
    writeFileSync(file, text ?? before.current().cert.slice(0, 100));
    const after = await openIn(folder);
    assert.is(fingerprintOf(certificateOf(after)), fingerprintOf(certificateOf(before)));
    assert.is(readFileSync(file, 'utf8'), after.current().cert);
    await before.close();
    await after.close();
  });

test('a key that cannot be read is an error and stays as it is: clients pin it', async () => {
  const folder = folderOf();
  const file = join(folder, 'key.pem');
  writeFileSync(file, 'damaged');
  const error = await openIn(folder).then(
    () => undefined,
    (e: unknown) => e,
  );
  assert.instance(error, ExitError);
  assert.match((error as ExitError).message, /key\.pem holds no ECDSA P-256 key$/);
  assert.is(readFileSync(file, 'utf8'), 'damaged');
});

test.run();
