/** Tests of SHA256SUMS in the forms that tools write, and of what is none. */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { assetName } from './asset-name.ts';
import { sumOf } from './sum-of.ts';

const test = suite('releases: hashes and names');
const hash = '0123456789abcdef'.repeat(4);

for (const { name, text, want } of [
  { name: 'as sha256sum writes it', text: `${hash}  micro\n`, want: hash },
  { name: 'as sha256sum -b writes it', text: `${hash} *micro\n`, want: hash },
  { name: 'with the line ends of Windows', text: `${hash}  other\r\n${hash}  micro\r\n`, want: hash },
  { name: 'in capitals', text: `${hash.toUpperCase()}  micro`, want: hash },
  {
    name: 'among longer names',
    text: `${'0'.repeat(64)}  micro.xz\n${'1'.repeat(64)}  x/micro\n${hash}  micro`,
    want: hash,
  },
  { name: 'not there', text: `${hash}  micro2\n`, want: undefined },
  { name: 'too short', text: `${hash.slice(1)}  micro\n`, want: undefined },
  { name: 'no hash', text: `<html> micro\n`, want: undefined },
  { name: 'nothing', text: '', want: undefined },
])
  test(`finds a hash ${name}`, () => assert.is(sumOf(text, 'micro'), want));

for (const [platform, arch, want] of [
  ['linux', 'x64', 'micro-linux-x64'],
  ['linux', 'arm64', 'micro-linux-arm64'],
  ['darwin', 'x64', 'micro-darwin-x64'],
  ['darwin', 'arm64', 'micro-darwin-arm64'],
  ['win32', 'x64', 'micro-win-x64.exe'],
  ['win32', 'arm64', 'micro-win-x64.exe'],
] as const)
  test(`the program for ${platform} ${arch} is ${want}`, () => assert.is(assetName(platform, arch), want));

test('there is none for other machines', () =>
  assert.throws(() => assetName('freebsd', 'x64'), /^there is no micro for freebsd x64$/));

test.run();
