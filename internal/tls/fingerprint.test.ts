/** Fingerprints: of the key alone, in one form. */

import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { fingerprintOf, normalFingerprint } from './fingerprint.ts';

const test = suite('tls: fingerprint');

/** The key of RFC 7517 appendix A.1 and its digest as OpenSSL tells it (`openssl pkey -pubin -outform DER | sha256sum`). */
const knownKey = createPublicKey({
  key: {
    kty: 'EC',
    crv: 'P-256',
    x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
    y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
  },
  format: 'jwk',
});

test('it is the digest of the public key', () => {
  assert.is(
    fingerprintOf({ publicKey: knownKey }),
    'sha256:51b944cdfa544d4c3273aa6bf350625a7dd53bbb6a71723274f538b19a207760',
  );
});

test('another key has another', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  assert.is.not(fingerprintOf({ publicKey }), fingerprintOf({ publicKey: knownKey }));
});

const digits = '0f'.repeat(32);
const colons = digits.match(/../g)?.join(':') ?? '';
const forms: readonly (readonly [text: string, normal: string | undefined])[] = [
  [`sha256:${digits}`, `sha256:${digits}`],
  [` SHA256:${digits.toUpperCase()}\n`, `sha256:${digits}`],
  [`sha256:${colons}`, `sha256:${digits}`],
  [digits, undefined],
  [`sha256:${digits}0`, undefined],
  [`sha256:${digits.slice(1)}`, undefined],
  [`sha1:${digits}`, undefined],
  [`sha256:${'xy'.repeat(32)}`, undefined],
  ['sha256:', undefined],
  ['', undefined],
];
for (const [text, normal] of forms)
  test(`${JSON.stringify(text).slice(0, 30)} reads as ${normal?.slice(0, 12)}`, () => {
    assert.is(normalFingerprint(text), normal);
  });

test.run();
