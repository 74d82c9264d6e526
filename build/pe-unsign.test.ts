/** The Windows executable's header: no stale signature, sections inside the file, the application in its resources. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../test/support/suite.ts';
import { unsignPe } from './pe-unsign.ts';

const test = suite('build: pe-unsign');

/** A header and nothing else, its certificate table filled. */
const image = (): Buffer => {
  const file = Buffer.alloc(0x200, 1);
  file.writeUInt32LE(0x80, 0x3c);
  file.write('PE\0\0', 0x80, 'latin1');
  file.writeUInt16LE(0x20b, 0x80 + 24);
  return file;
};

test('the certificate table is emptied and nothing else is touched', () => {
  const before = image();
  const after = Buffer.from(unsignPe(before));
  const at = 0x80 + 24 + 112 + 32;
  assert.ok(after.subarray(at, at + 8).every((byte) => byte === 0));
  assert.ok(after.subarray(0, at).equals(before.subarray(0, at)));
  assert.ok(after.subarray(at + 8).equals(before.subarray(at + 8)));
});

test('what is no 64-bit PE file is refused', () => {
  for (const text of ['', 'MZ', '\x7fELF'.padEnd(200)])
    assert.throws(() => unsignPe(Buffer.from(text)), /not a 64-bit PE/);
});

const made = join(import.meta.dirname, '..', 'dist', 'micro-win-x64.exe');
if (existsSync(made))
  test('dist/micro-win-x64.exe has a sound header and carries the application', () => {
    const file = readFileSync(made);
    const header = file.readUInt32LE(0x3c);
    assert.is(file.toString('latin1', header, header + 4), 'PE\0\0');
    assert.is(file.readUInt16LE(header + 4), 0x8664);
    const first = header + 24 + file.readUInt16LE(header + 20);
    for (let section = first, n = file.readUInt16LE(header + 6); n > 0; section += 40, n--)
      assert.ok(file.readUInt32LE(section + 16) + file.readUInt32LE(section + 20) <= file.length);
    assert.ok(file.includes(Buffer.from('NODE_SEA_BLOB', 'utf16le')));
    assert.ok(file.includes('NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:1'));
    assert.is(file.readUInt32LE(header + 24 + 112 + 32), 0);
  });
else process.stdout.write('SKIP the header of micro-win-x64.exe: npm run package -- --all has not made it\n');

test.run();
