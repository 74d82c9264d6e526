/** A folder that names every process we started, so that the next server can end what a dead one left behind. Owns the folder. */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { groupHas, signalGroup, startTimeOf } from './process-identity.ts';
import { endRun } from './run-id.ts';

export interface ProcessLedger {
  add(process: { readonly pid: number; readonly runId: string }): void;
  remove(pid: number): void;
  /** Kills the groups that stand in the ledger and still are the processes they were; returns their numbers. */
  sweep(): readonly number[];
}

/** The folder is made (0700) when the first process is added. */
export const openProcessLedger = (folder: string): ProcessLedger => ({
  add: ({ pid, runId }) => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, String(pid)), `${startTimeOf(pid) ?? ''} ${runId}`, { mode: 0o600 });
  },
  remove: (pid) => rmSync(join(folder, String(pid)), { force: true }),
  sweep: () => {
    const killed: number[] = [];
    for (const name of entries(folder)) {
      const pid = Number(name);
      const file = join(folder, name);
      const [recorded = '', runId = ''] = readFileSync(file, 'utf8').split(' ');
      const ended = isProcess(pid) && isStillOurs(pid, recorded) && signalGroup(pid, 'SIGKILL');
      // What left the group is found by its mark alone.
      const strays = runId === '' ? 0 : endRun(runId);
      if (ended || strays > 0) killed.push(pid);
      rmSync(file, { force: true });
    }
    return killed;
  },
});

const isProcess = (pid: number): boolean => Number.isInteger(pid) && pid > 1;

/**
 * Another process may have got the number since: only the same start time is the same process. When it is gone, what it started may
 * still be there under its group's number, which nobody can get meanwhile; a service's name in the environment tells those.
 */
const isStillOurs = (pid: number, recorded: string): boolean => {
  if (recorded === '') return false;
  const now = startTimeOf(pid);
  return now === undefined ? groupHas(pid, 'MICRO_SERVICE_NAME') : now === recorded;
};

const entries = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw e;
  }
};
