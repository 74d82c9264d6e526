/** An authority's words are untrusted: whatever they are, they become one bounded line, a known kind and a bounded wait. */

import fc from 'fast-check';
import * as assert from 'uvu/assert';

import { acmeReasonCharsMax, acmeRetryAfterMsMax } from '../../contract/limits.ts';
import { suite } from '../../../test/support/suite.ts';
import { CaError, type CaFault, printable, problemOf, retryAfterMs, wayOut } from './ca-error.ts';

const test = suite('tls: errors of a certificate authority');
const now = Date.UTC(2026, 0, 1);
/** The `binary` of fast-check takes seconds to prepare. */
const anyCharacter = fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code));

test('any text is one line of bounded length that moves no cursor', () =>
  fc.assert(
    fc.property(
      fc.string({ unit: anyCharacter }),
      fc.integer({ min: 1, max: 2 * acmeReasonCharsMax }),
      (part, times) => {
        const line = printable(part.repeat(times));
        assert.ok(line.length <= acmeReasonCharsMax + 1);
        assert.not.match(line, /[\p{Cc}\p{Cf}\u2028\u2029]/u);
      },
    ),
  ));

for (const [header, want] of [
  ['120', 120_000],
  [' 5 ', 5_000],
  ['0', undefined],
  ['-5', undefined],
  ['soon', undefined],
  [undefined, undefined],
  ['999999999', acmeRetryAfterMsMax],
  ['9'.repeat(400), undefined],
  ['Thu, 01 Jan 2026 00:10:00 GMT', 600_000],
  ['Wed, 31 Dec 2025 00:00:00 GMT', undefined],
  ['Thu, 01 Jan 2099 00:00:00 GMT', acmeRetryAfterMsMax],
] as const)
  test(`retry-after ${header?.slice(0, 40)} is ${want}`, () => assert.is(retryAfterMs(header, now), want));

for (const [value, want] of [
  [
    { type: 'urn:ietf:params:acme:error:dns', detail: 'none' },
    { type: 'dns', detail: 'none' },
  ],
  [
    { type: 7, detail: {} },
    { type: '', detail: 'no reason given' },
  ],
  [undefined, { type: '', detail: 'no reason given' }],
  [[1], { type: '', detail: 'no reason given' }],
  ['text', { type: '', detail: 'no reason given' }],
] as const)
  test(`${JSON.stringify(value)} is a problem of some kind`, () => assert.equal(problemOf(value), want));

for (const [fault, type, want] of [
  ['unreachable', undefined, /is ca\.example reachable/],
  ['untrusted', undefined, /acme_ca_file/],
  ['clock', undefined, /clock/],
  ['answer', undefined, /acme_directory \(https:\/\/ca\.example\/dir\)/],
  ['proof', 'connection', /port 443/],
  ['proof', 'caa', /CAA/],
  ['proof', 'unheardOf', /port 443/],
  ['proof', 'constructor', /port 443/],
  ['problem', 'rateLimited', /staging/],
  ['problem', 'rejectedIdentifier', /acme_hosts/],
  ['problem', 'externalAccountRequired', /another one/],
  ['problem', 'unheardOf', /the authority's answer/],
] as const satisfies readonly (readonly [CaFault, string | undefined, RegExp])[])
  test(`there is a way out of ${fault} ${type ?? ''}`, () =>
    assert.match(
      wayOut(new CaError('x', { fault, ...(type && { type }) }), { directory: 'https://ca.example/dir' }),
      want,
    ));

test('what is no fault of an authority is tried again', () =>
  assert.match(wayOut(new Error('x'), { directory: 'https://ca.example/dir' }), /tried again/));

test.run();
