/** The dynamic table (RFC 7541 sections 2.3.2 and 4): a ring of the newest fields, bounded by the sum of their sizes. */

/** What an entry counts for beyond its name and value (section 4.1). */
export const entryOverhead = 32;

/** Bytes of a dynamic table before any SETTINGS are exchanged (RFC 9113 section 6.5.2). */
export const tableBytesInitial = 4096;

export interface DynamicTable {
  /** Sum of the entries' sizes. */
  readonly bytes: number;
  readonly bytesMax: number;
  readonly count: number;
  /** The newest entry is number 0; the number is below `count`. */
  name(n: number): string;
  value(n: number): string;
  /** Puts a field in front; an entry larger than the table empties it, which is no fault (section 4.4). */
  add(name: string, value: string): void;
  /** Sets the maximum size and evicts what is over it (section 4.3). */
  resize(bytesMax: number): void;
}

/** Opens an empty table. Room is taken as entries come. */
export const createDynamicTable = (initialBytesMax: number): DynamicTable => {
  /** A ring: the oldest entry stands at `first`; the length of the arrays is a power of two. */
  let names: string[] = [];
  let values: string[] = [];
  let first = 0;
  let count = 0;
  let bytes = 0;
  let bytesMax = initialBytesMax;

  const place = (n: number): number => (first + count - 1 - n) & (names.length - 1);

  const evictTo = (room: number): void => {
    while (bytes > room) {
      bytes -= names[first]!.length + values[first]!.length + entryOverhead;
      names[first] = '';
      values[first] = '';
      first = (first + 1) & (names.length - 1);
      count -= 1;
    }
  };

  const grow = (): void => {
    const inOrder = (ring: readonly string[]): string[] => [...ring.slice(first), ...ring.slice(0, first)];
    const room = new Array(Math.max(8, names.length)).fill('');
    names = [...inOrder(names), ...room];
    values = [...inOrder(values), ...room];
    first = 0;
  };

  return {
    get bytes() {
      return bytes;
    },
    get bytesMax() {
      return bytesMax;
    },
    get count() {
      return count;
    },
    name: (n) => names[place(n)]!,
    value: (n) => values[place(n)]!,
    add: (name, value) => {
      const size = name.length + value.length + entryOverhead;
      evictTo(Math.max(0, bytesMax - size));
      if (size > bytesMax) return;
      if (count === names.length) grow();
      count += 1;
      const at = place(0);
      names[at] = name;
      values[at] = value;
      bytes += size;
    },
    resize: (to) => {
      bytesMax = to;
      evictTo(to);
    },
  };
};
