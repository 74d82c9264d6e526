/** Settings of ACME: what they become, and what is refused with the way out. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { ExitError } from '../../contract/error.ts';
import { acmeHostsMax } from '../../contract/limits.ts';
import { suite } from '../../../test/support/suite.ts';
import { type AcmeConfig, acmeSettings, defaultDirectory } from './acme-settings.ts';

const test = suite('tls: acme settings');
const folder = mkdtempSync(join(tmpdir(), 'micro-acme-settings-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('hosts are in one form, sorted, each once; the rest has defaults', () =>
  assert.equal(acmeSettings({ acme_hosts: [' b.example.com', 'A.example.com.', 'a.example.com', ''] }), {
    hosts: ['a.example.com', 'b.example.com'],
    directory: defaultDirectory,
    email: undefined,
    directoryCa: undefined,
  }));

test('a name in letters of any language is ordered in its ASCII form', () =>
  assert.equal(acmeSettings({ acme_hosts: ['bücher.example'] }).hosts, ['xn--bcher-kva.example']));

test("v3's default provider may be named, an empty one as well", () => {
  for (const acme_provider of ['autocert', ''])
    assert.equal(acmeSettings({ acme_hosts: ['a.example'], acme_provider }).hosts, ['a.example']);
});

test('the CA file is read', () => {
  const file = join(folder, 'ca.pem');
  const text = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n';
  writeFileSync(file, text);
  assert.is(acmeSettings({ acme_hosts: ['a.example'], acme_ca_file: file }).directoryCa, text);
});

const notPem = join(folder, 'not.pem');
writeFileSync(notPem, 'nothing');

for (const c of [
  { name: 'no host', config: {}, fails: /enable_acme needs acme_hosts/, hint: /acme_hosts=/ },
  { name: 'empty hosts', config: { acme_hosts: ['', ' '] }, fails: /needs acme_hosts/, hint: /acme_hosts=/ },
  {
    name: 'a wildcard',
    config: { acme_hosts: ['*.example.com'] },
    fails: /"\*\.example\.com" is a wildcard/,
    hint: /tls_cert_file/,
  },
  {
    name: 'an IPv4 address',
    config: { acme_hosts: ['192.0.2.1'] },
    fails: /"192.0.2.1" is an address/,
    hint: /name a host/,
  },
  { name: 'an IPv6 address', config: { acme_hosts: ['[2001:db8::1]'] }, fails: /is an address/, hint: /name a host/ },
  {
    name: 'a disguised address',
    config: { acme_hosts: ['0x7f000001'] },
    fails: /is no host name/,
    hint: /without scheme/,
  },
  { name: 'a URL', config: { acme_hosts: ['https://a.example'] }, fails: /is no host name/, hint: /without scheme/ },
  { name: 'a port', config: { acme_hosts: ['a.example:443'] }, fails: /is no host name/, hint: /without scheme/ },
  { name: 'an empty label', config: { acme_hosts: ['a..example'] }, fails: /is no host name/, hint: /without scheme/ },
  {
    name: 'a long label',
    config: { acme_hosts: [`${'a'.repeat(64)}.example`] },
    fails: /is no host name/,
    hint: /without scheme/,
  },
  {
    name: 'a long name',
    config: { acme_hosts: [`${'a.'.repeat(126)}example`] },
    fails: /is no host name/,
    hint: /without scheme/,
  },
  {
    name: 'a control character',
    config: { acme_hosts: ['a\n.example'] },
    fails: /"a\\n\.example"/,
    hint: /without scheme/,
  },
  {
    name: 'too many hosts',
    config: { acme_hosts: Array.from({ length: acmeHostsMax + 1 }, (_, n) => `h${n}.example`) },
    fails: /101 names, acmeHostsMax is 100/,
  },
  {
    name: 'certmagic',
    config: { acme_hosts: ['a.example'], acme_provider: 'certmagic' },
    fails: /"certmagic" is not supported/,
    hint: /records in DNS.*autocert.*tls_cert_file/,
  },
  { name: 'any other provider', config: { acme_provider: 'lego' }, fails: /"lego" is not supported/, hint: /autocert/ },
  {
    name: 'a directory in plain text',
    config: { acme_hosts: ['a.example'], acme_directory: 'http://ca.example/dir' },
    fails: /acme_directory: "http:.*no https URL/,
    hint: /letsencrypt/,
  },
  {
    name: 'a directory that is no URL',
    config: { acme_hosts: ['a.example'], acme_directory: 'staging' },
    fails: /"staging" is no https URL/,
  },
  {
    name: 'a directory with a password',
    config: { acme_hosts: ['a.example'], acme_directory: 'https://a:b@ca.example/' },
    fails: /no https URL/,
  },
  {
    name: 'no e-mail address',
    config: { acme_hosts: ['a.example'], acme_email: 'a@b,c@d' },
    fails: /acme_email: "a@b,c@d"/,
    hint: /left out/,
  },
  {
    name: 'a CA file that is not there',
    config: { acme_hosts: ['a.example'], acme_ca_file: join(folder, 'none.pem') },
    fails: /acme_ca_file: ENOENT/,
  },
  {
    name: 'a CA file of something else',
    config: { acme_hosts: ['a.example'], acme_ca_file: notPem },
    fails: /holds no certificate in PEM/,
  },
] satisfies readonly { name: string; config: AcmeConfig; fails: RegExp; hint?: RegExp }[])
  test(`refuses ${c.name}`, () => {
    try {
      acmeSettings(c.config);
    } catch (e) {
      assert.instance(e, ExitError);
      assert.match((e as ExitError).message, c.fails);
      if ('hint' in c && c.hint !== undefined) assert.match((e as ExitError).hint ?? '', c.hint);
      return;
    }
    assert.unreachable(c.name);
  });

test.run();
