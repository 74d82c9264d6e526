/** Metadata, timeouts, codecs and addresses as text. */

import assert from 'node:assert/strict';

import fc from 'fast-check';

import { isMicroError } from '../contract/error.ts';
import { suite } from '../../test/support/suite.ts';
import { parseTarget, splitAddress } from './address.ts';
import { advertisedAddress } from './advertised-address.ts';
import { codecOfContentType, sniffCodec } from './codec.ts';
import { formatTimeoutHeader, parseTimeoutHeader, readMetadata } from './metadata.ts';

const test = suite('rpc metadata');

test('shows handlers what the caller sent, without what the transport owns', () => {
  const metadata = readMetadata({
    'micro-namespace': ['micro'],
    key: ['a', 'b'],
    'trace-bin': [Buffer.from('hi')],
    timeout: ['1'],
    'x-content-type': ['application/json'],
    'grpc-accept-encoding': ['gzip'],
    'user-agent': ['x'],
    host: ['example.com'],
  });
  assert.deepEqual(
    { ...metadata },
    { 'micro-namespace': 'micro', key: 'a, b', 'trace-bin': 'aGk=', host: 'example.com' },
  );
});

test('a header named like a property of objects is only a header', () => {
  const headers = JSON.parse('{"__proto__":["x"],"constructor":["y"]}') as Record<string, string[]>;
  const metadata = readMetadata(headers);
  assert.equal(metadata.constructor, 'y');
  assert.equal(Object.getPrototypeOf(metadata), null);
});

for (const c of [
  { text: '1000000', ms: 1 },
  { text: '10000000000', ms: 10_000 },
  { text: '0', ms: 0 },
  { text: '9999999999999999999', ms: 2 ** 31 - 1 },
  { text: '', ms: undefined },
  { text: undefined, ms: undefined },
  { text: '-1', ms: undefined },
  { text: '1e9', ms: undefined },
  { text: '10s', ms: undefined },
  { text: '1'.repeat(1_000), ms: undefined },
])
  test(`reads a timeout of ${c.text?.slice(0, 20)}`, () => assert.equal(parseTimeoutHeader(c.text), c.ms));

test('timeouts come back as they went', () => {
  fc.assert(
    fc.property(fc.nat(), (ms) => assert.equal(parseTimeoutHeader(formatTimeoutHeader(ms)), Math.min(ms, 2 ** 31 - 1))),
  );
});

for (const c of [
  { type: 'application/json', codec: 'json' },
  { type: 'application/grpc+json', codec: 'json' },
  { type: 'application/grpc+proto', codec: 'proto' },
  { type: 'application/grpc', codec: 'proto' },
  { type: 'Application/JSON; charset=utf-8', codec: 'json' },
  { type: '', codec: undefined },
  { type: undefined, codec: undefined },
])
  test(`speaks ${c.codec} for ${c.type}`, () => assert.equal(codecOfContentType(c.type), c.codec));

for (const type of ['text/html', 'constructor', '__proto__'])
  test(`refuses content type ${type}`, () =>
    assert.throws(
      () => codecOfContentType(type),
      (e) => isMicroError(e) && e.detail === `Unsupported Content-Type: ${type}`,
    ));

test('tells JSON from proto by the first byte', () => {
  for (const text of ['{}', '[1]', 'null']) assert.equal(sniffCodec(Buffer.from(text)), 'json');
  for (const bytes of [[], [0x0a, 0x01, 0x41], [0x08, 0x01]]) assert.equal(sniffCodec(Uint8Array.from(bytes)), 'proto');
});

for (const c of [
  { text: '127.0.0.1:8081', address: '127.0.0.1:8081', tls: false },
  { text: '[::1]:8081', address: '[::1]:8081', tls: false },
  { text: 'proxy.example.com', address: 'proxy.example.com:443', tls: true },
  { text: 'proxy.example.com:443', address: 'proxy.example.com:443', tls: true },
  { text: 'https://localhost:8081', address: 'localhost:8081', tls: true },
  { text: 'http://localhost:443', address: 'localhost:443', tls: false },
  { text: 'http://localhost', address: 'localhost:80', tls: false },
])
  test(`dials ${c.text}`, () => assert.deepEqual(parseTarget(c.text), { address: c.address, tls: c.tls }));

for (const text of ['', ':8081', 'a:b', 'a:1:2', 'a:99999', '::1', 'a b:1', 'http://', 'user@host:1', 'host/path:1'])
  test(`refuses the address ${JSON.stringify(text)}`, () => assert.throws(() => parseTarget(text), isMicroError));

test('a listener may leave its host out', () =>
  assert.deepEqual({ ...splitAddress(':8080') }, { host: '', port: '8080' }));

test('a listener on every interface is registered by an address others can reach', () => {
  const hosts = [
    { address: '127.0.0.1', internal: true },
    { address: 'fe80::1', internal: false },
    { address: '93.184.216.34', internal: false },
    { address: '10.1.2.3', internal: false },
  ];
  assert.equal(advertisedAddress('0.0.0.0:90', hosts), '10.1.2.3:90');
  assert.equal(advertisedAddress('[::]:90', hosts.slice(0, 3)), '93.184.216.34:90');
  assert.equal(advertisedAddress('0.0.0.0:90', hosts.slice(0, 2)), '127.0.0.1:90');
  assert.equal(advertisedAddress('127.0.0.1:90', hosts), '127.0.0.1:90');
});

test.run();
