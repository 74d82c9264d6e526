/**
 * For tests whose subject calls `go` itself: puts Go on this process's PATH, points it to this user's caches, which a new HOME would hide, and compiles
 * what every Go program needs, so that a cold cache costs no test its time limit.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

import { buildOnce, goCommand, goSettings } from '../../build/go-fixtures.ts';

const warmUpMs = 120_000;

/** Changes process.env. Resolves with why there is no Go to test with, if so. */
export const prepareGo = async (): Promise<string | undefined> => {
  const go = goCommand();
  if (go === undefined) return 'this machine has no Go';
  Object.assign(process.env, await goSettings(), { PATH: `${process.env.PATH}${delimiter}${dirname(go)}` });
  const folder = mkdtempSync(join(tmpdir(), 'micro-go-'));
  try {
    mkdirSync(join(folder, 'warm'));
    writeFileSync(join(folder, 'warm', 'go.mod'), 'module fixture/warm\n\ngo 1.21\n');
    writeFileSync(
      join(folder, 'warm', 'main.go'),
      'package main\n\nimport "time"\n\nfunc main() { println(time.Hour) }\n',
    );
    const program = { module: 'warm', package: '.' };
    const made = await buildOnce({ name: 'warm', program, modules: folder, cache: join(folder, 'cache') }, warmUpMs);
    return 'absent' in made ? made.absent : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
