/**
 * The HPACK encoder: always context-free. Static indexes and literals without indexing only (RFC 7541 sections 6.1, 6.2.2, 6.2.3), so it holds no
 * state, its blocks may be kept and sent on any connection, and it is legal whatever table size a peer allows. Literals are plain: Huffman code
 * saves bytes that loopback and data centres do not miss, for more work on both sides.
 *
 * One duty of the dynamic table stays even though nothing is ever put into it. A connection starts with a maximum of 4,096 bytes on both sides. When the
 * peer's SETTINGS lower that, its decoder may insist on a size update at the start of the next block (section 4.2): nghttp2, and so Node and curl,
 * ends the connection without one. After one update to 0 the maximum cannot be lowered any further, so `emptySizeUpdate` goes in front of one block per
 * connection at most: the first one sent after the ACK of SETTINGS that name a size below `tableBytesInitial` (dynamic-table.ts).
 */

import type { HeaderBlock, HeaderField } from '../header-block.ts';
import { integerBytesMax, writeInteger } from './integer.ts';
import { staticTable } from './static-table.ts';
import { stringBytesMax, writeString } from './string-literal.ts';

/** Dynamic table size update to 0 (section 6.3), to stand in front of a block. */
export const emptySizeUpdate: Buffer = Buffer.from([0x20]);

/** Fields as an encoder takes them: latin1 texts, names in lower case. */
export type FieldList = readonly (readonly [name: string, value: string])[];

/** Names whose values no compressor may keep (section 7.1.3): sent as never indexed, which holds for every hop behind us. */
export const isSecretName = (name: string): boolean => secretNames.has(name);

const secretNames: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization', 'set-cookie']);

/** What the static table has for a name: its first index, and the indexes of whole fields by value. */
interface StaticName {
  readonly index: number;
  readonly byValue: ReadonlyMap<string, number>;
}

const staticNames: ReadonlyMap<string, StaticName> = groupByName();

function groupByName(): ReadonlyMap<string, StaticName> {
  const names = new Map<string, { index: number; byValue: Map<string, number> }>();
  staticTable.forEach(([name, value], i) => {
    const known = names.get(name) ?? { index: i + 1, byValue: new Map() };
    known.byValue.set(value, i + 1);
    names.set(name, known);
  });
  return names;
}

/** Encodes the fields in their order. Throws H2Error INTERNAL_ERROR for a character above U+00FF. */
export const encodeFields = (fields: FieldList): Buffer => {
  let room = 0;
  for (const [name, value] of fields) room += fieldBytesMax(name, value);
  const out = Buffer.allocUnsafe(room);
  let at = 0;
  for (const [name, value] of fields) at = writeField(out, at, name, value, false);
  return out.subarray(0, at);
};

/** The same with the places of the fields: a block as it could have come from a peer. */
export const encodeBlock = (fields: FieldList): HeaderBlock => {
  let room = 0;
  for (const [name, value] of fields) room += fieldBytesMax(name, value);
  const out = Buffer.allocUnsafe(room);
  const placed: HeaderField[] = [];
  let at = 0;
  for (const [name, value] of fields) {
    const start = at;
    at = writeField(out, at, name, value, false);
    placed.push({ name, value, start, end: at });
  }
  return { bytes: out.subarray(0, at), fields: placed };
};

/** Bytes that writeField needs at most. */
export const fieldBytesMax = (name: string, value: string): number =>
  integerBytesMax + stringBytesMax(name) + stringBytesMax(value);

/** Writes one field at `at`; answers where the next one goes. `secret` makes it never indexed whatever its name. */
export const writeField = (out: Uint8Array, at: number, name: string, value: string, secret: boolean): number => {
  const known = staticNames.get(name);
  const never = secret || isSecretName(name);
  const whole = never ? undefined : known?.byValue.get(value);
  if (whole !== undefined) return writeInteger(out, at, { flags: 0x80, prefixBits: 7, value: whole });
  const flags = never ? 0x10 : 0x00;
  const next = writeInteger(out, at, { flags, prefixBits: 4, value: known?.index ?? 0 });
  return writeString(out, known === undefined ? writeString(out, next, name) : next, value);
};
