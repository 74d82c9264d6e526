/** One of the benchmark's own programs, in a process of its own so that it does not share a thread with what it measures. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface Program {
  /** What it printed first: it has done, or is ready for, what it is for. */
  readonly firstLine: string;
  /** Ends its standard input, which ends it. */
  stop(): Promise<void>;
}

/** Starts a file of this folder; rejects when it ends before it has printed a line. */
export const startProgram = async (file: string, args: readonly string[]): Promise<Program> => {
  const child = spawn(process.execPath, [join(import.meta.dirname, file), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close') as Promise<[number | null]>;
  const firstLine = new Promise<string>((resolve) => {
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (d: string) => {
      output += d;
      const end = output.indexOf('\n');
      if (end >= 0) resolve(output.slice(0, end));
    });
  });
  const early = closed.then(([code]) => {
    throw new Error(`${file} ended with ${code} before it was ready`);
  });
  return {
    firstLine: await Promise.race([firstLine, early]),
    stop: async () => {
      child.stdin.end();
      await closed;
    },
  };
};
