/** Waits until the signup service has seen a payment (cli.md 5.3.8). Owns how often it asks and how long. */

import { setTimeout as sleep } from 'node:timers/promises';

import { ExitError } from '../contract/error.ts';
import { paymentPollMs, paymentWaitMs } from '../contract/limits.ts';

export interface AwaitPaymentOptions {
  hasPaid(): Promise<boolean>;
  readonly signal: AbortSignal;
  /** Default: a timer. */
  pause?(ms: number, signal: AbortSignal): Promise<unknown>;
}

/** Rejects with the signal's reason, and with ExitError when the time is over. */
export const awaitPayment = async ({ hasPaid, signal, pause = timer }: AwaitPaymentOptions): Promise<void> => {
  for (let waited = 0; waited < paymentWaitMs; waited += paymentPollMs) {
    if (await hasPaid()) return;
    await pause(paymentPollMs, signal);
  }
  throw new ExitError(`no payment within paymentWaitMs (${paymentWaitMs})`, 1, { hint: 'micro signup begins anew' });
};

const timer = (ms: number, signal: AbortSignal): Promise<unknown> => sleep(ms, undefined, { signal });
