/** Which characters of some source files have run so far, counted by V8's block coverage; what tells a fuzz run that an input reached something new. */

import { type Profiler, Session } from 'node:inspector';

/** One for a process: V8 does not count again in code that a former one has seen. */
export interface Coverage {
  /** Starts anew for the files whose path matches. */
  watch(files: RegExp): CoverageWatch;
  close(): void;
}

export interface CoverageWatch {
  /** Of what ran since the last call here: how many characters had not run before. They do not count as run until `keepLooked`. */
  look(): number;
  /** What the last look() saw counts as run from now on. */
  keepLooked(): void;
  /** Part of the characters of the watched functions that have run: 0 to 1. */
  readonly share: number;
}

/** Per function (file and place): for each of its characters 0 unknown, 1 seen but not run, 2 run. */
type Seen = Map<string, Uint8Array>;

/** A function that ran, with its marks. */
interface Ran {
  readonly marks: Uint8Array;
  readonly one: Profiler.FunctionCoverage;
}

/** Begins to count; whoever opens it closes it. */
export const openCoverage = (): Coverage => {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  return { watch: (files) => watch(session, files), close: () => session.disconnect() };
};

const watch = (session: Session, files: RegExp): CoverageWatch => {
  const seen: Seen = new Map();
  let looked: readonly Ran[] = [];

  const take = (): readonly Ran[] => {
    let ran: readonly Ran[] = [];
    // On the session of its own thread a call-back runs before post() returns.
    session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error !== null) throw error;
      const watched = answer.result.filter(({ url }) => files.test(url));
      ran = watched.flatMap(({ url, functions }) => functions.map((one) => ({ marks: marksOf(seen, url, one), one })));
    });
    return ran;
  };

  return {
    look: () => {
      looked = take();
      return looked.reduce((n, ran) => n + news(ran), 0);
    },
    keepLooked: () => looked.forEach(note),
    get share() {
      let run = 0;
      let all = 0;
      for (const marks of seen.values())
        for (const mark of marks) {
          if (mark > 0) all += 1;
          if (mark === 2) run += 1;
        }
      return all === 0 ? 0 : run / all;
    },
  };
};

const marksOf = (seen: Seen, url: string, { ranges }: Profiler.FunctionCoverage): Uint8Array => {
  const { startOffset, endOffset } = ranges[0]!;
  const key = `${url}:${startOffset}`;
  const marks = seen.get(key) ?? new Uint8Array(endOffset - startOffset);
  seen.set(key, marks);
  return marks;
};

/** What this function ran now. Ranges come from the outside in, and an inner one that did not run takes back what its outer one claims. */
const marksNow = (length: number, { ranges, isBlockCoverage }: Profiler.FunctionCoverage): Uint8Array => {
  const now = new Uint8Array(length);
  const base = ranges[0]!.startOffset;
  // A function without block coverage was compiled before the watch began: it says that it ran, not where.
  if (!isBlockCoverage && ranges[0]!.count > 0) return now;
  for (const range of ranges) now.fill(range.count > 0 ? 2 : 1, range.startOffset - base, range.endOffset - base);
  return now;
};

const news = ({ marks, one }: Ran): number => {
  const now = marksNow(marks.length, one);
  let found = 0;
  for (let i = 0; i < now.length; i++) if (now[i] === 2 && marks[i] !== 2) found += 1;
  return found;
};

const note = ({ marks, one }: Ran): void => {
  const now = marksNow(marks.length, one);
  for (let i = 0; i < now.length; i++) if (now[i]! > marks[i]!) marks[i] = now[i]!;
};
