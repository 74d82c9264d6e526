/** What is left of a server that was killed by SIGKILL while services of every unpleasant kind were running: nothing. Linux only, since it looks at /proc. */

import { readFileSync, rmSync } from 'node:fs';
import * as assert from 'uvu/assert';

import { poll } from '../support/poll.ts';
import { type FoundProcess, processesWith } from '../support/processes.ts';
import { startServer } from '../support/server.ts';
import { oneMethodService, tempFolder, writeService } from '../support/service-folder.ts';
import { ok, untilStatus } from '../support/status.ts';
import { suite } from '../support/suite.ts';

const test = suite('e2e: orphans');

/** Runs until it is killed, deaf to everything that can be ignored, beside a shell that waits for it. */
const deafScript = `sh -c 'trap "" TERM HUP INT; while :; do sleep 1; done' &
sh -c 'while :; do sleep 1; done' &
setsid sh -c 'while :; do sleep 1; done' &
echo up
wait
`;

/** Whether a process is on a core right now. */
const isBusy = (p: FoundProcess | undefined): boolean =>
  p !== undefined && /^State:\s+R/m.test(readFileSync(`/proc/${p.pid}/status`, 'utf8'));

for (const c of [
  {
    name: 'a service that never yields dies with its server',
    files: oneMethodService('spinner', 'if (req.name === "spin") for (;;) {}\n return { msg: "no" };'),
    args: [],
    running: /running/,
    spin: true,
  },
  {
    name: 'a shell script and what it put in the background die with their server',
    files: { 'serve.sh': deafScript },
    args: ['--command', 'sh serve.sh'],
    running: /starting|running|error/,
    spin: false,
  },
])
  test(
    c.name,
    async () => {
      if (process.platform !== 'linux') return;
      const sources = tempFolder();
      const home = tempFolder();
      const server = await startServer({ home });
      const mine = () => processesWith('MICRO_PROXY', server.proxyAddress).filter((p) => p.pid !== server.pid);
      try {
        await ok(server, ['run', ...c.args, writeService(sources, 'spinner', c.files)]);
        await untilStatus(server, 'spinner', c.running);
        if (c.spin) {
          const call = server.micro(['spinner', '--name=spin'], { timeoutMs: 2_000 });
          await poll('the service to be busy', () => isBusy(mine().find((p) => /micro-service/.test(p.command))));
          await call;
        } else {
          await poll('the scripts to run', () => mine().filter((p) => /sleep|trap/.test(p.command)).length >= 4);
        }
        await server.kill9();
        await poll('everything to end', () => mine().length === 0, 10_000);
      } finally {
        for (const { pid } of mine()) process.kill(pid, 'SIGKILL');
        await server.stop();
        for (const folder of [sources, home]) rmSync(folder, { recursive: true, force: true });
      }
      assert.equal(mine(), []);
    },
    { limitMs: 60_000 },
  );

test.run();
