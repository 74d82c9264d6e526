/** The encoder: the representation of each field, and that the decoder reads back what was written. */

import * as fc from 'fast-check';
import * as assert from 'uvu/assert';

import { suite } from '../../../test/support/suite.ts';
import { createHpackDecoder } from './decoder.ts';
import type { FieldList } from './encoder.ts';
import { emptySizeUpdate, encodeBlock, encodeFields } from './encoder.ts';
import { staticTable } from './static-table.ts';

const test = suite('hpack encoder');
const limit = { listBytesMax: 1 << 24, fieldsMax: 10_000 };

for (const c of [
  { name: 'a whole field of the static table', fields: [[':method', 'GET']], bytes: '82' },
  { name: 'the last name of the static table', fields: [['www-authenticate', 'x']], bytes: '0f2e 01 78' },
  { name: 'a static name with a value of its own', fields: [[':path', '/a']], bytes: '04 02 2f61' },
  { name: 'a static name with an empty value', fields: [[':authority', '']], bytes: '81' },
  { name: 'a name of its own', fields: [['te', 'x']], bytes: '00 02 7465 01 78' },
  { name: 'a secret', fields: [['authorization', 'x']], bytes: '1f08 01 78' },
  { name: 'an empty secret', fields: [['cookie', '']], bytes: '1f11 00' },
  { name: 'bytes above 0x7f', fields: [['a', '\u00ff']], bytes: '00 01 61 01 ff' },
  {
    name: 'a length beyond the prefix',
    fields: [['a', 'b'.repeat(300)]],
    bytes: `00 01 61 7fad 01 ${'62'.repeat(300)}`,
  },
  { name: 'no fields', fields: [], bytes: '' },
] as { name: string; fields: FieldList; bytes: string }[])
  test(`writes ${c.name}`, () => {
    assert.is(encodeFields(c.fields).toString('hex'), c.bytes.replaceAll(' ', ''));
  });

test('writes each entry of the static table in one byte, secrets never indexed', () => {
  staticTable.forEach(([name, value], i) => {
    const secret = /^(authorization|cookie|proxy-authorization|set-cookie)$/.test(name);
    assert.is(encodeFields([[name, value]])[0], secret ? 0x1f : 0x80 | (i + 1), name);
  });
});

test('refuses a character that is no byte', () => {
  assert.throws(() => encodeFields([['a', '\u010a']]), /above U\+00FF/);
});

const text = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((n) => String.fromCharCode(n)), maxLength: 200 });
const name = fc.oneof(fc.constantFrom(...staticTable.map(([n]) => n)), text);
const field = fc.oneof(fc.constantFrom(...staticTable), fc.tuple(name, text));

test('is read back by the decoder, context-free and in its places', () => {
  fc.assert(
    fc.property(fc.array(field, { maxLength: 20 }), (fields) => {
      const block = encodeBlock(fields);
      assert.equal(encodeFields(fields), block.bytes);
      const decoded = createHpackDecoder({ tableBytesMax: 0 }).decode(block.bytes, limit);
      assert.equal(decoded, { fields: block.fields, contextFree: true, tooLarge: false });
      assert.equal(
        decoded.fields.map((f) => [f.name, f.value]),
        fields,
      );
    }),
  );
});

test('its size update satisfies a decoder whose limit was lowered', () => {
  const decoder = createHpackDecoder({ tableBytesMax: 4096 });
  decoder.decode(Buffer.from('4001610162', 'hex'), limit);
  decoder.setTableLimit(0);
  const block = Buffer.concat([emptySizeUpdate, encodeFields([[':method', 'GET']])]);
  assert.equal(decoder.decode(block, limit).fields, [{ name: ':method', value: 'GET', start: 1, end: 2 }]);
});

test.run();
