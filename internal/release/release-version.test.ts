/** Tests of versions as text: what is one, what might climb out of its folder, and which is older. */

import * as fc from 'fast-check';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { compareVersions, readVersion } from './release-version.ts';

const test = suite('releases: versions');

for (const [text, want] of [
  ['v0.1.0', 'v0.1.0'],
  ['0.1.0', 'v0.1.0'],
  [' v10.20.30\r\n', 'v10.20.30'],
  ['v1.0.0-rc.1', 'v1.0.0-rc.1'],
  ['v1.0.0+build.5', 'v1.0.0+build.5'],
  ['', undefined],
  ['v1', undefined],
  ['v1.2', undefined],
  ['latest', undefined],
  ['v1.2.3/../x', undefined],
  ['v1.2.3-..', undefined],
  ['v1.2.3 v1.2.4', undefined],
  ['<html>', undefined],
  ['v1.2.3%2f', undefined],
] as const)
  test(`reads ${JSON.stringify(text)} as ${want}`, () => assert.is(readVersion(text), want));

const ordered = [
  'v0.0.9',
  '0.1.0-alpha',
  'v0.1.0-alpha.1',
  'v0.1.0-alpha.2',
  'v0.1.0-alpha.10',
  'v0.1.0-beta',
  'v0.1.0',
];
const later = ['v0.1.1', 'v0.2.0', 'v0.10.0', 'v1.0.0'];
test('orders versions by value', () => {
  const all = [...ordered, ...later];
  assert.equal([...all].reverse().sort(compareVersions), all);
  assert.is(compareVersions('v1.0.0', '1.0.0'), 0);
  assert.is(compareVersions('v1.0.0+a', 'v1.0.0+b'), 0);
  assert.ok(compareVersions('v0.1.0-1', 'v0.1.0-a') < 0);
});

test('what it reads, it reads again, and it cannot mean a path', () =>
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^v?\d\.\d\.\d[-+./a-z0-9]*$/)), (text) => {
      const version = readVersion(text);
      if (version === undefined) return;
      assert.is(readVersion(version), version);
      assert.not.match(version, /[/\\?#%\s]|\.\./);
    }),
  ));

test.run();
