/** The executable, alone in an empty folder, on a machine with no Node: the walk of main-job.test.ts, every command and the server being that one file. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { barePath, noExecutableReason, packagedMicro } from '../support/packaged.ts';
import { tempFolder } from '../support/service-folder.ts';

const reason = noExecutableReason();
if (reason !== undefined) process.stdout.write(`SKIP the walk on the executable: ${reason}\n`);
else {
  const folder = tempFolder();
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'alone'));
  const micro = await packagedMicro(join(folder, 'alone'));
  const PATH = barePath(folder);
  const noNode = spawnSync('/bin/sh', ['-c', 'command -v node'], { env: { PATH } });
  assert.is.not(noNode.status, 0, 'node is on the bare PATH');
  // What is started from here on inherits this environment, as by `env -i`.
  for (const name of Object.keys(process.env)) if (name !== 'HOME') delete process.env[name];
  Object.assign(process.env, { PATH, MICRO_BIN: micro });
  await import('./main-job.test.ts');
}
