/** Certificate files: what is refused and in which words, and how a change on disk comes into use. */

import { copyFileSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { hasOpenssl, type MadeCertificate, makeCertificate } from '../../test/support/certificates.ts';
import { suite } from '../../test/support/suite.ts';
import { ExitError } from '../contract/error.ts';
import type { Logger } from '../contract/logger.ts';
import { openCertificateFiles } from './certificate-files.ts';
import type { WatchedCertificate } from './watch-certificate.ts';

const test = suite('tls: certificate files');
const folder = mkdtempSync(join(tmpdir(), 'micro-certificates-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const collectLog = (): { log: Logger; lines: string[] } => {
  const lines: string[] = [];
  const at = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
  const log: Logger = {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  };
  return { log, lines };
};

if (!hasOpenssl()) process.stdout.write('SKIP tls: certificate files: openssl is not installed\n');
else {
  const one = makeCertificate(folder, 'one');
  const two = makeCertificate(folder, 'two');
  const expired = makeCertificate(folder, 'expired', { days: -1 });
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  const refused: readonly (readonly [what: string, certFile: string, keyFile: string, message: RegExp])[] = [
    ['a missing certificate', join(folder, 'none'), one.keyFile, /^cannot read .*none: there is no such file$/],
    ['a missing key', one.certFile, join(folder, 'none'), /^cannot read .*none: there is no such file$/],
    ['a folder', folder, one.keyFile, /^cannot read .*: EISDIR|holds no certificate/],
    ['noise', file('noise', '\0\x01'), one.keyFile, /noise holds no certificate$/],
    ['a key for a certificate', one.keyFile, one.keyFile, /one\.key holds no certificate$/],
    ['a certificate for a key', one.certFile, one.certFile, /one\.pem holds no private key$/],
    ["another's key", one.certFile, two.keyFile, /^the key in .*two\.key does not belong to .*one\.pem$/],
    ['too large a file', file('large', 'x'.repeat(1024 * 1024 + 1)), one.keyFile, /certificateFileBytesMax \(1048576/],
    [
      'an encrypted key',
      one.certFile,
      file('encrypted', '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n'),
      /^the key in .*encrypted is encrypted$/,
    ],
  ];
  for (const [what, certFile, keyFile, message] of refused)
    test(`${what} is refused`, async () => {
      const { log } = collectLog();
      const error = await openCertificateFiles({ certFile, keyFile, log, now: Date.now }).then(
        (source) => source.close(),
        (e: unknown) => e,
      );
      assert.instance(error, ExitError);
      assert.match((error as ExitError).message, message);
    });

  test('an expired certificate serves at the start, with a word in the log', async () => {
    const { log, lines } = collectLog();
    const source = await openCertificateFiles({ ...expired, log, now: Date.now });
    assert.is(source.current().cert, expired.cert);
    await source.close();
    assert.equal(lines, ['warn: the certificate has expired']);
  });

  /** A source on files that can be replaced, with its own log and a count of what it told. */
  const opened = async (): Promise<{
    readonly source: WatchedCertificate;
    readonly lines: readonly string[];
    put(cert: MadeCertificate, key?: MadeCertificate): void;
    changes(): number;
    readonly certFile: string;
    readonly keyFile: string;
  }> => {
    const place = mkdtempSync(join(folder, 'live-'));
    const certFile = join(place, 'cert.pem');
    const keyFile = join(place, 'key.pem');
    const put = (cert: MadeCertificate, key = cert): void => {
      copyFileSync(cert.certFile, certFile);
      copyFileSync(key.keyFile, keyFile);
    };
    put(one);
    const { log, lines } = collectLog();
    let changes = 0;
    const source = await openCertificateFiles({ certFile, keyFile, log, now: Date.now, lookMs: 3_600_000 });
    source.subscribe(() => (changes += 1));
    return { source, lines, put, changes: () => changes, certFile, keyFile };
  };

  test('new files are used at the second look that finds them', async () => {
    const { source, put, changes, lines } = await opened();
    put(two);
    await source.look();
    assert.is(source.current().cert, one.cert);
    await source.look();
    assert.is(source.current().cert, two.cert);
    assert.is(source.current().key, two.key);
    assert.is(changes(), 1);
    await source.look();
    assert.is(changes(), 1);
    assert.equal(lines, ['info: new certificate in use']);
    await source.close();
  });

  test('a link that is turned counts as a change', async () => {
    const { source, certFile, keyFile } = await opened();
    unlinkSync(certFile);
    unlinkSync(keyFile);
    symlinkSync(two.certFile, certFile);
    symlinkSync(two.keyFile, keyFile);
    await source.look();
    await source.look();
    assert.is(source.current().cert, two.cert);
    await source.close();
  });

  test('the same content written again is no change', async () => {
    const { source, put, changes, lines } = await opened();
    put(one);
    await source.look();
    await source.look();
    assert.is(changes(), 0);
    assert.equal(lines, []);
    await source.close();
  });

  const bad: readonly (readonly [
    what: string,
    change: (o: Awaited<ReturnType<typeof opened>>) => void,
    line: RegExp,
  ])[] = [
    ['a key of another', ({ put }) => put(two, one), /the old one stays: the key in .* does not belong/],
    ['half a file', ({ certFile }) => writeFileSync(certFile, one.cert.slice(0, 80)), /holds no certificate$/],
    ['an expired certificate', ({ put }) => put(expired), /the old one stays: it has expired/],
    ['a missing file', ({ keyFile }) => unlinkSync(keyFile), /the old one stays: cannot read .*there is no such file$/],
  ];
  for (const [what, change, line] of bad)
    test(`${what} leaves the old certificate in use, with one line in the log`, async () => {
      const live = await opened();
      change(live);
      for (let looks = 0; looks < 4; looks += 1) await live.source.look();
      assert.is(live.source.current().cert, one.cert);
      assert.is(live.changes(), 0);
      assert.is(live.lines.length, 1, live.lines.join('\n'));
      assert.match(live.lines[0] ?? '', line);
      live.put(two);
      for (let looks = 0; looks < 2; looks += 1) await live.source.look();
      assert.is(live.source.current().cert, two.cert);
      await live.source.close();
    });
}

test.run();
