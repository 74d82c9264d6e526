/** What processes have used of the processors so far: says what a call costs, however busy the machine is. Linux only. */

import { readdirSync, readFileSync } from 'node:fs';

/** Microseconds of all threads of a process, those that have ended left out. */
export const cpuUs = (pid: number): number => {
  let nanoseconds = 0;
  const threads = readdirSync(`/proc/${pid}/task`);
  for (const thread of threads) {
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  }
  return nanoseconds / 1_000;
};

/** The processes that a process has started and that still run. */
export const childrenOf = (pid: number): readonly number[] =>
  readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
