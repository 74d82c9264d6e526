/** A watch that outlives its connection: what it missed is told after a comparison with a fresh list. Owns a bounded queue; the copy it compares with is internal/registry/mirror.ts. */

import { isMicroError, tooMany } from '../../../../internal/contract/error.ts';
import { watchQueueMax, watchQueueNodesMax } from '../../../../internal/contract/limits.ts';
import type { RegistryEvent } from '../../../../internal/contract/registry.ts';
import { type MirrorOptions, mirrorRegistry } from '../../../../internal/registry/mirror.ts';

export type FollowOptions = Pick<
  MirrorOptions,
  'open' | 'read' | 'signal' | 'log' | 'settleMs' | 'resyncMs' | 'retryMs'
>;

/** Starts at once; ends with the signal or when its reader leaves. Fails only where trying again cannot help. */
export const followRegistry = (o: FollowOptions): AsyncIterable<RegistryEvent> => {
  const left = new AbortController();
  const signal = AbortSignal.any([o.signal, left.signal]);
  return new ReadableStream<RegistryEvent>(
    {
      start: (controller) => {
        const end = (): void => (left.signal.aborted ? undefined : controller.close());
        if (signal.aborted) return end();
        signal.addEventListener('abort', end, { once: true });
        const fail = (e: unknown): void => {
          if (signal.aborted) return;
          signal.removeEventListener('abort', end);
          left.abort();
          controller.error(e);
        };
        const tell = (event: RegistryEvent): void => {
          if (signal.aborted) return;
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(event);
          else fail(fellBehind());
        };
        const { ended } = mirrorRegistry({
          ...o,
          signal,
          // A watch reports changes, not what is there.
          changed: (event, first) => (first ? undefined : tell(event)),
          isFinal: (e, { streamed }) => !streamed && isFinal(e),
        });
        // Its failures all end in fail(): nothing is left to reject.
        ended.catch(fail);
      },
      cancel: () => left.abort(),
    },
    {
      highWaterMark: watchQueueMax,
      size: ({ service }) => 1 + (service.nodes.length * watchQueueMax) / watchQueueNodesMax,
    },
  );
};

const fellBehind = (): Error =>
  tooMany('registry.Registry.Watch', `watcher is more than ${watchQueueMax} events behind (watchQueueMax)`);

/** Refused for what was asked or by whom: the same question would get the same answer. */
const isFinal = (e: unknown): boolean => isMicroError(e) && [400, 401, 403, 404, 501].includes(e.code);
