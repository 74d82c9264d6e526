/** Things that end at a time of their own, the next one first. Putting an end off costs nothing: it is looked at again when the old one has come. Owns a heap; removes nothing itself. */

/** Made with `queuedAt: Infinity`; the queue alone changes that. */
export interface Expiring {
  /** Milliseconds since the epoch; Infinity for never. Call `schedule` after a change. */
  expiresAt: number;
  /** When the queue will look at it. */
  queuedAt: number;
}

export interface ExpiryQueue<T extends Expiring> {
  /** Takes note of a new or changed end. */
  schedule(item: T): void;
  /** Says that the item is gone; `due` will not name it. */
  forget(item: T): void;
  /** Takes out what has ended by now, the earliest first. */
  due(now: number): readonly T[];
}

interface Entry<T> {
  readonly at: number;
  readonly item: T;
}

/** Fewer entries than these are not worth tidying up. */
const idleEntriesMax = 1_024;

export const createExpiryQueue = <T extends Expiring>(): ExpiryQueue<T> => {
  let heap: Entry<T>[] = [];
  /** Entries whose item is looked at earlier, or is gone. */
  let idle = 0;

  const leave = (item: T): void => {
    if (item.queuedAt !== Infinity) idle += 1;
    item.queuedAt = Infinity;
    if (idle <= idleEntriesMax || idle * 2 < heap.length) return;
    // Sorted, it is a heap again.
    heap = heap.filter(isCurrent).sort((a, b) => a.at - b.at);
    idle = 0;
  };
  const schedule = (item: T): void => {
    if (item.expiresAt >= item.queuedAt) return;
    const at = item.expiresAt;
    leave(item);
    item.queuedAt = at;
    push(heap, { at, item });
  };

  return {
    schedule,
    forget: leave,
    due: (now) => {
      if (heap.length === 0 || heap[0]!.at > now) return [];
      const ended: T[] = [];
      while (heap.length > 0 && heap[0]!.at <= now) {
        const entry = pop(heap);
        if (!isCurrent(entry)) {
          idle -= 1;
          continue;
        }
        const { item } = entry;
        item.queuedAt = Infinity;
        if (item.expiresAt <= now) ended.push(item);
        else schedule(item);
      }
      return ended;
    },
  };
};

const isCurrent = <T extends Expiring>({ at, item }: Entry<T>): boolean => item.queuedAt === at;

const push = <T>(heap: Entry<T>[], entry: Entry<T>): void => {
  let i = heap.push(entry) - 1;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (heap[parent]!.at <= entry.at) break;
    heap[i] = heap[parent]!;
    i = parent;
  }
  heap[i] = entry;
};

/** The heap is not empty. */
const pop = <T>(heap: Entry<T>[]): Entry<T> => {
  const top = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return top;
  let i = 0;
  for (let child = 1; child < heap.length; child = 2 * i + 1) {
    if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child += 1;
    if (heap[child]!.at >= last.at) break;
    heap[i] = heap[child]!;
    i = child;
  }
  heap[i] = last;
  return top;
};
