/** Tests of SHA256SUMS in the forms that tools write, and of what is none. */

import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { sumOf } from './sum-of.ts';

const test = suite('releases: hashes');
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

test.run();
