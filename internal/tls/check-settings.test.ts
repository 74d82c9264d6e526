/** TLS settings: which go together, and that nothing listens off loopback without TLS. */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { ExitError } from '../contract/error.ts';
import type { TlsSettings } from '../contract/tls-settings.ts';
import { checkTlsSettings, isCertificateName } from './check-settings.ts';

const test = suite('tls: settings');

const defaults: TlsSettings = {
  enable_tls: false,
  enable_acme: false,
  tls_client_auth: 'required',
  tls_hosts: [],
  acme_hosts: [],
  acme_provider: 'autocert',
};
const here = '127.0.0.1:8081';
const everywhere = '0.0.0.0:8081';
const files = { tls_cert_file: 'c', tls_key_file: 'k' };

const accepted: readonly (readonly [settings: Partial<TlsSettings>, address: string, tls: boolean])[] = [
  [{}, here, false],
  [{ enable_tls: true }, here, true],
  [{ enable_tls: true }, everywhere, true],
  [{ enable_tls: true, ...files, tls_client_ca_file: 'ca' }, everywhere, true],
  [{ enable_acme: true, acme_hosts: ['a.example.com'] }, everywhere, true],
  [{ enable_acme: true, tls_client_ca_file: 'ca' }, ':8081', true],
];
for (const [settings, address, tls] of accepted)
  test(`${JSON.stringify(settings)} on ${address}: ${tls ? 'TLS' : 'plain text'}`, () => {
    assert.is(checkTlsSettings({ ...defaults, ...settings }, address), tls);
  });

const refused: readonly (readonly [settings: Partial<TlsSettings>, address: string, message: string, hint: RegExp])[] =
  [
    [{}, everywhere, '0.0.0.0:8081 is off loopback and has no TLS', /^set enable_tls, or listen on 127\.0\.0\.1$/],
    [{}, ':8081', ':8081 is off loopback and has no TLS', /enable_tls/],
    [{}, '[::]:8081', '[::]:8081 is off loopback and has no TLS', /enable_tls/],
    [{}, '192.0.2.1:8081', '192.0.2.1:8081 is off loopback and has no TLS', /enable_tls/],
    [{ ...files }, here, 'tls_cert_file is set and enable_tls is not', /^set enable_tls as well$/],
    [{ enable_tls: true, tls_cert_file: 'c' }, here, 'tls_cert_file is set and tls_key_file is not', /go together/],
    [{ enable_tls: true, tls_key_file: 'k' }, here, 'tls_key_file is set and tls_cert_file is not', /go together/],
    [{ tls_client_ca_file: 'ca' }, here, 'tls_client_ca_file is set and enable_tls is not', /^set enable_tls as well$/],
    [{ enable_tls: true, enable_acme: true }, here, 'enable_tls and enable_acme are both set', /choose one$/],
    [{ enable_acme: true, ...files }, here, 'tls_cert_file is set and enable_tls is not', /leave tls_cert_file out$/],
  ];
for (const [settings, address, message, hint] of refused)
  test(`${JSON.stringify(settings)} on ${address} is refused`, () => {
    try {
      checkTlsSettings({ ...defaults, ...settings }, address);
    } catch (e) {
      assert.instance(e, ExitError);
      assert.is((e as ExitError).message, message);
      assert.match((e as ExitError).hint ?? '', hint);
      return;
    }
    assert.unreachable('nothing was refused');
  });

const names: readonly (readonly [name: string, fits: boolean])[] = [
  ['micro.example.com', true],
  ['office', true],
  ['a-b.example', true],
  ['xn--bcher-kva.example', true],
  ['10.0.0.7', true],
  ['fd00::2', true],
  ['', false],
  ['https://micro.example.com', false],
  ['micro.example.com:8081', false],
  ['[fd00::2]', false],
  ['fe80::1%eth0', false],
  ['*.example.com', false],
  ['a_b', false],
  ['-a', false],
  ['a..b', false],
  ['bücher.example', false],
  ['two words', false],
  [`${'a'.repeat(254)}`, false],
];
for (const [name, fits] of names)
  test(`${JSON.stringify(name).slice(0, 40)} ${fits ? 'may' : 'cannot'} be in a certificate`, () => {
    assert.is(isCertificateName(name), fits);
    const check = () => checkTlsSettings({ ...defaults, enable_tls: true, tls_hosts: [name] }, here);
    if (fits) assert.is(check(), true);
    else
      assert.throws(
        check,
        (e: Error) => e.message === `tls_hosts: ${JSON.stringify(name)} is no host name and no address`,
      );
  });

test.run();
