/** Packing and unpacking: what goes up comes out, and hostile archives are refused with the entry's name and nothing left behind. */

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { createGzip, gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { filesOf, pack } from './pack.ts';
import { unpack } from './unpack.ts';

const test = suite('source archives');

const inFolder = async (
  files: Readonly<Record<string, string>>,
  body: (folder: string) => Promise<void>,
): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'micro-archive-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

async function* inChunks(bytes: Uint8Array, size = 700): AsyncIterable<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

/** A ustar header by hand, so that an archive may hold what no packer would write. */
const entry = (
  name: string,
  o: { type?: string; body?: string; link?: string; size?: number; mode?: string } = {},
): Buffer => {
  const body = Buffer.from(o.body ?? '');
  const h = Buffer.alloc(512);
  h.write(name, 0);
  h.write(o.mode ?? '0000644', 100);
  h.write('0000000', 108);
  h.write('0000000', 116);
  h.write((o.size ?? body.length).toString(8).padStart(11, '0'), 124);
  h.write('00000000000', 136);
  h.write('        ', 148);
  h.write(o.type ?? '0', 156);
  h.write(o.link ?? '', 157);
  h.write('ustar\u000000', 257);
  h.write(
    `${[...h]
      .reduce((a, b) => a + b, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return Buffer.concat([h, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
};
const archive = (...entries: Buffer[]): Buffer => Buffer.concat([...entries, Buffer.alloc(1024)]);

const service = { 'package.json': '{}', 'index.ts': 'export {};', 'lib/a.ts': 'a', 'deep/er/b.txt': 'b' };

test('what goes up comes out', () =>
  inFolder(service, async (folder) => {
    await inFolder({}, async (target) => {
      const out = await unpack(pack(folder), target);
      for (const [name, text] of Object.entries(service)) assert.is(readFileSync(join(out.folder, name), 'utf8'), text);
    });
  }));

test('the content id depends on content alone', () =>
  inFolder(service, async (a) => {
    await inFolder({}, async (target) => {
      const first = await unpack(pack(a), target);
      await inFolder(service, async (b) => {
        assert.is((await unpack(pack(b), target)).contentId, first.contentId);
        writeFileSync(join(b, 'index.ts'), 'changed');
        assert.is.not((await unpack(pack(b), target)).contentId, first.contentId);
      });
    });
  }));

test('reads plain tar as well as gzip', () =>
  inFolder({}, async (target) => {
    const plain = archive(
      entry('a.txt', { body: 'hi' }),
      entry('b/', { type: '5' }),
      entry('b/x', { body: '', mode: '0000755' }),
    );
    const one = await unpack(inChunks(plain), target);
    const two = await unpack(inChunks(gzipSync(plain), 3), target);
    assert.is(one.contentId, two.contentId);
    assert.is(statSync(join(one.folder, 'b/x')).mode & 0o777, 0o755);
    assert.is(statSync(join(one.folder, 'a.txt')).mode & 0o777, 0o644);
  }));

test('ignores what .gitignore, .microignore and our own rules name', () =>
  inFolder(
    {
      '.gitignore': 'dist\n*.log\n!keep.log\n',
      '.microignore': 'secret.txt\n',
      '.git/HEAD': 'x',
      '.env': 'KEY=1',
      'a.log': '',
      'keep.log': '',
      'secret.txt': '',
      'dist/x': '',
      'sub/.gitignore': 'only-here\n',
      'sub/only-here': '',
      'only-here': '',
      'node_modules/x/index.js': '',
      'package.json': '{}',
    },
    async (folder) =>
      assert.equal(filesOf(folder), [
        '.gitignore',
        '.microignore',
        'keep.log',
        'only-here',
        'package.json',
        'sub/.gitignore',
      ]),
  ));

test('takes node_modules along when the service has dependencies, whatever .gitignore says', () =>
  inFolder(
    {
      'package.json': '{"dependencies":{"x":"1"}}',
      '.gitignore': 'node_modules\n',
      'node_modules/x/index.js': '',
      'node_modules/.bin/x': '',
    },
    async (folder) => assert.equal(filesOf(folder), ['.gitignore', 'node_modules/x/index.js', 'package.json']),
  ));

test('refuses to pack a link that leads outside', () =>
  inFolder(service, async (folder) => {
    symlinkSync('/etc/hostname', join(folder, 'out'));
    assert.throws(() => filesOf(folder), /out is a link that leads outside/);
  }));

test('packs what an inner link points at', () =>
  inFolder(service, async (folder) => {
    symlinkSync('index.ts', join(folder, 'main.ts'));
    await inFolder({}, async (target) => {
      const out = await unpack(pack(folder), target);
      assert.is(readFileSync(join(out.folder, 'main.ts'), 'utf8'), 'export {};');
    });
  }));

for (const c of [
  { name: 'an absolute path', bytes: archive(entry('/etc/x', { body: 'x' })), why: /not a relative path/ },
  { name: 'a climbing path', bytes: archive(entry('a/../../x', { body: 'x' })), why: /leads outside/ },
  { name: 'a leading ..', bytes: archive(entry('../x', { body: 'x' })), why: /leads outside/ },
  { name: 'a backslash', bytes: archive(entry('a\\..\\b', { body: 'x' })), why: /not a relative path/ },
  { name: 'a drive letter', bytes: archive(entry('C:x', { body: 'x' })), why: /not a relative path/ },
  { name: 'a symbolic link', bytes: archive(entry('l', { type: '2', link: '/etc' })), why: /SymbolicLink/ },
  { name: 'a hard link', bytes: archive(entry('l', { type: '1', link: 'x' })), why: /Link/ },
  { name: 'a device', bytes: archive(entry('d', { type: '3' })), why: /CharacterDevice/ },
  { name: 'a fifo', bytes: archive(entry('d', { type: '6' })), why: /FIFO/ },
  { name: 'the same name twice', bytes: archive(entry('a', { body: '1' }), entry('a', { body: '2' })), why: /twice/ },
  {
    name: 'a file used as a folder',
    bytes: archive(entry('a', { body: '1' }), entry('a/b', { body: '2' })),
    why: /is a file and a folder/,
  },
  { name: 'a size that lies', bytes: archive(entry('a', { size: 8 ** 10 })), why: /unpackedBytesMax|damaged/ },
  { name: 'a broken checksum', bytes: Buffer.alloc(2048, 65), why: /damaged|no files/ },
  {
    name: 'a cut gzip',
    bytes: gzipSync(archive(entry('a', { body: 'x'.repeat(5000) }))).subarray(0, 60),
    why: /damaged/,
  },
  { name: 'an empty upload', bytes: Buffer.alloc(0), why: /empty/ },
  { name: 'an archive without files', bytes: archive(), why: /no files|damaged/ },
]) {
  test(`refuses ${c.name} and leaves nothing behind`, () =>
    inFolder({}, async (folder) => {
      // What climbs out of it stays in a folder of ours.
      const target = join(folder, 'target');
      mkdirSync(target);
      try {
        await unpack(inChunks(c.bytes), target);
      } catch (e) {
        assert.match(String((e as Error).message), c.why, String(e));
        assert.equal(readdirSync(target), []);
        assert.equal(readdirSync(folder), ['target']);
        return;
      }
      assert.unreachable('it was unpacked');
    }));
}

test('refuses zeros without end, and what is zipped twice', () =>
  inFolder({}, async (target) => {
    const zeros = async function* (): AsyncIterable<Uint8Array> {
      const gzip = createGzip({ level: 9 });
      const source = Readable.from(
        (function* () {
          for (let i = 0; i < 700; i += 1) yield Buffer.alloc(1024 * 1024);
        })(),
      );
      source.pipe(gzip);
      yield* gzip;
    };
    for (const [chunks, why] of [
      [zeros(), /unpackedBytesMax/],
      [inChunks(gzipSync(gzipSync(archive(entry('a', { body: 'x' }))))), /want tar/],
    ] as const)
      await unpack(chunks, target).then(
        () => assert.unreachable('it was unpacked'),
        (e: Error) => assert.match(e.message, why),
      );
    assert.equal(readdirSync(target), []);
  }));

test('tells the fault of the sender as it is', () =>
  inFolder({}, async (target) => {
    for (const bytes of [archive(entry('a', { body: 'x' })), gzipSync(archive(entry('a', { body: 'x' })))]) {
      const cut = async function* (): AsyncIterable<Uint8Array> {
        yield bytes.subarray(0, 40);
        throw new Error('the line went dead');
      };
      await unpack(cut(), target).then(
        () => assert.unreachable('it was unpacked'),
        (e: Error) => assert.match(e.message, /the line went dead/),
      );
    }
    assert.equal(readdirSync(target), []);
  }));

test('takes back with .microignore what .gitignore names', () =>
  inFolder({ '.gitignore': 'dist\n', '.microignore': '!dist\n!dist/**\n', 'dist/a.js': '' }, async (folder) =>
    assert.equal(filesOf(folder), ['.gitignore', '.microignore', 'dist/a.js']),
  ));

test('refuses to pack a link to a folder, naming it', () =>
  inFolder(service, async (folder) => {
    symlinkSync('lib', join(folder, 'linked'));
    assert.throws(() => filesOf(folder), /linked is a link to a folder/);
  }));

test('refuses a gzip that unpacks to more than the cap', () =>
  inFolder({}, async (target) => {
    const bomb = gzipSync(archive(entry('zeros', { size: 600 * 1024 * 1024 })));
    await unpack(inChunks(bomb), target).then(
      () => assert.unreachable('it was unpacked'),
      (e: Error) => assert.match(e.message, /unpackedBytesMax/),
    );
  }));

test.run();
