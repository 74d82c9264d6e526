/**
 * A mark in the environment of one started process and of all it starts: it finds those that have left its group (setsid, daemons).
 * Where the system does not show environments (other than Linux) nothing is found, and the group must do.
 */

import { readdirSync, readFileSync } from 'node:fs';

/** Inherited by whatever a service starts. */
export const runIdVariable = 'MICRO_RUN_ID';

/** A process may start another while we look: so many looks at the most. */
const looksMax = 5;

/** SIGKILL to every process but this one that carries the id; returns how many there were. */
export const endRun = (runId: string): number => {
  let ended = 0;
  for (let look = 0; look < looksMax; look += 1) {
    const found = carriers(`${runIdVariable}=${runId}`);
    for (const pid of found) kill(pid);
    ended += found.length;
    if (found.length === 0) break;
  }
  return ended;
};

const carriers = (entry: string): readonly number[] => {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid > 1 && pid !== process.pid && environmentOf(pid).includes(entry));
};

const environmentOf = (pid: number): readonly string[] => {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  } catch {
    // It has ended, or is another user's.
    return [];
  }
};

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
};
