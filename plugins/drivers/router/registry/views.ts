/** The views of a router: one of everything where the registry allows it, else one per namespace. Owns them; the longest unused is closed beyond routerNamespacesMax. */

import { isMicroError } from '../../../../internal/contract/error.ts';
import { routerNamespacesMax } from '../../../../internal/contract/limits.ts';

import type { View } from './view.ts';

export interface Views {
  /** The view of a namespace if it is in memory. */
  known(namespace: string): View | undefined;
  /** The same, once it has been read. */
  of(namespace: string): Promise<View>;
  close(): Promise<void>;
}

/** `open` reads a domain, or `*` for all of them. */
export const createViews = (open: (domain: string) => Promise<View>): Views => {
  let all: View | undefined;
  const opened = new Map<string, Opened>();
  let seesAll = true;

  const openOnce = (domain: string): Opened => {
    const found = opened.get(domain);
    const entry: Opened = found ?? { reading: open(domain), view: undefined };
    // Re-inserted: the map's order is the order of use.
    opened.delete(domain);
    opened.set(domain, entry);
    if (found === undefined)
      entry.reading.then(
        (view) => {
          entry.view = view;
          if (domain === '*') all = view;
        },
        () => opened.delete(domain),
      );
    return entry;
  };
  const evict = async (): Promise<void> => {
    if (opened.size <= routerNamespacesMax) return;
    const [oldest, entry] = opened.entries().next().value as [string, Opened];
    opened.delete(oldest);
    await closeQuietly(entry);
  };

  return {
    known: (namespace) => {
      if (all !== undefined) return all;
      const entry = opened.get(namespace);
      if (entry === undefined) return undefined;
      opened.delete(namespace);
      opened.set(namespace, entry);
      return entry.view;
    },
    of: async (namespace) => {
      if (seesAll)
        try {
          return await openOnce('*').reading;
        } catch (error) {
          if (!isRefusal(error)) throw error;
          seesAll = false;
        }
      const view = await openOnce(namespace).reading;
      await evict();
      return view;
    },
    close: async () => {
      const entries = [...opened.values()];
      opened.clear();
      all = undefined;
      await Promise.all(entries.map(closeQuietly));
    },
  };
};

interface Opened {
  readonly reading: Promise<View>;
  view: View | undefined;
}

/** A view that never opened has nothing to close; whoever asked for it got its error. */
const closeQuietly = async ({ reading }: Opened): Promise<void> => {
  const opened = await reading.catch(() => undefined);
  await opened?.close();
};

const isRefusal = (error: unknown): boolean => isMicroError(error) && (error.code === 401 || error.code === 403);
