/** Which peers are of this machine. */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { isLocalPeer } from './local-peer.ts';

const test = suite('tls: local peer');

const cases: readonly (readonly [address: string | undefined, local: boolean])[] = [
  ['127.0.0.1', true],
  ['127.255.0.3', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['::FFFF:127.9.9.9', true],
  ['0.0.0.0', false],
  ['10.0.0.1', false],
  ['192.0.2.2', false],
  ['1127.0.0.1', false],
  ['127.0.0.1.example.com', false],
  ['128.127.0.1', false],
  ['::ffff:10.0.0.1', false],
  ['::127.0.0.1', false],
  ['::', false],
  ['fe80::1', false],
  ['2001:db8::1', false],
  ['localhost', false],
  ['', false],
  [undefined, false],
];
for (const [address, local] of cases)
  test(`${address} is ${local ? '' : 'not '}of this machine`, () => {
    assert.is(isLocalPeer(address), local);
  });

test.run();
