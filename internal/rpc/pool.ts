/** Connections by address, bounded: the longest unused one is closed beyond the limit. Opens on first use; never closes what is in use. */

export interface Lease<T> {
  readonly item: T;
  /** Hands it back; once per lease. */
  release(): void;
}

export interface Pool<T> {
  take(address: string): Lease<T>;
  /** Drops an address, so that the next take() opens anew; calls in flight keep theirs until they end. */
  forget(address: string): void;
  close(): void;
}

interface Entry<T> {
  readonly item: T;
  uses: number;
  dropped: boolean;
}

export const createPool = <T>(o: { readonly max: number; open(address: string): T; close(item: T): void }): Pool<T> => {
  // A Map keeps insertion order: taking re-inserts, so the first idle entry is the longest unused.
  const entries = new Map<string, Entry<T>>();

  const drop = (address: string, entry: Entry<T>): void => {
    entries.delete(address);
    entry.dropped = true;
    if (entry.uses === 0) o.close(entry.item);
  };
  const makeRoom = (): void => {
    if (entries.size < o.max) return;
    const idle = entries.entries().find(([, entry]) => entry.uses === 0);
    if (idle !== undefined) drop(...idle);
  };
  return {
    take: (address) => {
      let entry = entries.get(address);
      if (entry === undefined) {
        makeRoom();
        entry = { item: o.open(address), uses: 0, dropped: false };
      }
      entries.delete(address);
      entries.set(address, entry);
      entry.uses += 1;
      const taken = entry;
      return {
        item: taken.item,
        release: () => {
          taken.uses -= 1;
          if (taken.uses === 0 && taken.dropped) o.close(taken.item);
        },
      };
    },
    forget: (address) => {
      const entry = entries.get(address);
      if (entry !== undefined) drop(address, entry);
    },
    close: () => {
      for (const [address, entry] of entries) {
        entries.delete(address);
        entry.dropped = true;
        o.close(entry.item);
      }
    },
  };
};
