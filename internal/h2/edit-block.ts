/** Header blocks made from header blocks without encoding what stays: fields dropped and added, and blocks that leaned on a dynamic table made free of it. */

import type { HeaderBlock, HeaderField } from './header-block.ts';
import type { FieldList } from './hpack/encoder.ts';
import { encodeBlock, fieldBytesMax, isSecretName, writeField } from './hpack/encoder.ts';
import { staticTable } from './hpack/static-table.ts';

/** The block without the fields that `drop` names and with `add` behind them; added pseudo-header fields stand behind the pseudo-header fields that stay (RFC 9113 section 8.3). The same object when that changes nothing. */
export const editBlock = (
  block: HeaderBlock,
  { drop, add }: { drop: (name: string) => boolean; add: FieldList },
): HeaderBlock => {
  const kept = block.fields.filter((field) => !drop(field.name));
  if (kept.length === block.fields.length && add.length === 0) return block;
  const firstRegular = kept.findIndex((field) => !isPseudo(field.name));
  const split = firstRegular < 0 ? kept.length : firstRegular;
  const parts = [
    cut(block, kept.slice(0, split)),
    encodeBlock(add.filter(([name]) => isPseudo(name))),
    cut(block, kept.slice(split)),
    encodeBlock(add.filter(([name]) => !isPseudo(name))),
  ];
  return join(parts);
};

const isPseudo = (name: string): boolean => name.charCodeAt(0) === 0x3a;

/** A block of these fields of `block` alone, their bytes as they are. */
const cut = (block: HeaderBlock, fields: readonly HeaderField[]): HeaderBlock =>
  join(runs(fields).map((run) => moved(block, run)));

/** Neighbours on the wire together, so that they are copied in one go. */
const runs = (fields: readonly HeaderField[]): readonly (readonly HeaderField[])[] => {
  const found: HeaderField[][] = [];
  let end = -1;
  for (const field of fields) {
    if (field.start === end) found.at(-1)!.push(field);
    else found.push([field]);
    end = field.end;
  }
  return found;
};

const moved = (block: HeaderBlock, run: readonly HeaderField[]): HeaderBlock => ({
  bytes: block.bytes.subarray(run[0]!.start, run.at(-1)!.end),
  fields: shifted(run, -run[0]!.start),
});

const shifted = (fields: readonly HeaderField[], by: number): readonly HeaderField[] =>
  by === 0 ? fields : fields.map(({ name, value, start, end }) => ({ name, value, start: start + by, end: end + by }));

const join = (parts: readonly HeaderBlock[]): HeaderBlock => {
  const fields: HeaderField[] = [];
  let at = 0;
  for (const part of parts) {
    fields.push(...shifted(part.fields, at));
    at += part.bytes.length;
  }
  return { bytes: Buffer.concat(parts.map((part) => part.bytes)), fields };
};

/**
 * A decoded block that leaned on the dynamic table or changed its size, as one that means the same everywhere: representations that need no table keep
 * their bytes, the others become literals. Never indexed stays never indexed (RFC 7541 section 6.2.3). Go and nghttp2 stop indexing once they may keep
 * nothing, so this is for their first blocks only; gRPC's C core (Python, C++, Ruby) asks for indexing all the same, in every block.
 */
export const contextFreeBlock = (bytes: Buffer, fields: readonly HeaderField[]): HeaderBlock =>
  fields.every(({ start }) => needsNoTable(bytes, start) || asksForIndexing(bytes[start]!))
    ? withoutIndexing(bytes, fields)
    : asLiterals(bytes, fields);

/** A literal with incremental indexing (section 6.2.1) whose index has room in the four bits that the other literals have. */
const asksForIndexing = (first: number): boolean => first >= 0x40 && first < 0x4f;

/** The same bytes with other first bits in such literals. */
const withoutIndexing = (bytes: Buffer, fields: readonly HeaderField[]): HeaderBlock => {
  const from = fields[0]?.start ?? bytes.length;
  const out = Buffer.from(bytes.subarray(from));
  for (const { name, start } of fields)
    if (asksForIndexing(bytes[start]!)) out[start - from]! ^= isSecretName(name) ? 0x50 : 0x40;
  return { bytes: out, fields: shifted(fields, -from) };
};

const asLiterals = (bytes: Buffer, fields: readonly HeaderField[]): HeaderBlock => {
  let room = 0;
  for (const field of fields) room += Math.max(field.end - field.start, fieldBytesMax(field.name, field.value));
  const out = Buffer.allocUnsafe(room);
  const placed: HeaderField[] = [];
  let at = 0;
  for (const { name, value, start, end } of fields) {
    const from = at;
    if (needsNoTable(bytes, start)) at += bytes.copy(out, at, start, end);
    else at = writeField(out, at, name, value, isNeverIndexed(bytes[start]!));
    placed.push({ name, value, start: from, end: at });
  }
  return { bytes: out.subarray(0, at), fields: placed };
};

/** RFC 7541 section 6, by the first byte: an index into the static table or a literal that is not indexed, with a name that is static or in full. An index that needs a second byte is left to the encoder unless it is plainly static. */
const needsNoTable = (bytes: Buffer, start: number): boolean => {
  const first = bytes[start]!;
  if (first >= 0x80) return (first & 0x7f) <= staticTable.length;
  if (first >= 0x20) return false;
  return (first & 0x0f) < 0x0f || bytes[start + 1]! + 0x0f <= staticTable.length;
};

const isNeverIndexed = (first: number): boolean => first >> 4 === 1;
