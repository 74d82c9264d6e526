/** A certificate that is looked at again and again: what it is now, and whom to tell of another. Owns the timer; judges no certificate. */

import type { CertificateSource, KeyAndCertificate } from './certificate-source.ts';

export interface WatchedCertificate extends CertificateSource {
  /** Looks now. */
  look(): Promise<void>;
}

export interface WatchOptions {
  readonly first: KeyAndCertificate;
  /** The pair to use from now on, which may be the present one. Never rejects: when there is nothing better, the present one stays. */
  next(current: KeyAndCertificate): Promise<KeyAndCertificate>;
  readonly everyMs: number;
}

export const watchCertificate = ({ first, next, everyMs }: WatchOptions): WatchedCertificate => {
  const listeners = new Set<() => void>();
  let current = first;
  const look = async (): Promise<void> => {
    const pair = await next(current);
    if (pair === current) return;
    current = pair;
    for (const changed of listeners) changed();
  };
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
  }, everyMs).unref();
  return {
    current: () => current,
    subscribe: (changed) => {
      listeners.add(changed);
      return () => void listeners.delete(changed);
    },
    look,
    close: async () => {
      clearInterval(timer);
      await looking;
    },
  };
};
