/** Editing blocks: what an edited block holds is what a list edited the same way would, and its places are those that decoding finds. */

import * as fc from 'fast-check';
import * as assert from 'uvu/assert';

import { suite } from '../../test/support/suite.ts';
import { contextFreeBlock, editBlock } from './edit-block.ts';
import type { HeaderBlock } from './header-block.ts';
import { createHpackDecoder } from './hpack/decoder.ts';
import type { FieldList } from './hpack/encoder.ts';
import { encodeBlock } from './hpack/encoder.ts';

const test = suite('editing header blocks');
const limit = { listBytesMax: 1 << 20, fieldsMax: 1_000 };

const decoded = (bytes: Buffer): HeaderBlock => {
  const { fields, contextFree } = createHpackDecoder({ tableBytesMax: 0 }).decode(bytes, limit);
  assert.is(contextFree, true);
  return { bytes, fields };
};
const pairs = (block: HeaderBlock): readonly string[] => block.fields.map((f) => `${f.name}=${f.value}`);
const request = encodeBlock([
  [':method', 'POST'],
  [':path', '/a'],
  [':authority', 'b'],
  ['te', 'trailers'],
  ['authorization', 'secret'],
  ['x', '1'],
  ['x', '2'],
]);

for (const c of [
  {
    name: 'drops every field of a name',
    drop: ['x'],
    add: [],
    want: ':method=POST :path=/a :authority=b te=trailers authorization=secret',
  },
  {
    name: 'adds at the end',
    drop: ['x', 'te'],
    add: [['y', '3']],
    want: ':method=POST :path=/a :authority=b authorization=secret y=3',
  },
  {
    name: 'replaces a pseudo-header field among its like',
    drop: [':path', 'x', 'te'],
    add: [
      ['y', '3'],
      [':path', '/c'],
    ],
    want: ':method=POST :authority=b :path=/c authorization=secret y=3',
  },
  { name: 'may drop all', drop: [':method', ':path', ':authority', 'te', 'authorization', 'x'], add: [], want: '' },
] as { name: string; drop: string[]; add: FieldList; want: string }[])
  test(c.name, () => {
    const edited = editBlock(request, { drop: (name) => c.drop.includes(name), add: c.add });
    assert.is(pairs(edited).join(' '), c.want);
    assert.equal(edited, decoded(edited.bytes));
  });

test('answers the same object when nothing changes', () => {
  assert.is(editBlock(request, { drop: (name) => name === 'absent', add: [] }), request);
});

const name = fc.constantFrom(':path', ':status', 'te', 'cookie', 'x', 'grpc-timeout');
const list = fc.array(fc.tuple(name, fc.string({ unit: 'binary-ascii', maxLength: 140 })), { maxLength: 12 });

test('any edit equals the edit of the list', () => {
  fc.assert(
    fc.property(list, list, fc.uniqueArray(name), (unsorted, add, gone: string[]) => {
      const isPseudo = ([n]: readonly [string, string]): boolean => n.startsWith(':');
      const fields = [...unsorted.filter(isPseudo), ...unsorted.filter((f) => !isPseudo(f))];
      const edited = editBlock(encodeBlock(fields), { drop: (n) => gone.includes(n), add });
      const kept = fields.filter(([n]) => !gone.includes(n));
      const regular = (all: FieldList): FieldList => all.filter((f) => !isPseudo(f));
      const want = [...kept.filter(isPseudo), ...add.filter(isPseudo), ...regular(kept), ...regular(add)];
      assert.equal(
        pairs(edited),
        want.map(([n, v]) => `${n}=${v}`),
      );
      assert.equal(edited, decoded(edited.bytes));
    }),
  );
});

for (const c of [
  { name: 'a dynamic reference', bytes: 'be', want: '00 01 61 01 62' },
  { name: 'a dynamic name', bytes: '0f2f 01 63', want: '00 01 61 01 63' },
  { name: 'a dynamic name that is never indexed', bytes: '1f2f 01 63', want: '10 01 61 01 63' },
  { name: 'incremental indexing', bytes: '44 02 2f61', want: '04 02 2f61' },
  { name: 'incremental indexing of a secret', bytes: '57 01 78', want: '1f08 01 78' },
  {
    name: 'incremental indexing of a secret named in full',
    bytes: '40 06 636f6f6b6965 01 78',
    want: '10 06 636f6f6b6965 01 78',
  },
  {
    name: 'a size update and an index of two bytes',
    bytes: '20 40 01 61 01 62 6e 01 63',
    want: '00 01 61 01 62 0f1f 01 63',
  },
  { name: 'a block with nothing but a size update', bytes: '20', want: '' },
  { name: 'a size update', bytes: '20 82', want: '82' },
  { name: 'literals that need nothing', bytes: '0001 6101 62 1f08 01 78', want: '0001 6101 62 1f08 01 78' },
  { name: 'the last static name', bytes: '0f2e 01 78', want: '0f2e 01 78' },
  { name: 'an index written longer than it need be', bytes: '0fae00 01 78', want: '0f2e 01 78' },
])
  test(`makes ${c.name} free of the table`, () => {
    const decoder = createHpackDecoder({ tableBytesMax: 4096 });
    decoder.decode(Buffer.from('4001610162', 'hex'), limit);
    const bytes = Buffer.from(c.bytes.replaceAll(' ', ''), 'hex');
    const { fields } = decoder.decode(bytes, limit);
    const free = contextFreeBlock(bytes, fields);
    assert.is(free.bytes.toString('hex'), c.want.replaceAll(' ', ''));
    assert.equal(free, decoded(free.bytes));
    assert.equal(pairs(free), pairs({ bytes, fields }));
  });

test.run();
