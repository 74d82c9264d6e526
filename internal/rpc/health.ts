/** Health as standard gRPC clients ask for it, of the services behind one listener: they serve until the listener begins to stop. */

import { notFound } from '../contract/error.ts';
import type { Handlers } from '../contract/handler.ts';
import { healthApi } from '../schema/core/health.ts';
import { implement } from '../schema/implement.ts';

export interface Health {
  readonly handlers: Handlers;
  /** From now on nothing is serving; those who watch are told. */
  drain(): void;
}

/** `knows` says whether a name that is not empty is a service here. */
export const createHealth = (knows: (service: string) => boolean): Health => {
  const draining = new AbortController();
  const status = (service: string) => {
    if (service !== '' && !knows(service)) return 'SERVICE_UNKNOWN';
    return draining.signal.aborted ? 'NOT_SERVING' : 'SERVING';
  };
  const handlers = implement(
    healthApi,
    {
      'Health.Check': async ({ service }) => {
        const now = status(service);
        if (now === 'SERVICE_UNKNOWN') throw notFound('grpc.health.v1.Health.Check', `unknown service ${service}`);
        return { status: now };
      },
      'Health.Watch': async function* ({ service }, { signal }) {
        const before = status(service);
        yield { status: before };
        await fired(AbortSignal.any([signal, draining.signal]));
        const after = status(service);
        if (after !== before) yield { status: after };
        await fired(signal);
      },
    },
    { internal: true },
  );
  return { handlers, drain: () => draining.abort() };
};

const fired = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
