/** The HPACK decoder of one connection (RFC 7541 sections 3 and 6): header blocks in the order of the wire become lists of fields. What a field may be called or hold is not judged here. */

import { errorCode, H2Error } from '../error.ts';
import type { HeaderField } from '../header-block.ts';
import type { DynamicTable } from './dynamic-table.ts';
import { createDynamicTable, entryOverhead } from './dynamic-table.ts';
import type { Cursor } from './integer.ts';
import { readInteger } from './integer.ts';
import { staticTable } from './static-table.ts';
import { readString } from './string-literal.ts';

/** How large a list may be: its size after RFC 9113 section 6.5.2 (names, values and 32 bytes a field), and its fields. */
export interface ListLimit {
  readonly listBytesMax: number;
  readonly fieldsMax: number;
}

export interface DecodedBlock {
  /** In the order of the wire; each ends where the next one starts. Cut short when `tooLarge`. */
  readonly fields: HeaderField[];
  /** The block's bytes mean the same on every connection: no dynamic reference, no incremental indexing, no size update. */
  readonly contextFree: boolean;
  /** The list is over its limit. The dynamic table is right all the same, so the connection can go on. */
  readonly tooLarge: boolean;
}

export interface HpackDecoder {
  /** Decodes a whole block (HEADERS with all its CONTINUATION). Throws H2Error COMPRESSION_ERROR; after that the connection cannot go on. */
  decode(block: Buffer, limit: ListLimit): DecodedBlock;
  /**
   * The SETTINGS_HEADER_TABLE_SIZE that the peer has acknowledged: call it when its ACK comes, before the next block is decoded.
   * When the table holds more than that, the next block must start with a size update (RFC 9113 section 4.3.1); a peer whose table is
   * empty owes none, since some that never index anything send none. Without one, what they add is not kept, so a reference to it fails.
   */
  setTableLimit(bytes: number): void;
}

/** Opens a decoder; `tableBytesMax` is the limit in force before anything is acknowledged: tableBytesInitial, unless both sides know better. */
export const createHpackDecoder = ({ tableBytesMax }: { tableBytesMax: number }): HpackDecoder => {
  const table = createDynamicTable(tableBytesMax);
  let limitBytes = tableBytesMax;
  /** The size that the next block must go down to first; undefined when none is owed. */
  let owedBytes: number | undefined;

  /** Size updates stand before the first field (section 4.2): answers whether there were any. */
  const readSizeUpdates = (cursor: Cursor): boolean => {
    let seen = false;
    while (isSizeUpdate(cursor.bytes[cursor.at])) {
      const bytes = readInteger(cursor, 5);
      if (bytes > limitBytes) throw fault(`a table size of ${bytes} bytes where ${limitBytes} are allowed`);
      if (!seen && owedBytes !== undefined && bytes > owedBytes)
        throw fault(`a table size of ${bytes} bytes where ${owedBytes} were acknowledged before`);
      table.resize(bytes);
      seen = true;
    }
    if (!seen && owedBytes !== undefined) throw fault('no size update after the table size was lowered');
    owedBytes = undefined;
    return seen;
  };

  return {
    decode: (block, limit) => {
      const cursor: Cursor = { bytes: block, at: 0 };
      const updated = readSizeUpdates(cursor);
      return readFields(cursor, { table, limit, contextFree: !updated });
    },
    setTableLimit: (bytes) => {
      if (bytes < table.bytes) owedBytes = Math.min(bytes, owedBytes ?? bytes);
      limitBytes = bytes;
      if (bytes < table.bytesMax) table.resize(bytes);
    },
  };
};

const isSizeUpdate = (first: number | undefined): boolean => first !== undefined && first >> 5 === 1;

/** A name and a value as read; one object serves all fields of a block. */
interface Entry {
  name: string;
  value: string;
}

const readFields = (
  cursor: Cursor,
  o: { table: DynamicTable; limit: ListLimit; contextFree: boolean },
): DecodedBlock => {
  const { table, limit } = o;
  const { bytes } = cursor;
  const { listBytesMax, fieldsMax } = limit;
  const fields: HeaderField[] = [];
  const entry: Entry = { name: '', value: '' };
  let contextFree = o.contextFree;
  let tooLarge = false;
  let listBytes = 0;
  while (cursor.at < bytes.length) {
    const start = cursor.at;
    if (!readField(cursor, table, entry)) contextFree = false;
    listBytes += entry.name.length + entry.value.length + entryOverhead;
    if (listBytes > listBytesMax || fields.length === fieldsMax) tooLarge = true;
    if (!tooLarge) fields.push({ name: entry.name, value: entry.value, start, end: cursor.at });
  }
  return { fields, contextFree, tooLarge };
};

/** Reads one representation into `entry` (section 6); answers whether its bytes mean the same without the dynamic table. */
const readField = (cursor: Cursor, table: DynamicTable, entry: Entry): boolean => {
  const first = cursor.bytes[cursor.at]!;
  if (first >= 0x80) return readIndexed(cursor, table, entry);
  if (first >= 0x40) {
    readLiteral(cursor, 6, table, entry);
    table.add(entry.name, entry.value);
    return false;
  }
  if (first >= 0x20) throw fault('a size update behind a field');
  // Without indexing and never indexed differ in a bit that tells the next encoder what to do.
  return readLiteral(cursor, 4, table, entry);
};

/** Section 6.1. */
const readIndexed = (cursor: Cursor, table: DynamicTable, entry: Entry): boolean => {
  const index = readInteger(cursor, 7);
  if (index === 0) throw fault('index 0');
  if (index <= staticTable.length) {
    const [name, value] = staticTable[index - 1]!;
    entry.name = name;
    entry.value = value;
    return true;
  }
  const n = dynamicNumber(index, table);
  entry.name = table.name(n);
  entry.value = table.value(n);
  return false;
};

/** Section 6.2, for all three kinds: the name by index or as text, then the value. */
const readLiteral = (cursor: Cursor, prefixBits: number, table: DynamicTable, entry: Entry): boolean => {
  const index = readInteger(cursor, prefixBits);
  let contextFree = true;
  if (index === 0) entry.name = readString(cursor);
  else if (index <= staticTable.length) entry.name = staticTable[index - 1]![0];
  else {
    entry.name = table.name(dynamicNumber(index, table));
    contextFree = false;
  }
  entry.value = readString(cursor);
  return contextFree;
};

/** Index 62 is the newest entry of the dynamic table (section 2.3.3). */
const dynamicNumber = (index: number, table: DynamicTable): number => {
  const n = index - staticTable.length - 1;
  if (n >= table.count) throw fault(`index ${index} where the tables end at ${staticTable.length + table.count}`);
  return n;
};

const fault = (what: string): H2Error => new H2Error(errorCode.compressionError, `header block: ${what}`);
