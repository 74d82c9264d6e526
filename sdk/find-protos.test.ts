/** Where proto files are looked for, and what is said when there are none. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import * as assert from 'uvu/assert';

import { suite } from '../test/support/suite.ts';
import { findProtos } from './find-protos.ts';

const test = suite('sdk/find-protos');

const withFiles = (names: readonly string[], body: (folder: string) => void): void => {
  const folder = mkdtempSync(join(tmpdir(), 'micro-protos-'));
  try {
    for (const name of names) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), '');
    }
    body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

for (const c of [
  { name: 'beside the entry', files: ['a.proto', 'index.ts'], want: ['a.proto'] },
  {
    name: 'under proto/, at any depth',
    files: ['proto/b.proto', 'proto/x/a.proto'],
    want: ['proto/b.proto', 'proto/x/a.proto'],
  },
  { name: 'under proto/ before beside the entry', files: ['a.proto', 'proto/b.proto'], want: ['proto/b.proto'] },
  { name: 'never in packages', files: ['proto/node_modules/x/a.proto', 'proto/b.proto'], want: ['proto/b.proto'] },
  { name: 'where it was told to', files: ['a.proto', 'api/b.proto'], named: ['api'], want: ['api/b.proto'] },
  { name: 'in the file it was told', files: ['a.proto', 'api/b.proto'], named: ['api/b.proto'], want: ['api/b.proto'] },
])
  test(`finds protos ${c.name}`, () =>
    withFiles(c.files, (folder) => {
      const found = findProtos([folder], c.named).map((f) => relative(folder, f));
      assert.equal(found, c.want);
    }));

test('the first folder that has any wins', () =>
  withFiles(['src/index.ts', 'a.proto'], (folder) => {
    assert.equal(findProtos([join(folder, 'src'), folder]), [join(folder, 'a.proto')]);
  }));

test('says where it looked, and what is missing', () =>
  withFiles(['index.ts'], (folder) => {
    assert.throws(
      () => findProtos([folder]),
      (e: Error) => e.message.startsWith(`no .proto file in ${folder}`),
    );
    assert.throws(() => findProtos([folder], ['nope.proto']), /there is no .*nope\.proto/);
  }));

test.run();
