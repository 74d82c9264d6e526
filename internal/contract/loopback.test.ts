/** Which addresses are of this machine alone, and where a listener is dialled from here. */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { dialableHere, isLoopbackAddress } from './loopback.ts';

const test = suite('contract: loopback');

const addresses: readonly (readonly [address: string, loopback: boolean])[] = [
  ['127.0.0.1:8081', true],
  ['127.8.9.1:0', true],
  ['localhost:8081', true],
  ['[::1]:8081', true],
  ['0.0.0.0:8081', false],
  [':8081', false],
  ['[::]:8081', false],
  ['192.168.1.5:8081', false],
  ['127.0.0.1.example.com:8081', false],
  ['localhost.example.com:8081', false],
  ['example.com:8081', false],
  ['', false],
];
for (const [address, loopback] of addresses)
  test(`${JSON.stringify(address)} is ${loopback ? '' : 'not '}loopback`, () => {
    assert.is(isLoopbackAddress(address), loopback);
  });

const dialled: readonly (readonly [listeners: readonly string[], from: string | undefined])[] = [
  [[], undefined],
  [['127.0.0.1:8081'], '127.0.0.1:8081'],
  [['[::1]:8081'], '[::1]:8081'],
  [['0.0.0.0:8081'], '127.0.0.1:8081'],
  [[':8081'], '127.0.0.1:8081'],
  [['[::]:8081'], '[::1]:8081'],
  [['192.168.1.5:8081', '127.0.0.1:8081'], '127.0.0.1:8081'],
  [['192.168.1.5:8081'], '192.168.1.5:8081'],
];
for (const [listeners, from] of dialled)
  test(`${listeners.join(' and ') || 'nothing'} is dialled at ${from}`, () => {
    assert.is(dialableHere(listeners), from);
  });

test.run();
