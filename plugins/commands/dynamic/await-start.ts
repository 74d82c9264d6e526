/**
 * Waits for a service that is only just starting, so that a call right after `micro run` is answered instead of refused.
 * Owns the waiting; a service that failed, or that nobody runs, is not waited for.
 */

import { setTimeout as sleep } from 'node:timers/promises';

import type { Client } from '../../../internal/contract/client.ts';
import { isMicroError } from '../../../internal/contract/error.ts';
import { startWaitMs } from '../../../internal/contract/limits.ts';
import type { Registry, Service } from '../../../internal/contract/registry.ts';
import { withTimeout } from '../../../internal/time/with-timeout.ts';

export interface AwaitStartOptions {
  readonly registry: Pick<Registry, 'get' | 'watch'>;
  readonly client: Pick<Client, 'call'>;
  readonly signal: AbortSignal;
}

/** Between two looks at whether it is starting still. */
const lookMs = 250;
const underWay = ['pending', 'building', 'starting'];

/** Its versions as soon as it registers; empty when it is not starting, or no longer. */
export const awaitStart = async (
  name: string,
  namespace: string,
  o: AwaitStartOptions,
): Promise<readonly Service[]> => {
  const get = (): Promise<readonly Service[]> => o.registry.get(name, { domain: namespace, signal: o.signal });
  if (!(await isStarting(name, namespace, o))) return [];
  const ended = new AbortController();
  const limit = withTimeout(AbortSignal.any([o.signal, ended.signal]), startWaitMs);
  const changes = o.registry.watch({ domain: namespace, service: name, signal: limit })[Symbol.asyncIterator]();
  // Whether it changed or the watch ended: the registry is asked again either way.
  let changed = changes.next().catch(() => undefined);
  try {
    for (let starting = true; !limit.aborted; starting = await isStarting(name, namespace, o)) {
      const found = await get();
      if (found.length > 0 || !starting) return found;
      const event = await Promise.race([changed, sleep(lookMs)]);
      if (event?.done === false) changed = changes.next().catch(() => undefined);
    }
    o.signal.throwIfAborted();
    return [];
  } finally {
    ended.abort();
    await changed;
  }
};

/** By what the runtime shows of it. Who may not ask it, or has none, waits for nothing. */
const isStarting = async (name: string, namespace: string, o: AwaitStartOptions): Promise<boolean> => {
  const request = new TextEncoder().encode(JSON.stringify({ options: { service: name, namespace } }));
  try {
    const answer = await o.client.call('runtime', 'Runtime.Read', request, {
      contentType: 'application/grpc+json',
      namespace: 'micro',
      signal: o.signal,
    });
    const { services = [] } = JSON.parse(new TextDecoder().decode(answer)) as RuntimeAnswer;
    return services.some((service) => underWay.includes(service.metadata?.status ?? ''));
  } catch (e) {
    if (isMicroError(e) || e instanceof SyntaxError) return false;
    throw e;
  }
};

interface RuntimeAnswer {
  readonly services?: readonly { readonly metadata?: { readonly status?: string } }[];
}
