/** A folder that names every process we started, so that the next server can end what a dead one left behind. Owns the folder. */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { signalGroup, startTimeOf } from './process-identity.ts';

export interface ProcessLedger {
  add(pid: number): void;
  remove(pid: number): void;
  /** Kills the groups that stand in the ledger and still are the processes they were; returns their numbers. */
  sweep(): readonly number[];
}

/** The folder is made (0700) when the first process is added. */
export const openProcessLedger = (folder: string): ProcessLedger => ({
  add: (pid) => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, String(pid)), startTimeOf(pid) ?? '', { mode: 0o600 });
  },
  remove: (pid) => rmSync(join(folder, String(pid)), { force: true }),
  sweep: () => {
    const killed: number[] = [];
    for (const name of entries(folder)) {
      const pid = Number(name);
      const file = join(folder, name);
      const recorded = readFileSync(file, 'utf8');
      // Another process may have got the number since: only the same start time is the same process.
      if (
        Number.isInteger(pid) &&
        pid > 1 &&
        recorded !== '' &&
        startTimeOf(pid) === recorded &&
        signalGroup(pid, 'SIGKILL')
      )
        killed.push(pid);
      rmSync(file, { force: true });
    }
    return killed;
  },
});

const entries = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw e;
  }
};
