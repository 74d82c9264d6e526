/**
 * HPACK under fuzz: sequences of header blocks and table limits for one connection. Every input goes through the engine's decoder and through the plain
 * one of test/support, which must agree; what was decoded is edited, encoded and decoded again. Where a Go peer is given, a part of the inputs goes there too.
 */

import * as assert from 'uvu/assert';

import { contextFreeBlock, editBlock } from '../../internal/h2/edit-block.ts';
import { errorCode, H2Error } from '../../internal/h2/error.ts';
import type { DecodedBlock } from '../../internal/h2/hpack/decoder.ts';
import { createHpackDecoder } from '../../internal/h2/hpack/decoder.ts';
import { emptySizeUpdate, encodeBlock } from '../../internal/h2/hpack/encoder.ts';
import { huffmanBytes, huffmanEncode } from '../../internal/h2/hpack/huffman.ts';
import { integerBytesMax, writeInteger } from '../../internal/h2/hpack/integer.ts';
import type { HpackPeer } from '../support/hpack-peer.ts';
import { createPlainDecoder } from '../support/plain-hpack.ts';
import type { FuzzTarget } from './engine.ts';
import type { Random } from './random.ts';

/** One connection: its first table limit, then blocks and new limits in order. */
export interface HpackInput {
  readonly tableBytes: number;
  readonly steps: readonly (Buffer | number)[];
}

/** Some that short entries of 34 bytes fill exactly. */
const tableSizes: readonly number[] = [0, 33, 34, 68, 102, 128, 4096];
const stepsMax = 8;
const blockBytesMax = 4_096;
const listLimits = { listBytesMax: 2_048, fieldsMax: 40 };

/** The target; `peer` answers for a part of the inputs, without limits that change, since it has no notion of an owed update. */
export const hpackTarget = (peer?: HpackPeer): FuzzTarget<HpackInput> & { readonly peerBlocks: number } => {
  let asked: Promise<void>[] = [];
  let peerBlocks = 0;
  let runs = 0;
  return {
    name: 'hpack',
    covers: /internal\/h2\/(hpack\/[a-z-]+|edit-block)\.ts$/,
    seeds,
    mutate,
    show: (input) =>
      JSON.stringify([input.tableBytes, ...input.steps.map((s) => (typeof s === 'number' ? s : s.toString('hex')))]),
    run: (input) => {
      runs += 1;
      const blocks = input.steps.filter((step) => typeof step !== 'number');
      if (peer !== undefined && runs % 4 === 0 && blocks.length > 0) {
        peerBlocks += blocks.length;
        asked.push(comparePeer(peer, { tableBytes: input.tableBytes, blocks }));
      }
      return runInput(input);
    },
    settle: async () => {
      const all = asked;
      asked = [];
      await Promise.all(all);
    },
    get peerBlocks() {
      return peerBlocks;
    },
  };
};

const runInput = (input: HpackInput): string => {
  const decoder = createHpackDecoder({ tableBytesMax: input.tableBytes });
  const plain = createPlainDecoder(input.tableBytes);
  let outcome = '';
  for (const step of input.steps) {
    if (typeof step === 'number') {
      decoder.setTableLimit(step);
      plain.setTableLimit(step);
      continue;
    }
    const want = orFault(() => plain.decode(step), Error);
    const got = orFault(() => decoder.decode(step, listLimits), H2Error);
    if (got instanceof Error || want instanceof Error) {
      if (!(got instanceof H2Error)) throw new Error(`the engine takes it, plain ${said(want)}`);
      if (!(want instanceof Error)) throw new Error(`the engine says ${got.message}, plain takes it`);
      assert.is(got.code, errorCode.compressionError);
      return `${outcome}${got.message.replaceAll(/\d+/g, 'N')}`;
    }
    outcome = checkBlock(step, got, want);
  }
  return outcome;
};

type List = readonly (readonly [name: string, value: string])[];

/** All that must hold of a block that was decoded; answers what kind it was. */
const checkBlock = (bytes: Buffer, got: DecodedBlock, want: List): string => {
  const listBytes = want.reduce((n, [name, value]) => n + name.length + value.length + 32, 0);
  const tooLarge = listBytes > listLimits.listBytesMax || want.length > listLimits.fieldsMax;
  assert.is(got.tooLarge, tooLarge);
  assert.equal(listOf(got), want.slice(0, got.fields.length));
  let at = got.fields[0]?.start ?? bytes.length;
  for (const { start, end } of got.fields) {
    assert.is(start, at);
    assert.ok(end > start);
    at = end;
  }
  if (tooLarge) return 'too large';
  assert.is(at, bytes.length);
  assert.is(got.fields.length, want.length);
  const free = got.contextFree ? { bytes, fields: got.fields } : contextFreeBlock(bytes, got.fields);
  assert.equal(decodeAlone(free.bytes), { fields: free.fields, contextFree: true, tooLarge: false });
  assert.equal(listOf(free), want);
  const name = want[want.length >> 1]?.[0] ?? '';
  const edited = editBlock(free, { drop: (n) => n === name, add: [['x', 'y']] });
  assert.equal(decodeAlone(edited.bytes).fields, edited.fields);
  const again = encodeBlock(want);
  assert.equal(decodeAlone(again.bytes).fields, again.fields);
  return `${got.contextFree ? 'context-free' : 'decoded'} ${Math.ceil(Math.log2(want.length + 1))}`;
};

const decodeAlone = (bytes: Buffer): DecodedBlock =>
  createHpackDecoder({ tableBytesMax: 0 }).decode(bytes, { listBytesMax: 1 << 20, fieldsMax: 1_000 });

const listOf = ({ fields }: { fields: DecodedBlock['fields'] | readonly DecodedBlock['fields'][0][] }): List =>
  fields.map(({ name, value }) => [name, value]);

const orFault = <T, E extends Error>(run: () => T, kind: new (...args: never[]) => E): T | E => {
  try {
    return run();
  } catch (e) {
    if (e instanceof kind) return e;
    throw e;
  }
};

const said = (result: unknown): string => (result instanceof Error ? `says ${result.message}` : 'takes it');

/** golang.org/x/net takes integers up to 63 bits, and a size update behind a field while its table is empty. */
const peerTakes = /above 32 bits|size update behind a field/;
/** It refuses a second size update where its table is not empty, which RFC 7541 section 4.2 asks for after two changes. */
const peerRefuses = /size update MUST occur at the beginning/;

const comparePeer = async (peer: HpackPeer, o: { tableBytes: number; blocks: readonly Buffer[] }): Promise<void> => {
  const decoder = createHpackDecoder({ tableBytesMax: o.tableBytes });
  peer.open(o.tableBytes);
  const answers = o.blocks.map((block) => peer.decode(block));
  for (const [i, block] of o.blocks.entries()) {
    const got = orFault(() => decoder.decode(block, { listBytesMax: 1 << 24, fieldsMax: 1 << 16 }), H2Error);
    const want = await answers[i]!;
    const faulty = got instanceof H2Error;
    if (faulty && peerTakes.test(got.message)) return;
    if (!faulty && typeof want === 'string' && peerRefuses.test(want)) return;
    const where = `table ${o.tableBytes}, blocks ${o.blocks.map((b) => b.toString('hex')).join(' ')}`;
    if (faulty !== (typeof want === 'string')) assert.unreachable(`engine ${said(got)}, peer says ${want}: ${where}`);
    if (faulty || typeof want === 'string') return;
    assert.equal(listOf(got), want, where);
  }
};

/** The four examples that hold a whole connection in RFC 7541 Appendix C, a table that is lowered, and one block of each kind. */
const seeds: readonly HpackInput[] = [
  [
    '828684410f7777772e6578616d706c652e636f6d',
    '828684be58086e6f2d6361636865',
    '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
  ],
  [
    '828684418cf1e3c2e5f23a6ba0ab90f4ff',
    '828684be5886a8eb10649cbf',
    '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
  ],
  ['4001610162', 0, '2082', '82'],
  ['4001610162', '40016301 64'.replace(' ', ''), 34, '3f03be', 4096, '3fe11fbe'],
  ['0001610162', '1001610162', '0f2e0178', '1f080178', '82'],
  ['007f80ffffff0f', ''],
].map((steps) => ({ tableBytes: 4096, steps: steps.map((s) => (typeof s === 'number' ? s : Buffer.from(s, 'hex'))) }));

const mutate = (input: HpackInput, { random, other }: { random: Random; other: HpackInput }): HpackInput => {
  const steps = [...input.steps];
  const at = random.below(steps.length + 1);
  switch (random.below(8)) {
    case 0:
      steps.splice(
        at,
        0,
        random.oneIn(2) ? random.pick(tableSizes) : random.pick(other.steps.length > 0 ? other.steps : [0]),
      );
      break;
    case 1:
      if (steps.length > 1) steps.splice(at, 1);
      break;
    case 2:
      return { ...input, tableBytes: random.pick(tableSizes) };
    default: {
      const step = steps[at];
      if (step === undefined) steps.push(randomField(random));
      else if (typeof step === 'number') steps[at] = random.pick(tableSizes);
      else steps[at] = mutateBlock(step, random);
    }
  }
  return { ...input, steps: steps.slice(0, stepsMax) };
};

const mutateBlock = (block: Buffer, random: Random): Buffer => {
  const at = random.below(block.length + 1);
  const end = Math.min(block.length, at + 1 + random.below(8));
  const changed = Buffer.from(block);
  switch (random.below(7)) {
    case 0:
      if (at < block.length) changed[at] = random.below(256);
      return changed;
    case 1:
      if (at < block.length) changed[at]! ^= 1 << random.below(8);
      return changed;
    case 2:
      return Buffer.concat([block.subarray(0, at), block.subarray(end)]);
    case 3:
      return Buffer.concat([block.subarray(0, at), block.subarray(at, end), block.subarray(at)]).subarray(
        0,
        blockBytesMax,
      );
    case 4:
      return Buffer.concat([block.subarray(0, at), randomField(random), block.subarray(at)]).subarray(0, blockBytesMax);
    case 5:
      return Buffer.concat([sizeUpdate(random), block]).subarray(0, blockBytesMax);
    default:
      return Buffer.concat([block, randomField(random)]).subarray(0, blockBytesMax);
  }
};

const sizeUpdate = (random: Random): Buffer =>
  random.oneIn(3) ? emptySizeUpdate : integer(0x20, 5, random.pick(tableSizes) + random.below(2));

/** A representation that is well-formed by itself; its index may lead nowhere. */
const randomField = (random: Random): Buffer => {
  const index = random.oneIn(2) ? random.below(62) : 62 + random.below(random.oneIn(8) ? 1_000 : 6);
  const kind = random.pick([
    { flags: 0x80, bits: 7 },
    { flags: 0x40, bits: 6 },
    { flags: 0x00, bits: 4 },
    { flags: 0x10, bits: 4 },
  ]);
  if (kind.flags === 0x80) return integer(0x80, 7, index);
  if (random.oneIn(2)) return Buffer.concat([integer(kind.flags, kind.bits, index), randomString(random)]);
  return Buffer.concat([Buffer.of(kind.flags), randomString(random), randomString(random)]);
};

const randomString = (random: Random): Buffer => {
  const length = random.oneIn(3) ? 1 : random.below(random.oneIn(16) ? 300 : 12);
  const letters = random.oneIn(2) ? 256 : 128;
  const text = String.fromCharCode(...Array.from({ length }, () => random.below(letters)));
  if (random.oneIn(2)) return Buffer.concat([integer(0, 7, length), Buffer.from(text, 'latin1')]);
  // Behind its end now and then more of what EOS and padding are made of.
  const coded = Buffer.alloc(huffmanBytes(text) + (random.oneIn(8) ? random.below(6) : 0), 0xff);
  huffmanEncode(text, coded, 0);
  return Buffer.concat([integer(0x80, 7, coded.length), coded]);
};

const integer = (flags: number, prefixBits: number, value: number): Buffer => {
  const out = Buffer.alloc(integerBytesMax);
  return out.subarray(0, writeInteger(out, 0, { flags, prefixBits, value }));
};
