/** The executable, alone in an empty folder, on a machine with no Node: the walk of main-job.test.ts, every command and the server being that one file. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { barePath, noExecutableReason, packagedMicro } from '../support/packaged.ts';
import { tempFolder } from '../support/service-folder.ts';
import { suite } from '../support/suite.ts';

const test = suite('e2e: the executable alone');
const reason = noExecutableReason();

if (reason !== undefined) {
  process.stdout.write(`SKIP the walk on the executable: ${reason}\n`);
  test('there is a reason for not trying it', () => assert.ok(reason));
} else {
  const folder = tempFolder();
  const alone = join(folder, 'alone');
  mkdirSync(alone);
  const micro = await packagedMicro(alone);
  const PATH = barePath(folder);
  // What is started from here on inherits this environment, as by `env -i`.
  for (const name of Object.keys(process.env)) if (name !== 'HOME') delete process.env[name];
  Object.assign(process.env, { PATH, MICRO_BIN: micro });
  test('it is alone in its folder, and there is no Node', () => {
    assert.equal(readdirSync(alone), ['micro']);
    assert.is.not(spawnSync('/bin/sh', ['-c', 'command -v node']).status, 0);
  });
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  await import('./main-job.test.ts');
}

test.run();
