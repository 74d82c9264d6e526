/** The variables that give a program another clock than the machine has, by Debian's libfaketime. Changes no clock; undefined where it is not installed. */

import { spawnSync } from 'node:child_process';

/** `shift` as libfaketime takes it: `-1h`, `+90s`. */
export const shiftedClock = (shift: string): Readonly<Record<string, string>> | undefined => {
  const { status, stdout } = spawnSync('faketime', ['-f', shift, 'env'], { encoding: 'utf8' });
  const library = /^LD_PRELOAD=(.*)$/m.exec(stdout ?? '')?.[1];
  if (status !== 0 || library === undefined) return undefined;
  // Timers measure how long, which no wrong clock changes.
  return { LD_PRELOAD: library, FAKETIME: shift, FAKETIME_DONT_FAKE_MONOTONIC: '1', DONT_FAKE_MONOTONIC: '1' };
};
