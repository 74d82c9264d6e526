/** Follows a service from accepted to running, for `micro run --wait`. Asks again and again; the bound is the server's own plus some. */

import { setTimeout as sleep } from 'node:timers/promises';

import { ExitError } from '../../../internal/contract/error.ts';
import { runWaitMs, runWaitPollMs } from '../../../internal/contract/limits.ts';
import type { Runtime, RuntimeService, ServiceRef } from '../../../internal/contract/runtime.ts';
import { withTimeout } from '../../../internal/time/with-timeout.ts';

export interface WaitOptions {
  readonly runtime: Pick<Runtime, 'read'>;
  readonly ref: ServiceRef;
  readonly namespace: string;
  readonly signal: AbortSignal;
  /** Told of each new state. */
  note(text: string): void;
}

/** Resolves when the service runs. Throws ExitError with the service's error, or after runWaitMs. */
export const untilRunning = async (o: WaitOptions): Promise<void> => {
  const signal = withTimeout(o.signal, runWaitMs);
  let shown: string | undefined;
  for (;;) {
    const [service] = await o.runtime.read({
      service: o.ref.name,
      version: o.ref.version,
      namespace: o.namespace,
      signal: o.signal,
    });
    if (service === undefined) throw new ExitError(`Service ${o.ref.name} was killed`, 1);
    const updating = service.metadata.updating === 'true';
    const step = updating ? 'updating' : service.status;
    const broken = service.status === 'error' || (!updating && service.metadata.error !== undefined);
    if (step !== shown && !broken) o.note(`${o.ref.name}: ${step}`);
    shown = step;
    // A service that crashed before an update began shows its old error until the update is through.
    if (broken && !updating) throw failed(service, o.ref.name);
    if (service.status === 'running' && !updating) return;
    await pause(signal, o);
  }
};

const failed = (service: RuntimeService, name: string): ExitError =>
  new ExitError(service.metadata.error || 'the service failed', 1, {
    hint: `micro logs ${name} shows what it printed`,
  });

const pause = async (signal: AbortSignal, o: WaitOptions): Promise<void> => {
  try {
    await sleep(runWaitPollMs, undefined, { signal });
  } catch (e) {
    if (o.signal.aborted) throw e;
    throw new ExitError(`Service ${o.ref.name} does not run yet after ${runWaitMs} ms (runWaitMs)`, 1, {
      cause: e,
      hint: `micro status shows how far it is, micro logs ${o.ref.name} what it printed`,
    });
  }
};
