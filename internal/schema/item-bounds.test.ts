/** What counts as an item, wherever it hides; and that counting never refuses what decodes. */

import assert from 'node:assert/strict';

import fc from 'fast-check';

import { suite } from '../../test/support/suite.ts';
import { isMicroError } from '../contract/error.ts';
import { messageItemsMax } from '../contract/limits.ts';

import { checkJsonItems, checkWireItems } from './item-bounds.ts';
import type { SchemaData } from './schema-data.ts';

const schema: SchemaData = {
  messages: {
    M: [
      { id: 1, name: 'text', type: 'string' },
      { id: 2, name: 'below', type: 'message', of: 'M', repeated: true },
      { id: 3, name: 'names', type: 'string', key: 'string' },
      { id: 4, name: 'map', type: 'message', of: 'M', key: 'string' },
      { id: 5, name: 'longs', type: 'int64', repeated: true },
      { id: 6, name: 'fixed', type: 'fixed64', repeated: true },
      { id: 7, name: 'ints', type: 'int32', repeated: true },
    ],
  },
  enums: {},
};

const varint = (n: number): readonly number[] => (n < 128 ? [n] : [(n % 128) | 128, ...varint(Math.floor(n / 128))]);
const field = (id: number, content: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([(id << 3) | 2, ...varint(content.length)]), content]);
const times = (n: number, bytes: readonly number[]): Buffer => {
  const out = Buffer.alloc(n * bytes.length);
  for (let i = 0; i < out.length; i += 1) out[i] = bytes[i % bytes.length]!;
  return out;
};
const check = (bytes: Uint8Array): void => checkWireItems(schema, 'M', bytes);
const refused = (bytes: Uint8Array): void =>
  assert.throws(
    () => check(bytes),
    (e) => isMicroError(e) && e.code === 429 && /messageItemsMax/.test(e.message),
  );
const many = messageItemsMax + 1;
const padding = field(1, Buffer.alloc(messageItemsMax * 2));

const test = suite('item bounds');

for (const [title, bytes] of [
  ['messages', times(many, [0x12, 0])],
  ['messages in a message', field(2, times(many, [0x12, 0]))],
  ['messages in the values of a map', field(4, field(2, times(many, [0x12, 0])))],
  ['map entries', times(many, [0x1a, 0])],
  ['64-bit numbers one by one', times(many, [0x28, 1])],
  ['64-bit numbers in one block', field(5, times(many * 2, [1]))],
  ['numbers of eight bytes', field(6, Buffer.alloc(many * 8))],
  ['messages behind other fields', Buffer.concat([padding, times(many, [0x12, 0])])],
  ['messages behind a group', Buffer.concat([Buffer.from([0x7b, 0x12, 0, 0x7c]), times(many, [0x12, 0])])],
] as const)
  test(`counts ${title}`, () => refused(bytes));

for (const [title, bytes] of [
  ['a long text', field(1, Buffer.alloc(16 * messageItemsMax, '{'))],
  ['many texts', times(many, [0x0a, 0])],
  ['32-bit numbers', field(7, times(many * 2, [1]))],
  ['unknown fields', times(many, [0x7a, 0])],
  ['what only looks like messages within a text', field(1, times(many, [0x12, 0]))],
  ['bytes that make no sense, left to the decoder', Buffer.alloc(4 * messageItemsMax, 0xff)],
  ['a block longer than the rest', Buffer.concat([padding, Buffer.from([0x12, 0xff, 0xff, 0xff, 0x7f])])],
] as const)
  test(`lets ${title} through`, () => check(bytes));

test('ends on any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => check(Buffer.concat([padding, bytes]))),
    { numRuns: 20 },
  );
});

test('counts JSON outside of strings only', () => {
  checkJsonItems('M', `"${'[,{\\"\\\\'.repeat(many)}"`);
  checkJsonItems('M', '"never ends '.padEnd(3 * messageItemsMax, ','));
  assert.throws(() => checkJsonItems('M', `["\\\\",${'[],'.repeat(many)}0]`), /messageItemsMax/);
});

test.run();
