/** A caller's signal with a limit of our own added: the callee may shorten a deadline, never lengthen it. */

/** Aborts with the caller's reason, or with a TimeoutError after `ms`. The timer does not hold the process. */
export const withTimeout = (signal: AbortSignal | undefined, ms: number): AbortSignal =>
  signal === undefined ? AbortSignal.timeout(ms) : AbortSignal.any([signal, AbortSignal.timeout(ms)]);
