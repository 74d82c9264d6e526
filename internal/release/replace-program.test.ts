/** Tests of the renames alone, as Linux and as Windows do them, and of taking a program away. */

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { ownNameOf } from './installed-program.ts';
import { removeProgram } from './remove-program.ts';
import { asideOf, type Place, previousOf, replaceProgram, swapPrograms } from './replace-program.ts';

const test = suite('releases: renames');
let folder = '';
test.each(() => {
  if (folder !== '') rmSync(folder, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), 'micro-rename-'));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string): string => {
  writeFileSync(join(folder, name), name);
  return join(folder, name);
};
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

for (const { platform, name, previous } of [
  { platform: 'linux', name: 'micro', previous: 'micro.old' },
  { platform: 'darwin', name: 'micro-darwin-arm64', previous: 'micro-darwin-arm64.old' },
  { platform: 'win32', name: 'micro.exe', previous: 'micro.old.exe' },
  { platform: 'win32', name: 'Micro.EXE', previous: 'Micro.old.EXE' },
] as const) {
  const place = (): Place => ({ program: join(folder, name), platform });

  test(`${platform}: ${name} is replaced and kept as ${previous}`, async () => {
    put(name);
    await replaceProgram(place(), put('fresh'));
    assert.equal(readdirSync(folder).sort(), [name, previous].sort());
    assert.equal([read(name), read(previous)], ['fresh', name]);
    await replaceProgram(place(), put('fresher'));
    assert.equal([read(name), read(previous)], ['fresher', 'fresh']);
    assert.is(ownNameOf(previousOf(place())), place().program);
    assert.is(ownNameOf(place().program), place().program);
    await swapPrograms(place());
    assert.equal([read(name), read(previous)], ['fresh', 'fresher']);
    assert.equal(readdirSync(folder).length, 2);
  });

  test(`${platform}: ${name} stays when there is nothing to take its place`, async () => {
    put(name);
    let failed = 0;
    const count = (): void => {
      failed += 1;
    };
    await swapPrograms(place()).catch(count);
    assert.equal(readdirSync(folder), [name]);
    await replaceProgram(place(), join(folder, 'missing')).catch(count);
    assert.is(failed, 2);
    assert.is(read(name), name);
  });

  test(`${platform}: ${name} is taken away with what belongs to it`, async () => {
    const program = put(name);
    put(previous);
    put('other');
    mkdirSync(join(folder, 'cache', 'x'), { recursive: true });
    const caches = [join(folder, 'cache'), join(folder, 'no-cache')];
    const { removed, leftover } = await removeProgram({ ...place(), caches });
    assert.equal(removed, [join(folder, 'cache'), join(folder, previous), program]);
    assert.equal(readdirSync(folder), ['other']);
    assert.is(leftover !== undefined, platform === 'win32');
    if (leftover !== undefined) {
      assert.ok(existsSync(leftover));
      rmSync(leftover);
    }
  });
}

test('new names are in the same folder, and can be run on Windows', () => {
  const place: Place = { program: join(folder, 'micro.exe'), platform: 'win32' };
  assert.ok(asideOf(place).startsWith(join(folder, '.micro.')));
  assert.match(asideOf(place), /\.exe$/);
  assert.is.not(asideOf(place), asideOf(place));
  assert.is(previousOf({ program: 'C:\\x.y\\micro', platform: 'win32' }), 'C:\\x.y\\micro.old');
});

test('a program that is not there is not taken away in silence', async () => {
  const gone = removeProgram({ program: join(folder, 'micro'), platform: 'linux', caches: [] });
  await gone.then(
    () => assert.unreachable(),
    (e: Error) => assert.match(e.message, /^cannot remove .*micro: ENOENT/),
  );
});

test.run();
