/** Tests that all who name the programs of a release agree: the upgrade from inside, both installers, and what makes the programs. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { targets } from '../../build/target.ts';
import { suite } from '../../test/support/suite.ts';
import { assetName } from './asset-name.ts';

const test = suite('releases: names');
const textOf = (file: string): string => readFileSync(join(import.meta.dirname, '..', '..', file), 'utf8');

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

test('what is made is what is asked for', () => {
  for (const { platform, arch, output } of targets) assert.is(assetName(platform, arch), output);
});

test('the installers ask for the same', () => {
  const shell = textOf('install.sh');
  for (const { platform, arch, output } of targets) {
    if (platform === 'win32') assert.ok(textOf('install.ps1').includes(`'${output}'`));
    else {
      assert.is(output, `micro-${platform}-${arch}`);
      for (const part of ['asset=micro-', `os=${platform}`, `cpu=${arch}`]) assert.ok(shell.includes(part), part);
    }
  }
});

test.run();
