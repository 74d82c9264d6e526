/** Commands of the Go command line with what each prints and how it ends: how tests of it are written down. */

import * as assert from 'uvu/assert';

import type { MicroResult } from './server.ts';

export interface GoLine {
  /** Words of the command; one with blanks inside is one word. */
  readonly micro: string | readonly string[];
  /** Several where a race in the client decides. */
  readonly exit?: number | readonly number[];
  /** All of what it prints, on whichever stream, or a pattern in it. */
  readonly prints?: string | RegExp;
}

/** One after the other; fails at the first that differs, with all it printed. */
export const runLines = async (
  micro: (words: readonly string[]) => Promise<MicroResult>,
  lines: readonly GoLine[],
): Promise<void> => {
  for (const { micro: words, exit = 0, prints = '' } of lines) {
    const { code, stdout, stderr } = await micro(typeof words === 'string' ? words.split(' ') : words);
    const output = stdout + stderr;
    const told = `micro ${words}\n${output}`;
    if (typeof prints === 'string') assert.is(output.trimEnd(), prints, told);
    else assert.match(output, prints, told);
    assert.ok([exit].flat().includes(code), `exit ${code} instead of ${exit}: ${told}`);
  }
};
