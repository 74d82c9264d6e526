/** Tests of what counts as one place that logins come from. */

import * as assert from 'uvu/assert';

import { suite } from '../../../../test/support/suite.ts';
import { networkOf, thisMachine } from './caller-network.ts';

const test = suite('caller network');

for (const [remote, network] of [
  ['203.0.113.5:4711', '203.0.113.5'],
  ['203.0.113.5', '203.0.113.5'],
  ['[::ffff:203.0.113.5]:1', '203.0.113.5'],
  ['[2001:db8:0:7:1:2:3:4]:443', '2001:db8:0:7::/64'],
  ['[2001:0db8:0000:0007::9]:443', '2001:db8:0:7::/64'],
  ['2001:db8:0:7:1:2:3:4:443', '2001:db8:0:7::/64'],
  ['[2001:db8::1]:443', '2001:db8:0:0::/64'],
  ['[2001:db8:1:2::]:443', '2001:db8:1:2::/64'],
  ['[fe80::1%eth0]:80', 'fe80:0:0:0::/64'],
  ['[::]:80', '0:0:0:0::/64'],
  ['127.0.0.1:80', thisMachine],
  ['127.9.9.9:80', thisMachine],
  ['[::1]:80', thisMachine],
  ['[::ffff:127.0.0.1]:80', thisMachine],
  ['', thisMachine],
  ['not an address', thisMachine],
])
  test(`${JSON.stringify(remote)} is ${network}`, () => assert.is(networkOf(remote ?? ''), network));

test.run();
