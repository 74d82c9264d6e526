/**
 * A Go program for tests, or why this machine has none: `const go = await goProgram('h2spec'); if ('absent' in go) console.log(`SKIP …: ${go.absent}`)`.
 * The programs are rows of build/go-programs.ts. With a warm cache this takes milliseconds; a cold one may use up its bound, and the tests are skipped.
 */

import { buildGoProgram, type GoBuild } from '../../build/go-fixtures.ts';
import type { GoProgramName } from '../../build/go-programs.ts';

/** Milliseconds a test file may spend on one program that .ci/run has not built ahead. */
const lazyBuildMs = 120_000;

export const goProgram = (name: GoProgramName): Promise<GoBuild> => buildGoProgram(name, lazyBuildMs);

/** Several at once, by name; the first that is absent speaks for all. */
export const goProgramFiles = async <const N extends GoProgramName>(
  names: readonly N[],
): Promise<{ readonly files: Readonly<Record<N, string>> } | { readonly absent: string }> => {
  const files: Partial<Record<N, string>> = {};
  for (const name of names) {
    const made = await goProgram(name);
    if ('absent' in made) return made;
    files[name] = made.file;
  }
  return { files: files as Record<N, string> };
};
