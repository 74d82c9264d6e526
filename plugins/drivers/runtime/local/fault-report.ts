/** Tells a fault that happens again and again without flooding: the first at once, then at most one per period with the number of those in between. */

export interface FaultReportOptions {
  /** Milliseconds between two reports. */
  readonly everyMs: number;
  readonly now: () => number;
  /** `dropped` counts the faults since the last report, this one included. */
  report(error: string, dropped: number): void;
}

export const createFaultReport = (o: FaultReportOptions): ((e: unknown) => void) => {
  let last = Number.NEGATIVE_INFINITY;
  let since = 0;
  return (e) => {
    since += 1;
    if (o.now() - last < o.everyMs) return;
    last = o.now();
    o.report(e instanceof Error ? e.message : String(e), since);
    since = 0;
  };
};
