/** Tells a process from another that got the same number later: by its start time, where the system shows one (Linux). */

import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Clock ticks since boot at which the process started; empty where that cannot be read, undefined when there is no such process. */
export const startTimeOf = (pid: number): string | undefined => {
  const stat = statOf(pid);
  // Other systems have no such file, nor has Linux where /proc is not mounted: then the number is all there is.
  if (stat === undefined) return isAlive(pid) && !existsSync('/proc/self/stat') ? '' : undefined;
  return stat.isZombie ? undefined : stat.startTime;
};

/** Whether a live process of the group was started with this variable. Linux only: elsewhere no. */
export const groupHas = (group: number, variable: string): boolean =>
  processIds().some((pid) => {
    const stat = statOf(pid);
    return (
      stat !== undefined && !stat.isZombie && stat.group === group && environmentOf(pid).includes(`\0${variable}=`)
    );
  });

const processIds = (): number[] => {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid > 0);
};

interface Stat {
  readonly isZombie: boolean;
  readonly group: number;
  readonly startTime: string;
}

/** Undefined when there is no such process, or no such file system. */
const statOf = (pid: number): Stat | undefined => {
  const text = readText(`/proc/${pid}/stat`);
  if (text === '') return undefined;
  // The command's name stands in brackets and may hold blanks and brackets itself; the fields after the last one are fixed.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { isZombie: fields[0] === 'Z', group: Number(fields[2]), startTime: fields[19] ?? '' };
};

const environmentOf = (pid: number): string => `\0${readText(`/proc/${pid}/environ`)}`;

/** Empty for a process that has ended, or belongs to somebody else. */
const readText = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

/** Whether a process with this number exists. One that belongs to another user counts. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** Signals a process group; false when there is none (any more). */
export const signalGroup = (pid: number, signal: NodeJS.Signals): boolean => {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
    return true;
  } catch {
    return false;
  }
};
