/** The trust flags of `micro env add`: what is kept, what is refused, and that nothing of a key is shown. */

import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import * as assert from 'uvu/assert';

import { ExitError } from '../../../internal/contract/error.ts';
import type { TlsTrust } from '../../../internal/contract/tls.ts';
import { issueCertificate, writeCertificate } from '../../../test/support/issue-certificate.ts';
import { suite } from '../../../test/support/suite.ts';
import { readTrustFlags } from './read-trust-flags.ts';

const test = suite('commands/env: trust flags');
const folder = mkdtempSync(join(tmpdir(), 'micro-test-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const authority = await issueCertificate('authority', { authority: true });
const mine = writeCertificate(folder, 'mine', await issueCertificate('mine', { by: authority }));
const other = writeCertificate(folder, 'other', await issueCertificate('other'));
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const ca = file('ca.pem', authority.cert);
const locked = file(
  'locked.key',
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey,
);
const pin = `sha256:${'ab'.repeat(32)}`;

type Flags = Parameters<typeof readTrustFlags>[0];
const read = (flags: Flags, address = 'https://10.0.0.1:8081'): Promise<TlsTrust | undefined> =>
  readTrustFlags(flags, { name: 'prod', address });

for (const [flags, want] of [
  [{}, undefined],
  [{ description: 'x' }, undefined],
  [{ ca }, { ca }],
  [{ ca: relative(process.cwd(), ca) }, { ca }],
  [{ fingerprint: pin.toUpperCase() }, { fingerprint: pin }],
  [{ insecure: true }, { insecure: true }],
  [{ insecure: false }, undefined],
  [{ ...mine }, mine],
  [
    { ca, ...mine },
    { ca, ...mine },
  ],
] satisfies readonly (readonly [Flags, TlsTrust | undefined])[])
  test(`keeps ${Object.keys(flags).join(', ') || 'nothing'}`, async () => assert.equal(await read(flags), want));

for (const address of ['example.com', 'example.com:443', 'https://example.com:1'])
  test(`${address} is TLS`, async () => assert.equal(await read({ ca }, address), { ca }));

for (const [flags, message, hint, address] of [
  [
    { ca },
    /^--ca is about TLS, and 10\.0\.0\.1:8081 is plain text$/,
    /^micro env add prod https:\/\/10/,
    '10.0.0.1:8081',
  ],
  [{ insecure: true }, /^bad address: ""$/, /host:port/, ''],
  [{ ca, fingerprint: pin }, /^--ca and --fingerprint exclude each other$/, /one of them/],
  [{ ca, insecure: true }, /^--ca and --insecure exclude each other$/, /one of them/],
  [{ cert: mine.cert }, /^--cert and --key belong together$/, /^give --key as well$/],
  [{ key: mine.key }, /^--cert and --key belong together$/, /^give --cert as well$/],
  [{ cert: mine.cert, key: other.key }, /other\.key is not the key of .*mine\.pem$/, /first certificate/],
  [{ cert: mine.key, key: mine.key }, /^--cert .* holds no certificate$/, /PEM/],
  [{ cert: mine.cert, key: mine.cert }, /^--key .* holds no private key$/, /PEM/],
  [{ cert: mine.cert, key: locked }, /^--key .* is locked with a passphrase$/, /openssl pkey/],
  [{ ca: file('bad.pem', authority.cert.replace(/MI../, 'AAAA')) }, /^--ca .* holds a damaged certificate$/, /PEM/],
  [{ ca: join(folder, 'gone') }, /^--ca: cannot read .*gone: ENOENT/, /name a PEM file/],
  [{ ca: folder }, /^--ca: cannot read .*: EISDIR/, /name a PEM file/],
  [{ ca: '' }, /^--ca is empty$/, /leave it out/],
  [{ fingerprint: '' }, /^--fingerprint is empty$/, /leave it out/],
  [{ fingerprint: 'ab' }, /^bad fingerprint: "ab"$/, /64 hex digits/],
] satisfies readonly (readonly [Flags, RegExp, RegExp, string?])[])
  test(`refuses: ${String(message)}`, async () => {
    const failure = await read(flags, address).catch((e: unknown) => e);
    assert.instance(failure, ExitError);
    const { message: text, hint: way = '', exitCode } = failure as ExitError;
    assert.match(text, message);
    assert.match(way, hint);
    assert.is(exitCode, 128);
    assert.not.match(`${text}${way}`, /PRIVATE|BEGIN EC/);
  });

test.run();
