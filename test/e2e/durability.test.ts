/** kill -9 of the server: what was acknowledged is there, services come back, nobody is left behind. */

import { rmSync } from 'node:fs';
import * as assert from 'uvu/assert';

import { processesWith } from '../support/processes.ts';
import { startServer } from '../support/server.ts';
import { copyExample, tempFolder } from '../support/service-folder.ts';
import { ok, untilStatus } from '../support/status.ts';
import { suite } from '../support/suite.ts';
import { kill9Round } from './kill9-rounds.ts';

const test = suite('e2e: durability');
const rounds = 3;

test(
  'acknowledged writes and running services survive kill -9',
  async () => {
    const sources = tempFolder();
    const home = tempFolder();
    let server = await startServer({ home });
    try {
      await ok(server, ['run', copyExample(sources, 'helloworld')]);
      await untilStatus(server, 'helloworld', /running/);
      for (let round = 0; round < rounds; round += 1) {
        const result = await kill9Round(server, `round-${round}`, {
          writesPerSecond: 100,
          writeMs: 1_000,
          check: async (next) => {
            server = next;
            await untilStatus(next, 'helloworld', /running/);
            assert.match(await ok(next, ['helloworld', '--name=Again']), /Hello Again/);
          },
        });
        server = result.server;
      }
    } finally {
      await server.stop();
    }
    assert.equal(processesWith('HOME', home), []);
    for (const folder of [sources, home]) rmSync(folder, { recursive: true, force: true });
  },
  { limitMs: 180_000 },
);

test.run();
