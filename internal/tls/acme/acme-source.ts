/**
 * The certificate of one set of hosts: the stored one at once, a new one in good time, the old one for as long as the authority gives none.
 * Owns the loop that orders; one line in the log for each certificate and each failure. Knows no listener.
 */

import { setTimeout as waitFor } from 'node:timers/promises';

import { acmeLookMs, acmeOrderMs, acmeRetryMsMax, acmeRetryMsMin } from '../../contract/limits.ts';
import type { Logger } from '../../contract/logger.ts';
import { type Backoff, backoff } from '../../time/backoff.ts';
import { formatDuration } from '../../time/duration.ts';
import type { CertificateSource, KeyAndCertificate } from '../certificate-source.ts';
import { accountOf } from './account.ts';
import type { AcmeSettings } from './acme-settings.ts';
import { CaError, printable, wayOut } from './ca-error.ts';
import type { Challenges } from './challenges.ts';
import type { CheckedPair } from './check-pair.ts';
import { orderCertificate } from './order-certificate.ts';
import { renewAt, renewIssuedAt } from './renewal.ts';
import { standIn } from './stand-in.ts';
import type { AcmeFiles } from './stored.ts';
import type { Turns } from './turns.ts';

export interface AcmeSourceOptions {
  readonly settings: AcmeSettings;
  readonly files: AcmeFiles;
  readonly challenges: Challenges;
  /** One order at a time, over all sources of a server. */
  readonly alone: Turns;
  /** Resolves when the listeners are open: before that no proof can succeed. */
  readonly open: (signal: AbortSignal) => Promise<unknown>;
  readonly log: Logger;
  readonly now: () => number;
  /** Replaced in tests. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random?: () => number;
}

/** Reads what is stored, and asks nobody unless a certificate is due. Rejects when the folder cannot be used. */
export const createAcmeSource = async (o: AcmeSourceOptions): Promise<CertificateSource> => {
  const abort = new AbortController();
  const subscribers = new Set<() => void>();
  const state = await initialState(o);
  const running = keepCurrent({
    ...o,
    pause: o.pause ?? unhurried,
    random: o.random ?? Math.random,
    signal: abort.signal,
    state,
    changed: () => {
      for (const changed of subscribers) changed();
    },
  });
  return {
    current: () => state.served,
    challenge: (serverName) => o.challenges.find(serverName),
    subscribe: (changed) => {
      // One entry for each call, even with the same function twice.
      const entry = (): void => changed();
      subscribers.add(entry);
      return () => void subscribers.delete(entry);
    },
    close: () => {
      abort.abort();
      return running;
    },
  };
};

const unhurried = async (ms: number, signal: AbortSignal): Promise<void> => {
  await waitFor(ms, undefined, { signal, ref: false });
};

interface State {
  served: KeyAndCertificate;
  /** Undefined while a stand-in is served. */
  issued: CheckedPair | undefined;
  /** When the next order is due. */
  dueAt: number;
}

const initialState = async (o: AcmeSourceOptions): Promise<State> => {
  const { hosts, directory } = o.settings;
  const stored = await o.files.certificate(hosts);
  if (stored.state === 'whole') {
    const issued = stored.value;
    if (issued.notAfter <= o.now())
      o.log.warn('the certificate has ended', { hosts, until: new Date(issued.notAfter).toISOString() });
    return { served: issued, issued, dueAt: renewAt(issued, (o.random ?? Math.random)()) };
  }
  if (stored.state === 'damaged')
    o.log.warn('the stored certificate cannot be used', { hosts, reason: printable(stored.reason) });
  o.log.info('no certificate yet: a self-signed one stands in until the authority has issued one', {
    hosts,
    directory,
  });
  return { served: await standIn(hosts, o.now()), issued: undefined, dueAt: o.now() };
};

interface Keeping extends Required<AcmeSourceOptions> {
  readonly signal: AbortSignal;
  readonly state: State;
  readonly changed: () => void;
}

/** Part of each pause that is left to chance. */
const retryJitter = 0.1;

/** Runs until the signal; a failure of any kind is told and tried again. */
const keepCurrent = async (k: Keeping): Promise<void> => {
  const retries = backoff({ minMs: acmeRetryMsMin, maxMs: acmeRetryMsMax, jitter: retryJitter, random: k.random });
  try {
    await k.open(k.signal);
    while (!k.signal.aborted) {
      // Looks at the clock now and then: machines sleep, and their clocks are set.
      const untilDueMs = k.state.dueAt - k.now();
      if (untilDueMs > 0) await k.pause(Math.min(untilDueMs, acmeLookMs), k.signal);
      else await renew(k, retries);
    }
  } catch (error) {
    if (!k.signal.aborted) k.log.error('certificates are not renewed any more', { error: printable(wordsOf(error)) });
  }
};

const renew = async (k: Keeping, retries: Backoff): Promise<void> => {
  try {
    const issued = await k.alone(() => order(k), k.signal);
    retries.reset();
    await keep(k, issued);
    k.state.issued = issued;
    k.state.served = issued;
    k.state.dueAt = renewIssuedAt(issued, k.now(), k.random());
    k.log.info('certificate issued', { hosts: k.settings.hosts, until: dateText(issued.notAfter) });
    k.changed();
  } catch (error) {
    if (k.signal.aborted) return;
    const asked = error instanceof CaError ? error.retryAfterMs : undefined;
    const pauseMs = Math.max(retries.next(), asked ?? 0);
    tellFailure(k, error, pauseMs);
    await k.pause(pauseMs, k.signal);
  }
};

/** With the account of the moment: another source of this server may have made it just now. */
const order = async (k: Keeping): Promise<CheckedPair> => {
  const { settings, challenges, now } = k;
  const limit = AbortSignal.timeout(acmeOrderMs);
  const signal = AbortSignal.any([k.signal, limit]);
  try {
    return await orderCertificate({ settings, challenges, now, signal, ...(await accountOf(k.files, k.log)) });
  } catch (error) {
    if (!limit.aborted || error instanceof CaError) throw error;
    throw new CaError(`the authority is not done after acmeOrderMs, ${acmeOrderMs / 1_000} s`, { fault: 'problem' });
  }
};

/** A certificate that cannot be written serves all the same, until the next start. */
const keep = async ({ files, settings: { hosts }, log }: Keeping, issued: CheckedPair): Promise<void> => {
  try {
    await files.keepCertificate(hosts, issued);
  } catch (error) {
    log.error('the new certificate cannot be stored', {
      hosts,
      folder: files.folder,
      error: printable(wordsOf(error)),
    });
  }
};

const tellFailure = (k: Keeping, error: unknown, pauseMs: number): void => {
  const { hosts, directory } = k.settings;
  const until = k.state.issued === undefined ? 'none' : dateText(k.state.issued.notAfter);
  k.log.warn('no certificate from the authority', {
    hosts,
    reason: printable(wordsOf(error)),
    hint: wayOut(error, { directory }),
    again_in: formatDuration(Math.round(pauseMs / 1_000) * 1_000),
    served_until: until,
  });
};

const dateText = (ms: number): string => new Date(ms).toISOString();
const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
