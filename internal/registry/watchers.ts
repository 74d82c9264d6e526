/**
 * The watchers of a registry. Each has a bounded queue that fills from the moment watch() is called, so that no event is lost between the
 * call and the first read; a reader that is behind is told the latest state of a version once. Owns the queues; knows nothing of records.
 */

import { defaultNamespace } from '../contract/core.ts';
import { tooMany } from '../contract/error.ts';
import { watchMergeAfter, watchQueueMax, watchQueueNodesMax } from '../contract/limits.ts';
import type { RegistryEvent, RegistryOptions } from '../contract/registry.ts';

export interface Watchers {
  /** Starts collecting at once; the iterable can be read once. */
  open(o: RegistryOptions & { readonly service?: string }): AsyncIterable<RegistryEvent>;
  /** `event` is made only if somebody wants it, and once for all of them. */
  emit(changed: { readonly domain: string; readonly name: string }, event: () => RegistryEvent): void;
  /** Ends every watch; later ones end at once. */
  close(): void;
}

interface Watcher {
  readonly domain: string;
  readonly service: string | undefined;
  push(domain: string, event: RegistryEvent): void;
  end(): void;
}

export const createWatchers = (): Watchers => {
  const open = new Set<Watcher>();
  let closed = false;
  return {
    open: (o) => {
      const queue = createQueue(() => {
        open.delete(watcher);
        o.signal?.removeEventListener('abort', queue.end);
      });
      const watcher: Watcher = {
        domain: o.domain || defaultNamespace,
        service: o.service || undefined,
        push: queue.push,
        end: queue.end,
      };
      open.add(watcher);
      if (closed || o.signal?.aborted) queue.end();
      else o.signal?.addEventListener('abort', queue.end, { once: true });
      return queue.events;
    },
    emit: (changed, event) => {
      let made: RegistryEvent | undefined;
      for (const watcher of [...open]) {
        if (!wants(watcher, changed)) continue;
        made ??= event();
        watcher.push(changed.domain, made);
      }
    },
    close: () => {
      closed = true;
      for (const watcher of [...open]) watcher.end();
    },
  };
};

const wants = (watcher: Watcher, { domain, name }: { readonly domain: string; readonly name: string }): boolean =>
  (watcher.domain === '*' || watcher.domain === domain) && (watcher.service === undefined || watcher.service === name);

interface Queue {
  readonly events: AsyncIterable<RegistryEvent>;
  push(domain: string, event: RegistryEvent): void;
  /** What is queued can still be read. */
  end(): void;
}

/**
 * `onEnd` runs once, when nothing more will be accepted. Not a generator: that could not be left while it waits, and
 * would never clean up if left before its first read.
 */
const createQueue = (onEnd: () => void): Queue => {
  const backlog = createBacklog();
  let readers: (() => void)[] = [];
  let ended = false;
  let failure: Error | undefined;
  const wake = (): void => {
    const woken = readers;
    readers = [];
    for (const reader of woken) reader();
  };
  const end = (): void => {
    if (ended) return;
    ended = true;
    onEnd();
    wake();
  };
  const push = (domain: string, event: RegistryEvent): void => {
    if (ended) return;
    const bound = backlog.add(domain, event);
    if (bound === undefined) {
      wake();
      return;
    }
    failure = tooMany('registry.Registry.Watch', `watcher is too far behind: more than ${bound}`);
    backlog.clear();
    end();
  };
  const next = async (): Promise<IteratorResult<RegistryEvent>> => {
    while (true) {
      const value = backlog.take();
      if (value !== undefined) return { done: false, value };
      if (failure !== undefined) throw failure;
      if (ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => readers.push(resolve));
    }
  };
  const leave = async (): Promise<IteratorResult<RegistryEvent>> => {
    backlog.clear();
    end();
    return { done: true, value: undefined };
  };
  const events = { [Symbol.asyncIterator]: () => ({ next, return: leave }) };
  return { events, push, end };
};

interface Backlog {
  /** The bound it would break, when the event does not fit in. */
  add(domain: string, event: RegistryEvent): string | undefined;
  take(): RegistryEvent | undefined;
  clear(): void;
}

/** Events in the order they came. Behind the first watchMergeAfter, each version has one: its latest state is all that a reader needs who is that far behind. */
const createBacklog = (): Backlog => {
  const waiting = new Map<number | string, RegistryEvent>();
  let nodes = 0;
  let count = 0;
  const remove = (key: number | string): RegistryEvent | undefined => {
    const event = waiting.get(key);
    if (event === undefined) return undefined;
    waiting.delete(key);
    nodes -= event.service.nodes.length;
    return event;
  };
  return {
    add: (domain, event) => {
      const { name, version, nodes: own } = event.service;
      const key = waiting.size < watchMergeAfter ? count++ : JSON.stringify([domain, name, version]);
      const earlier = remove(key);
      if (waiting.size >= watchQueueMax) return `${watchQueueMax} events (watchQueueMax)`;
      if (waiting.size > 0 && nodes + own.length > watchQueueNodesMax)
        return `${watchQueueNodesMax} nodes (watchQueueNodesMax)`;
      waiting.set(key, earlier === undefined ? event : merged(earlier, event));
      nodes += own.length;
      return undefined;
    },
    take: () => {
      const first = waiting.keys().next();
      return first.done === true ? undefined : remove(first.value);
    },
    clear: () => {
      waiting.clear();
      nodes = 0;
    },
  };
};

/** What two changes of a version come to for a reader who has seen neither. */
const merged = (earlier: RegistryEvent, later: RegistryEvent): RegistryEvent => {
  if (earlier.action === 'create' && later.action === 'update') return { ...later, action: 'create' };
  if (earlier.action === 'delete' && later.action === 'create') return { ...later, action: 'update' };
  return later;
};
