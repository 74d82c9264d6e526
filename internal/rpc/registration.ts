/** Keeps services in the registry while they run: registers, refreshes before the TTL runs out, retries with back-off, deregisters at the end. Serves nothing. */

import { setTimeout as sleep } from 'node:timers/promises';

import { isMicroError } from '../contract/error.ts';
import {
  deregisterCallMs,
  registerCallMs,
  registerIntervalMs,
  registerRetryMsMax,
  registerRetryMsMin,
  registerTtlMs,
} from '../contract/limits.ts';
import type { Logger } from '../contract/logger.ts';
import type { Registry, Service } from '../contract/registry.ts';

/** A service record and the domain it goes to. */
export interface Registered {
  readonly domain: string;
  readonly service: Service;
}

export interface RegistrationOptions {
  readonly registry: Pick<Registry, 'register' | 'deregister'>;
  readonly entries: readonly Registered[];
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Between refreshes; default registerIntervalMs. */
  readonly intervalMs?: number;
  /** First pause after a failure; default registerRetryMsMin. */
  readonly retryMs?: number;
}

export interface Registration {
  /** Stops refreshing, then takes the nodes out. A failure is logged: the TTL takes care of the rest. Safe twice. */
  stop(deadline: AbortSignal): Promise<void>;
}

/** Attempts before start gives up waiting and lets the background go on trying. */
const firstAttempts = 3;

/** Resolves when registered, or when the registry could not be reached in three attempts (the refresh loop goes on trying). Throws when it refused. */
export const startRegistration = async (o: RegistrationOptions): Promise<Registration> => {
  const controller = new AbortController();
  const signal = AbortSignal.any([o.signal, controller.signal]);
  const registered = await registerFirst(o, signal).catch(async (error: unknown) => {
    // Some of the entries may have been taken.
    await deregisterAll(o, AbortSignal.timeout(deregisterCallMs));
    throw error;
  });
  const running = refresh(o, signal, registered);
  let stopped: Promise<void> | undefined;
  const stop = async (deadline: AbortSignal): Promise<void> => {
    controller.abort();
    await running;
    await deregisterAll(o, deadline);
  };
  return {
    stop: (deadline) => {
      stopped ??= stop(deadline);
      return stopped;
    },
  };
};

const registerFirst = async (o: RegistrationOptions, signal: AbortSignal): Promise<boolean> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await registerAll(o, signal);
      return true;
    } catch (error) {
      if (signal.aborted || isRefusal(error)) throw error;
      o.log.warn('cannot register, trying again', { attempt, error: textOf(error) });
      if (attempt === firstAttempts) return false;
      await sleep(pauseMs(o, attempt), undefined, { signal });
    }
  }
};

/** An answer that trying again will not change. */
const isRefusal = (error: unknown): boolean => isMicroError(error) && [400, 401, 403].includes(error.code);

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const pauseMs = (o: RegistrationOptions, failures: number): number =>
  Math.min((o.retryMs ?? registerRetryMsMin) * 2 ** Math.min(failures - 1, 16), registerRetryMsMax);

const registerAll = async (o: RegistrationOptions, signal: AbortSignal): Promise<void> => {
  await Promise.all(
    o.entries.map(({ domain, service }) =>
      o.registry.register(service, {
        domain,
        ttlMs: registerTtlMs,
        signal: AbortSignal.any([signal, AbortSignal.timeout(registerCallMs)]),
      }),
    ),
  );
};

/** Runs until the signal; never rejects. */
const refresh = async (o: RegistrationOptions, signal: AbortSignal, registered: boolean): Promise<void> => {
  let failures = registered ? 0 : firstAttempts;
  while (!signal.aborted) {
    const pause = failures === 0 ? (o.intervalMs ?? registerIntervalMs) : pauseMs(o, failures);
    try {
      await sleep(pause, undefined, { signal, ref: false });
      await registerAll(o, signal);
      if (failures > 0) o.log.info('registered again', { failures });
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      o.log.warn('cannot refresh the registration', { failures, error: textOf(error) });
    }
  }
};

const deregisterAll = async (o: RegistrationOptions, deadline: AbortSignal): Promise<void> => {
  const signal = AbortSignal.any([deadline, AbortSignal.timeout(deregisterCallMs)]);
  await Promise.all(
    o.entries.map(async ({ domain, service: { name, version, nodes } }) => {
      try {
        await o.registry.deregister({ name, version, nodes }, { domain, signal });
      } catch (error) {
        o.log.warn('cannot deregister', { service: name, error: textOf(error) });
      }
    }),
  );
};
