/** Huffman code: the examples of RFC 7541 Appendix C, round trips, and agreement with a decoder that goes bit by bit. */

import * as fc from 'fast-check';
import * as assert from 'uvu/assert';

import { suite } from '../../../test/support/suite.ts';
import { H2Error } from '../error.ts';
import { decodedBytesMax, huffmanBytes, huffmanDecode, huffmanEncode } from './huffman.ts';
import { codeLengths, codes, eos } from './huffman-code.ts';

const test = suite('huffman code');

const decode = (bytes: Uint8Array): string => {
  const out = Buffer.alloc(decodedBytesMax(bytes.length));
  return out.latin1Slice(0, huffmanDecode(bytes, 0, bytes.length, out));
};
const encode = (text: string): Buffer => {
  const out = Buffer.alloc(huffmanBytes(text));
  assert.is(huffmanEncode(text, out, 0), out.length);
  return out;
};

for (const [text, hex] of [
  ['www.example.com', 'f1e3c2e5f23a6ba0ab90f4ff'],
  ['no-cache', 'a8eb10649cbf'],
  ['custom-key', '25a849e95ba97d7f'],
  ['302', '6402'],
  ['Mon, 21 Oct 2013 20:13:21 GMT', 'd07abe941054d444a8200595040b8166e082a62d1bff'],
  [
    'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
    '94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
  ],
] as const)
  test(`codes ${text}`, () => {
    assert.is(encode(text).toString('hex'), hex);
    assert.is(decode(Buffer.from(hex, 'hex')), text);
  });

test('the code is complete: what the lengths leave is nothing', () => {
  assert.is(
    codeLengths.reduce((left, bits) => left - 2 ** -bits, 1),
    0,
  );
  assert.is(codes[eos], 0x3fffffff);
});

/** Code -> symbol, both as texts of bits. */
const byBits = new Map(codes.map((code, symbol) => [code.toString(2).padStart(codeLengths[symbol]!, '0'), symbol]));

/** As section 5.2 says it, bit by bit; undefined for a fault. */
const plainDecode = (bytes: Uint8Array): string | undefined => {
  let text = '';
  let held = '';
  for (const byte of bytes)
    for (const bit of byte.toString(2).padStart(8, '0')) {
      held += bit;
      const symbol = byBits.get(held);
      if (symbol === eos) return undefined;
      if (symbol === undefined) continue;
      text += String.fromCharCode(symbol);
      held = '';
    }
  return held.length < 8 && !held.includes('0') ? text : undefined;
};

const faultless = (bytes: Uint8Array): string | undefined => {
  try {
    return decode(bytes);
  } catch (e) {
    assert.instance(e, H2Error);
    return undefined;
  }
};

const texts = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((n) => String.fromCharCode(n)), maxLength: 60 });

test('reads back every text', () => {
  fc.assert(fc.property(texts, (text) => assert.is(decode(encode(text)), text)));
});

test('agrees with the plain decoder on every byte, every two bytes and random bytes', () => {
  for (let i = 0; i < 256; i++) assert.is(faultless(Buffer.of(i)), plainDecode(Buffer.of(i)));
  for (let i = 0; i < 65_536; i += 7) {
    const bytes = Buffer.of(i >> 8, i & 0xff);
    assert.is(faultless(bytes), plainDecode(bytes));
  }
  const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constant(0xff), fc.constant(0xfe));
  const bytes = fc.array(byte, { maxLength: 24 }).map((all) => Buffer.from(all));
  fc.assert(
    fc.property(bytes, (some) => assert.is(faultless(some), plainDecode(some))),
    { numRuns: 2_000 },
  );
});

test('takes the padding of every length that a code can leave', () => {
  // '0' has 5 bits: one to eight of them end at every place in a byte.
  for (let n = 1; n <= 8; n++) assert.is(decode(encode('0'.repeat(n))), '0'.repeat(n));
});

test.run();
