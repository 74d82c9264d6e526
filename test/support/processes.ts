/** Which processes a test left behind: found by an environment entry that only its own children carry. Linux only; elsewhere it finds none. */

import { readdirSync, readFileSync } from 'node:fs';

export interface FoundProcess {
  readonly pid: number;
  readonly command: string;
  /** `NAME=value` entries. */
  readonly environment: readonly string[];
}

/** Live processes (zombies excluded) whose environment holds `name=value`, this process excluded. */
export const processesWith = (name: string, value: string): readonly FoundProcess[] => {
  if (process.platform !== 'linux') return [];
  const entry = `${name}=${value}`;
  return readdirSync('/proc')
    .filter((n) => /^\d+$/.test(n) && Number(n) !== process.pid)
    .flatMap((n) => {
      try {
        const environment = readFileSync(`/proc/${n}/environ`, 'utf8').split('\0');
        if (!environment.includes(entry)) return [];
        if (/^State:\s+Z/m.test(readFileSync(`/proc/${n}/status`, 'utf8'))) return [];
        const command = readFileSync(`/proc/${n}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return [{ pid: Number(n), command, environment }];
      } catch {
        // It ended while we looked, or belongs to somebody else.
        return [];
      }
    });
};
