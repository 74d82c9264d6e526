/** Starts a program for the time it takes to say its version: one for another C library shows here, not after the old one is gone. */

import { execFile } from 'node:child_process';

import { ExitError } from '../contract/error.ts';
import { releaseTextBytesMax, releaseTrialMs } from '../contract/limits.ts';

/** The version it says; `name` is what it is called in the error. Throws ExitError with the first thing it said when it does not run. */
export const tryProgram = (o: { file: string; name: string; signal: AbortSignal }): Promise<string> =>
  new Promise((resolve, reject) => {
    const limits = { timeout: releaseTrialMs, maxBuffer: releaseTextBytesMax, killSignal: 'SIGKILL' as const };
    const child = execFile(o.file, ['--version'], { ...limits, signal: o.signal }, (e, stdout, stderr) => {
      if (e === null) return resolve(/\bv\d\S*/.exec(stdout)?.[0] ?? stdout.trim());
      if (o.signal.aborted) return reject(o.signal.reason);
      const hint = stderr.trim().split('\n').at(-1)?.trim() || e.message;
      reject(new ExitError(`${o.name} does not run here; nothing was changed`, 1, { cause: e, hint }));
    });
    child.stdin?.end();
  });
