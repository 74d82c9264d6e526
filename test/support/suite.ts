/** uvu's suite with a limit per test: a test that hangs is named and ends its file, instead of holding the run up. */

import { suite as uvuSuite } from 'uvu';

type Suite = ReturnType<typeof uvuSuite>;
type Body = (context: never) => unknown;

/** Milliseconds one test may take; MICRO_TEST_LIMIT_MS overrides. */
const limitMs = Number(process.env.MICRO_TEST_LIMIT_MS ?? 30_000);

export interface Tests {
  (name: string, body: () => unknown, o?: { limitMs?: number }): void;
  before(hook: () => unknown): void;
  after(hook: () => unknown): void;
  each(hook: () => unknown): void;
  /** Must be the last line of every test file. */
  run(): void;
}

/** Opens a suite. One per file; the file ends in `.run()`. */
export const suite = (name: string): Tests => {
  const inner: Suite = uvuSuite(name);
  const add = (title: string, body: () => unknown, o: { limitMs?: number } = {}): void => {
    inner(title, limited(`${name}: ${title}`, body, o.limitMs ?? limitMs) as Body as never);
  };
  return Object.assign(add, {
    before: (hook: () => unknown) => inner.before(limited(`${name}: before`, hook, limitMs) as never),
    after: (hook: () => unknown) => inner.after(limited(`${name}: after`, hook, limitMs) as never),
    each: (hook: () => unknown) => inner.before.each(limited(`${name}: before each`, hook, limitMs) as never),
    run: () => inner.run(),
  });
};

const limited = (title: string, body: () => unknown, ms: number) => async (): Promise<void> => {
  const timer = setTimeout(() => {
    process.stderr.write(`\nHUNG after ${ms} ms: ${title}\n`);
    process.exit(3);
  }, ms);
  try {
    await body();
  } finally {
    clearTimeout(timer);
  }
};
