/** By hand: `node test/e2e/kill9-soak.ts [rounds]`, 20 rounds of kill -9 at 100 acknowledged writes a second. Prints a line per round; exit code 1 at the first loss. */

import { rmSync } from 'node:fs';

import { processesWith } from '../support/processes.ts';
import { startServer } from '../support/server.ts';
import { copyExample, tempFolder } from '../support/service-folder.ts';
import { ok, untilStatus } from '../support/status.ts';
import { kill9Round } from './kill9-rounds.ts';

const rounds = Number(process.argv[2] ?? 20);
const sources = tempFolder();
const home = tempFolder();
let server = await startServer({ home });
let total = 0;
try {
  await ok(server, ['run', copyExample(sources, 'helloworld')]);
  await untilStatus(server, 'helloworld', /running/);
  for (let round = 1; round <= rounds; round += 1) {
    const started = performance.now();
    const result = await kill9Round(server, `round-${round}`, {
      writesPerSecond: 100,
      writeMs: 2_000,
      check: async (next) => {
        server = next;
        await untilStatus(next, 'helloworld', /running/);
        await ok(next, ['helloworld', '--name=Again']);
      },
    });
    server = result.server;
    total += result.acknowledged;
    const ms = Math.round(performance.now() - started);
    console.log(`round ${round}: ${result.acknowledged} acknowledged, all there; helloworld is back; ${ms} ms`);
  }
} finally {
  await server.stop();
}
const left = processesWith('HOME', home);
console.log(`${rounds} rounds, ${total} acknowledged records, 0 lost, ${left.length} processes left`);
for (const folder of [sources, home]) rmSync(folder, { recursive: true, force: true });
process.exitCode = left.length === 0 ? 0 : 1;
