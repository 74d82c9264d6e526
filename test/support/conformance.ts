/** What every conformance suite shares: how a driver is opened and how a test is skipped with a reason. */

import { suite, type Tests } from './suite.ts';

export interface Skip {
  readonly test: string;
  readonly because: string;
}

export interface Subject<T> {
  /** Opens a fresh, empty driver. */
  open(): Promise<{ readonly driver: T; close(): Promise<void> }>;
  readonly skips?: readonly Skip[];
}

/** Declares the cases of one slot for one driver; each case gets a driver of its own. The caller's file needs no `.run()` of its own. */
export const runConformance = <T>(
  slot: string,
  driverName: string,
  subject: Subject<T>,
  cases: Readonly<Record<string, (driver: T) => Promise<void>>>,
): void => {
  const tests: Tests = suite(`${slot} conformance: ${driverName}`);
  for (const skip of subject.skips ?? []) {
    if (!(skip.test in cases)) throw new Error(`skip names an unknown case: ${skip.test}`);
    console.log(`SKIP ${slot} ${driverName}: ${skip.test}: ${skip.because}`);
  }
  const skipped = new Set((subject.skips ?? []).map((s) => s.test));
  for (const [name, body] of Object.entries(cases)) {
    if (skipped.has(name)) continue;
    tests(name, async () => {
      const { driver, close } = await subject.open();
      try {
        await body(driver);
      } finally {
        await close();
      }
    });
  }
  tests.run();
};
