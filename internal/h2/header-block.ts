/** A header block as it stands on the wire and what it says: the one shape in which headers move through the engine. Types only. */

/** One field of a block. Names and values are latin1 texts: one character per byte, so that nothing is lost. */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
  /** Where its representation stands in the block's bytes, end excluded: what an edit cuts out. */
  readonly start: number;
  readonly end: number;
}

export type MessagePart = 'request' | 'response' | 'trailers';

/** A decoded block whose bytes mean the same on every connection: static indexes and literals without indexing only (RFC 7541 section 6.1, 6.2.2, 6.2.3). */
export interface HeaderBlock {
  readonly bytes: Buffer;
  readonly fields: readonly HeaderField[];
  /** The part of a message that its fields were found fit for; written by check-fields.ts. */
  fitFor?: MessagePart;
  /** Room for what the layer above wants to find again with the same block: many come again and again, as the same object. */
  note?: unknown;
}

/** The value of the only field of that name; undefined when there is none. Several values come joined with `, `. */
export const fieldValue = (block: HeaderBlock, name: string): string | undefined => {
  let found: string | undefined;
  for (const field of block.fields)
    if (field.name === name) found = found === undefined ? field.value : `${found}, ${field.value}`;
  return found;
};
