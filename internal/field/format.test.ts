/** Values of every type to text and back. */

import assert from 'node:assert/strict';

import fc from 'fast-check';

import { canonical } from '../../test/support/message-values.ts';
import { suite } from '../../test/support/suite.ts';
import type { FieldSpec, FieldType } from '../contract/field.ts';

import { formatField } from './format.ts';
import { parseField } from './parse.ts';

const names = ['SMALL', 'Big'];
const json = fc
  .jsonValue({ maxDepth: 3 })
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown)
  .filter((value) => !JSON.stringify(value).match(/\d{16}/));

const values: Readonly<Record<FieldType, fc.Arbitrary<unknown>>> = {
  string: fc.string({ unit: 'binary' }),
  bool: fc.boolean(),
  int32: fc.integer(),
  uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  uint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  float: fc.float(),
  double: fc.double(),
  bytes: fc.uint8Array(),
  enum: fc.constantFrom(...names),
  duration: fc.integer({ min: -1e9, max: 1e9 }),
  map: fc.dictionary(fc.string(), fc.string()),
  message: fc.dictionary(fc.string(), json),
  json,
};

const test = suite('formatField');

for (const [type, value] of Object.entries(values)) {
  const spec = { type, doc: '', values: type === 'enum' ? names : undefined } as FieldSpec;
  const same = (s: FieldSpec, v: unknown): void =>
    assert.equal(canonical(parseField(s, [formatField(s, v)], 'x')), canonical(v));
  test(`writes a ${type} that reads back the same`, () => fc.assert(fc.property(value, (v) => same(spec, v))));
  test(`writes a list of ${type} that reads back the same`, () =>
    fc.assert(fc.property(fc.array(value, { maxLength: 4 }), (v) => same({ ...spec, list: true }, v))));
}

for (const [spec, value, want] of [
  [{ type: 'string', doc: '', list: true }, ['a', 'b'], 'a,b'],
  [{ type: 'string', doc: '', list: true }, ['a,b', ''], '["a,b",""]'],
  [{ type: 'string', doc: '', list: true }, [], '[]'],
  [{ type: 'duration', doc: '' }, 3_600_000, '1h0m0s'],
  [
    { type: 'message', doc: '' },
    { big: 2n ** 60n, raw: new Uint8Array([1]), no: undefined },
    '{"big":1152921504606846976,"raw":"AQ=="}',
  ],
  [{ type: 'string', doc: '', secret: true }, 'hunter2', '***'],
] as const)
  test(`writes ${want}`, () => assert.equal(formatField(spec, value), want));

test.run();
