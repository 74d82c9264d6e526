/** The decoder against the examples of RFC 7541 Appendix C, the rules on the dynamic table's size, and bytes that are wrong. */

import * as fc from 'fast-check';
import * as assert from 'uvu/assert';

import { suite } from '../../../test/support/suite.ts';
import { errorCode, H2Error } from '../error.ts';
import type { DecodedBlock, HpackDecoder } from './decoder.ts';
import { createHpackDecoder } from './decoder.ts';

const test = suite('hpack decoder');
const limit = { listBytesMax: 65_536, fieldsMax: 100 };

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');
const pairs = (block: DecodedBlock): readonly string[] => block.fields.map((f) => `${f.name}: ${f.value}`);
const request = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
const response = [
  ':status: 302',
  'cache-control: private',
  'date: Mon, 21 Oct 2013 20:13:21 GMT',
  'location: https://www.example.com',
];
const okResponse = response.with(0, ':status: 307');
const lastResponse = [
  ':status: 200',
  'cache-control: private',
  'date: Mon, 21 Oct 2013 20:13:22 GMT',
  'location: https://www.example.com',
  'content-encoding: gzip',
  'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
];

for (const c of [
  {
    name: 'C.2 the four representations',
    blocks: [
      ['400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572', ['custom-key: custom-header'], false],
      ['040c 2f73 616d 706c 652f 7061 7468', [':path: /sample/path'], true],
      ['1008 7061 7373 776f 7264 0673 6563 7265 74', ['password: secret'], true],
      ['82', [':method: GET'], true],
    ],
  },
  {
    name: 'C.3 requests without Huffman code',
    blocks: [
      ['8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d', request, false],
      ['8286 84be 5808 6e6f 2d63 6163 6865', [...request, 'cache-control: no-cache'], false],
      [
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
        [':method: GET', ':scheme: https', ':path: /index.html', request[3], 'custom-key: custom-value'],
        false,
      ],
    ],
  },
  {
    name: 'C.4 requests with Huffman code',
    blocks: [
      ['8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff', request, false],
      ['8286 84be 5886 a8eb 1064 9cbf', [...request, 'cache-control: no-cache'], false],
      [
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
        [':method: GET', ':scheme: https', ':path: /index.html', request[3], 'custom-key: custom-value'],
        false,
      ],
    ],
  },
  {
    name: 'C.5 responses without Huffman code, in a table of 256 bytes',
    tableBytesMax: 256,
    blocks: [
      [
        '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        response,
        false,
      ],
      ['4803 3330 37c1 c0bf', okResponse, false],
      [
        '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31',
        lastResponse,
        false,
      ],
    ],
  },
  {
    name: 'C.6 responses with Huffman code, in a table of 256 bytes',
    tableBytesMax: 256,
    blocks: [
      [
        '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
        response,
        false,
      ],
      ['4883 640e ffc1 c0bf', okResponse, false],
      [
        '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
        lastResponse,
        false,
      ],
    ],
  },
] as {
  name: string;
  tableBytesMax?: number;
  blocks: [bytes: string, fields: string[], contextFree: boolean][];
}[])
  test(c.name, () => {
    const decoder = createHpackDecoder({ tableBytesMax: c.tableBytesMax ?? 4096 });
    for (const [bytes, fields, contextFree] of c.blocks) {
      const decoded = decoder.decode(hex(bytes), limit);
      assert.equal(pairs(decoded), fields);
      assert.is(decoded.contextFree, contextFree);
      assert.is(decoded.tooLarge, false);
    }
  });

test('says where each field stands', () => {
  const { fields } = createHpackDecoder({ tableBytesMax: 4096 }).decode(hex('20 82 0003 6162 6301 78 87'), limit);
  assert.equal(
    fields.map(({ start, end }) => [start, end]),
    [
      [1, 2],
      [2, 9],
      [9, 10],
    ],
  );
});

test('keeps bytes above 0x7f as one character each', () => {
  const decoded = createHpackDecoder({ tableBytesMax: 0 }).decode(hex('0001 7803 00 80 ff'), limit);
  assert.is(decoded.fields[0]!.value, '\u0000\u0080\u00ff');
});

/** A literal with incremental indexing: entries of 32 + 2 bytes. */
const added = (name: string, value: string): string =>
  `4001${Buffer.from(name).toString('hex')}01${Buffer.from(value).toString('hex')}`;

for (const c of [
  { name: 'an index of 0', bytes: '80', fails: /index 0/ },
  { name: 'an index behind the tables', bytes: 'be', fails: /index 62 where the tables end at 61/ },
  { name: 'a name behind the tables', bytes: '7f00 0161', fails: /index 63/ },
  { name: 'a field cut after its first byte', bytes: '00', fails: /middle of a field/ },
  { name: 'a name cut short', bytes: '0003 6162', fails: /middle of a field/ },
  { name: 'a value that is missing', bytes: '0001 61', fails: /middle of a field/ },
  { name: 'a length of 4 GiB without its bytes', bytes: '007f 80ff ffff 0f', fails: /middle of a field/ },
  { name: 'an integer above 32 bits', bytes: '007f ffff ffff 7f', fails: /above 32 bits/ },
  { name: 'an integer of six more bytes', bytes: '007f 8080 8080 8000', fails: /above 32 bits/ },
  { name: 'an integer cut short', bytes: '007f 80', fails: /middle of a field/ },
  { name: 'padding of zeros', bytes: '0001 6181 18', fails: /start of EOS/ },
  { name: 'a byte of padding', bytes: '0001 6182 1fff', fails: /byte or more/ },
  { name: 'EOS inside a string', bytes: '0001 6184 ffff ffff', fails: /EOS inside/ },
  { name: 'EOS as the end of a string', bytes: '0001 6185 feff ffff ff', fails: /EOS inside/ },
  { name: 'EOS with the rest of its byte', bytes: '0001 6184 ffff fffc', fails: /EOS inside/ },
  { name: 'a size above the limit', bytes: '3fe2 1f', fails: /4097 bytes where 4096 are allowed/ },
  { name: 'a size update behind a field', bytes: '82 20', fails: /behind a field/ },
])
  test(`refuses ${c.name}`, () => {
    const error = faultOf(() => createHpackDecoder({ tableBytesMax: 4096 }).decode(hex(c.bytes), limit));
    assert.match(error.message, c.fails);
    assert.is(error.code, errorCode.compressionError);
  });

test('takes the longest integer', () => {
  // 2^32 - 1: an index that no table has, and no fault of the integer.
  assert.match(
    faultOf(() => createHpackDecoder({ tableBytesMax: 4096 }).decode(hex('ff80 ffff ff0f'), limit)).message,
    /index 4294967295 /,
  );
});

const opened = (blocks: readonly string[]): HpackDecoder => {
  const decoder = createHpackDecoder({ tableBytesMax: 4096 });
  for (const block of blocks) decoder.decode(hex(block), limit);
  return decoder;
};

for (const c of [
  { name: 'a block that starts with the update it owes', before: [added('a', 'b')], limits: [0], block: '20 82' },
  { name: 'no update when the table is empty', before: ['82'], limits: [0], block: '82' },
  { name: 'no update when the table fits', before: [added('a', 'b')], limits: [34], block: 'be' },
  {
    name: 'nothing but the owed update',
    before: [added('a', 'b')],
    limits: [0],
    block: '82',
    fails: /no size update after the table size was lowered/,
  },
  { name: 'no size above the lowered limit', before: [], limits: [0], block: '21', fails: /1 bytes where 0/ },
  {
    name: 'nothing that was added before the limit came',
    before: [added('a', 'b')],
    limits: [0],
    block: '20 be',
    fails: /index 62/,
  },
  {
    name: 'nothing that was added behind a limit of 0',
    before: [],
    limits: [0],
    block: `${added('a', 'b')} be`,
    fails: /index 62/,
  },
  {
    name: 'an owed update that goes down, then up',
    before: [added('a', 'b')],
    limits: [0, 4096],
    block: '20 3fe1 1f 82',
  },
  {
    name: 'no owed update that only goes up',
    before: [added('a', 'b')],
    limits: [0, 4096],
    block: '3fe1 1f 82',
    fails: /4096 bytes where 0 were acknowledged before/,
  },
])
  test(`takes ${c.name}`, () => {
    const decoder = opened(c.before);
    for (const bytes of c.limits) decoder.setTableLimit(bytes);
    if (c.fails === undefined) assert.is(decoder.decode(hex(c.block), limit).tooLarge, false);
    else assert.match(faultOf(() => decoder.decode(hex(c.block), limit)).message, c.fails);
  });

test('owes one update only', () => {
  const decoder = opened([added('a', 'b')]);
  decoder.setTableLimit(0);
  assert.is(decoder.decode(hex('20 82'), limit).contextFree, false);
  assert.is(decoder.decode(hex('82'), limit).contextFree, true);
});

test('an entry larger than the table empties it', () => {
  const decoder = opened(['3f1a', added('a', 'b'), `4001 78 19 ${'79'.repeat(25)}`]);
  assert.match(faultOf(() => decoder.decode(hex('be'), limit)).message, /tables end at 61/);
});

test('entries may fill the table to the byte, and one byte less holds one entry less', () => {
  for (const [size, count] of [
    ['3f25', 2],
    ['3f24', 1],
  ] as const) {
    const decoder = opened([size, added('a', 'b'), added('c', 'd')]);
    const last = Buffer.of(0xbd + count);
    assert.is(decoder.decode(last, limit).fields.length, 1);
    assert.match(faultOf(() => decoder.decode(Buffer.of(0xbe + count), limit)).message, /index/);
  }
});

test('evicts the oldest entries, in a ring that goes round many times', () => {
  const decoder = createHpackDecoder({ tableBytesMax: 4096 });
  const block = (i: number): string => `40 03 ${Buffer.from(String((i % 900) + 100)).toString('hex')} 01 78`;
  for (let i = 0; i < 2_000; i++) {
    decoder.decode(hex(block(i)), limit);
    // 113 entries of 36 bytes fit; the oldest is at 61 + 113.
    const n = Math.min(i, 112);
    const oldest = decoder.decode(Buffer.from(indexed(62 + n)), limit);
    assert.is(oldest.fields[0]!.name, String(((i - n) % 900) + 100));
  }
  assert.match(faultOf(() => decoder.decode(Buffer.from(indexed(62 + 113)), limit)).message, /end at 174/);
});

const indexed = (index: number): readonly number[] => (index < 127 ? [0x80 | index] : [0xff, index - 127]);

for (const c of [
  { name: 'a list over its bytes', limit: { listBytesMax: 33 + 34 - 1, fieldsMax: 9 }, want: ['a: '] },
  { name: 'a list over its fields', limit: { listBytesMax: 999, fieldsMax: 2 }, want: ['a: ', 'bc: '] },
])
  test(`${c.name} is told, and the table is right all the same`, () => {
    const decoder = createHpackDecoder({ tableBytesMax: 4096 });
    const decoded = decoder.decode(hex('0001 6100 0002 6263 00 4001 7a01 79'), c.limit);
    assert.is(decoded.tooLarge, true);
    assert.equal(pairs(decoded), c.want);
    assert.equal(pairs(decoder.decode(hex('be'), limit)), ['z: y']);
  });

test('a list at its limits is taken', () => {
  const decoded = createHpackDecoder({ tableBytesMax: 0 }).decode(hex('0001 6100 0002 6263 00'), {
    listBytesMax: 67,
    fieldsMax: 2,
  });
  assert.is(decoded.tooLarge, false);
});

test('random bytes are fields within the limits or a fault', () => {
  const small = { listBytesMax: 1_000, fieldsMax: 10 };
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 4 }), (blocks) => {
      const decoder = createHpackDecoder({ tableBytesMax: 4096 });
      try {
        for (const block of blocks) {
          const { fields } = decoder.decode(Buffer.from(block), small);
          assert.ok(fields.length <= small.fieldsMax);
          assert.ok(
            fields.reduce((n, { name, value }) => n + name.length + value.length + 32, 0) <= small.listBytesMax,
          );
        }
      } catch (e) {
        if (!(e instanceof H2Error)) throw e;
        assert.is(e.code, errorCode.compressionError);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a length that is only announced takes no memory', () => {
  const before = process.memoryUsage().arrayBuffers;
  // 256 MiB, plain and in Huffman code.
  for (const flag of ['7f', 'ff'])
    assert.match(
      faultOf(() => createHpackDecoder({ tableBytesMax: 0 }).decode(hex(`00${flag}81feff7f 61`), limit)).message,
      /middle of a field/,
    );
  assert.ok(process.memoryUsage().arrayBuffers - before < 1 << 20);
});

const faultOf = (run: () => unknown): H2Error => {
  try {
    run();
  } catch (e) {
    if (e instanceof H2Error) return e;
    throw e;
  }
  throw new Error('nothing was thrown');
};

test.run();
