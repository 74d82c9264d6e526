/** Header blocks of one connection from bytes to fields: context-free ones are kept as they came and remembered, others are written anew as literals. Owns the HPACK decoder. */

import { headerFieldsMax } from '../contract/limits.ts';
import { contextFreeBlock } from './edit-block.ts';
import type { HeaderBlock } from './header-block.ts';
import { createHpackDecoder } from './hpack/decoder.ts';
import { tableBytesInitial } from './hpack/dynamic-table.ts';

export interface BlockReader {
  /** The block; undefined when it is over the limits (the connection goes on). Throws H2Error for a broken one. */
  read(bytes: Buffer): HeaderBlock | undefined;
}

/** Slots of remembered blocks; each new block of the same hash takes the place of the old one. */
const slots = 64;

/**
 * `indexed` is told of each block that leans on the table. The table stays as large as it was before any SETTINGS, though we may have announced that it holds
 * nothing: there are peers, nginx among them, that acknowledge this and go on as ever, and reading them right costs 4 KiB.
 */
export const createBlockReader = (listBytesMax: number, indexed: () => void): BlockReader => {
  const limit = { listBytesMax, fieldsMax: headerFieldsMax };
  const decoder = createHpackDecoder({ tableBytesMax: tableBytesInitial });
  const remembered: (HeaderBlock | undefined)[] = new Array(slots).fill(undefined);

  return {
    read: (bytes) => {
      const slot = slotOf(bytes);
      const known = remembered[slot];
      if (known?.bytes.equals(bytes)) return known;
      const { fields, contextFree, tooLarge } = decoder.decode(bytes, limit);
      if (!contextFree) indexed();
      if (tooLarge) return undefined;
      if (!contextFree) return contextFreeBlock(bytes, fields);
      // The bytes may be a view of a read that is much larger. They mean the same whenever they come, and leave the table as it is.
      const block: HeaderBlock = { bytes: Buffer.from(bytes), fields, fitFor: undefined, note: undefined };
      remembered[slot] = block;
      return block;
    },
  };
};

/** From the length and the last bytes, where blocks of one client differ most. */
const slotOf = (bytes: Buffer): number => {
  let hash = bytes.length;
  for (let at = Math.max(0, bytes.length - 16); at < bytes.length; at += 1)
    hash = (hash * 31 + (bytes[at] as number)) | 0;
  return (hash >>> 0) % slots;
};
