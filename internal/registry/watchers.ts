/**
 * The watchers of a registry. Each has a bounded queue that fills from the moment watch() is called, so that
 * no event is lost between the call and the first read. Owns the queues; knows nothing of records.
 */

import { defaultNamespace } from '../contract/core.ts';
import { tooMany } from '../contract/error.ts';
import { watchQueueMax, watchQueueNodesMax } from '../contract/limits.ts';
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
  push(event: RegistryEvent): void;
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
        watcher.push(made);
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
  push(event: RegistryEvent): void;
  /** What is queued can still be read. */
  end(): void;
}

/**
 * `onEnd` runs once, when nothing more will be accepted. Not a generator: that could not be left while it waits, and
 * would never clean up if left before its first read.
 */
const createQueue = (onEnd: () => void): Queue => {
  let waiting: RegistryEvent[] = [];
  let waitingNodes = 0;
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
  const push = (event: RegistryEvent): void => {
    if (ended) return;
    const nodes = event.service.nodes.length;
    const bound = waiting.length >= watchQueueMax ? 'watchQueueMax' : 'watchQueueNodesMax';
    if (bound === 'watchQueueMax' || (waiting.length > 0 && waitingNodes + nodes > watchQueueNodesMax)) {
      const behind = `watcher is more than ${waiting.length} events of ${waitingNodes} nodes behind (${bound})`;
      failure = tooMany('registry.Registry.Watch', behind);
      waiting = [];
      end();
      return;
    }
    waiting.push(event);
    waitingNodes += nodes;
    wake();
  };
  const next = async (): Promise<IteratorResult<RegistryEvent>> => {
    while (true) {
      const value = waiting.shift();
      if (value !== undefined) {
        waitingNodes -= value.service.nodes.length;
        return { done: false, value };
      }
      if (failure !== undefined) throw failure;
      if (ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => readers.push(resolve));
    }
  };
  const leave = async (): Promise<IteratorResult<RegistryEvent>> => {
    waiting = [];
    end();
    return { done: true, value: undefined };
  };
  const events = { [Symbol.asyncIterator]: () => ({ next, return: leave }) };
  return { events, push, end };
};
