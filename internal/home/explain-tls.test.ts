/** Ways out of a failed handshake: each fault has its own, and the command in it is one that can be typed. */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import type { TlsFault, TlsTrust } from '../contract/tls.ts';
import { explainTls } from './explain-tls.ts';
import type { Place } from './place.ts';

const test = suite('home: explain-tls');

const stored = 'https://10.0.0.1:8081';
const place = (trust?: TlsTrust, o: Partial<Place> = {}): Place => ({
  environment: 'prod',
  namespace: 'micro',
  stored,
  address: '10.0.0.1:8081',
  tls: true,
  trust,
  ...o,
});
const add = `micro env add prod ${stored}`;
const fingerprint = `sha256:${'ab'.repeat(32)}`;
const pinned = `sha256:${'cd'.repeat(32)}`;
const own: TlsTrust = { cert: '/my c.pem', key: '/k.pem' };

for (const [fault, at, want] of [
  [{ kind: 'no_tls' }, place(), 'to go there without TLS, where the way is safe: micro env add prod 10.0.0.1:8081'],
  [
    { kind: 'no_tls' },
    place(undefined, { stored: 'https://a.com', address: 'a.com:443' }),
    'to go there without TLS, where the way is safe: micro env add prod http://a.com:443',
  ],
  [
    { kind: 'wants_tls' },
    place(undefined, { stored: '10.0.0.1:8081', tls: false }),
    'with TLS: micro env add prod https://10.0.0.1:8081',
  ],
  [
    { kind: 'wants_tls' },
    place(undefined, { environment: 'local' }),
    'with TLS: micro env add NAME https://10.0.0.1:8081',
  ],
  [{ kind: 'wants_tls' }, place(undefined, { overruled: true }), 'with TLS: micro env add NAME https://10.0.0.1:8081'],
  [
    { kind: 'self_signed', fingerprint },
    place(),
    `compare that with the fingerprint the server prints; only if both are equal: ${add} --fingerprint ${fingerprint}`,
  ],
  [
    { kind: 'self_signed', fingerprint },
    place(own),
    `compare that with the fingerprint the server prints; only if both are equal: ${add} --fingerprint ${fingerprint} --cert '/my c.pem' --key /k.pem`,
  ],
  [
    { kind: 'wrong_pin', fingerprint, pinned },
    place({ fingerprint: pinned }),
    `pinned is ${pinned}: either the server has a new key, or somebody is in between; compare with what the server prints, only if that is equal: ${add} --fingerprint ${fingerprint}`,
  ],
  [
    { kind: 'unknown_authority', issuer: 'CN=x' },
    place(),
    `if you trust it, with a file of its certificate: ${add} --ca FILE`,
  ],
  [
    { kind: 'unknown_authority', issuer: 'CN=x' },
    place({ ca: '/ca.pem' }),
    'the authorities that count are those in /ca.pem',
  ],
  [
    { kind: 'wrong_host', host: '10.0.0.1', names: ['*.a.com', 'a.com'] },
    place({ ca: '/ca.pem' }),
    'use a name the certificate is for, if it leads there: micro env add prod https://a.com:8081 --ca /ca.pem',
  ],
  [
    { kind: 'wrong_host', host: '10.0.0.1', names: [] },
    place(),
    'the server needs a certificate for that name; or pin its key with --fingerprint',
  ],
  [
    { kind: 'expired', untilMs: 0 },
    place(),
    'the clock here says 2026-01-02T03:04:05Z: if that is wrong, set it; if not, the server needs another certificate',
  ],
  [{ kind: 'wants_certificate' }, place({ ca: '/ca.pem' }), `with one: ${add} --ca /ca.pem --cert FILE --key FILE`],
  [
    { kind: 'closed' },
    place({ fingerprint }),
    `it may ask for a client certificate: ${add} --fingerprint ${fingerprint} --cert FILE --key FILE`,
  ],
  [{ kind: 'closed' }, place(own), 'it may not accept the client certificate /my c.pem: ask those who run the server'],
  [
    { kind: 'refused_certificate', reason: 'x' },
    place(own),
    'it was shown /my c.pem: ask those who run the server which authorities it accepts',
  ],
  [
    { kind: 'bad_file', file: '/ca.pem', reason: 'x' },
    place({ ca: '/ca.pem' }),
    'name another file, or make that one readable: micro env add prod --help',
  ],
  [{ kind: 'other', reason: 'x' }, place(), undefined],
] satisfies readonly (readonly [TlsFault, Place, string | undefined])[])
  test(`${fault.kind}: ${want?.slice(0, 60) ?? 'nothing'}`, () =>
    assert.is(explainTls(fault, at, Date.UTC(2026, 0, 2, 3, 4, 5)), want));

test.run();
