/** The guard between a server that may die and a command that would not notice. The server is a small script here; everything else is real. */

import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { poll } from '../../test/support/poll.ts';
import { suite } from '../../test/support/suite.ts';
import { startTimeOf } from './process-identity.ts';
import { type Exit, type SpawnedProcess, spawnProcess } from './spawn.ts';

const test = suite('guard');
const guardUrl = pathToFileURL(join(import.meta.dirname, 'guard.ts')).href;
/** What main.ts does for MICRO_CHILD=guard. */
const guardCode = `import(${JSON.stringify(guardUrl)}).then(({ runGuard }) => runGuard(process.argv.slice(1)))`;
const guardArgs = ['--disable-warning=ExperimentalWarning', '-e', guardCode, '--'];
const started: number[] = [];

test.after(() => {
  for (const pid of started.splice(0)) {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended, as it should.
    }
  }
});

const guarded = async (command: readonly string[]): Promise<{ process: SpawnedProcess; lines: string[] }> => {
  const lines: string[] = [];
  const spawned = await spawnProcess({
    command: process.execPath,
    args: [...guardArgs, ...command],
    cwd: tmpdir(),
    env: { PATH: process.env.PATH ?? '', MICRO_CHILD: 'guard', MICRO_CHILD_PARENT: String(process.pid), KEPT: 'yes' },
    ipc: true,
    onLine: (stream, line) => lines.push(`${stream} ${line}`),
  });
  started.push(spawned.pid);
  return { process: spawned, lines };
};

const node = (code: string): readonly string[] => [process.execPath, '-e', code];
const exitOf = async (command: readonly string[]): Promise<Exit> => (await guarded(command)).process.exited;

test('passes output, environment and exit code on', async () => {
  const { process: guard, lines } = await guarded(
    node(
      `console.log(Object.keys(process.env).filter((n) => /MICRO|KEPT|NODE_CHANNEL/.test(n)).join()); console.error('e'); process.exit(5)`,
    ),
  );
  assert.equal(await guard.exited, { code: 5, signal: null });
  assert.equal(lines.sort(), ['stderr e', 'stdout KEPT,MICRO_RUN_ID']);
});

test('says which command cannot be started', async () => {
  const { process: guard, lines } = await guarded(['/no/such/command']);
  assert.equal(await guard.exited, { code: 127, signal: null });
  assert.match(lines.join('\n'), /cannot start \/no\/such\/command/);
});

test('ends badly when a signal has ended the command', async () => {
  assert.is.not((await exitOf(node(`process.kill(process.pid, 'SIGKILL')`))).code, 0);
});

test('lets the command stop by itself, and tells it once', async () => {
  const { process: guard, lines } = await guarded(
    node(
      `let n = 0; process.on('SIGTERM', () => { n += 1; console.log('term ' + n); setTimeout(() => process.exit(0), 200); }); setInterval(() => {}, 1000); console.log('up')`,
    ),
  );
  await poll('the command to be up', () => lines.includes('stdout up'));
  assert.equal(await guard.stop(10_000), { code: 0, signal: null });
  assert.equal(lines, ['stdout up', 'stdout term 1']);
});

/** A server: starts a guard with IPC as the runtime does, and waits to be killed. */
const fakeServer = async (command: readonly string[]): Promise<{ server: ChildProcess; pids: readonly number[] }> => {
  const code = `
    const guard = require('node:child_process').spawn(process.execPath, JSON.parse(process.argv[1]), {
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, MICRO_CHILD: 'guard', MICRO_CHILD_PARENT: String(process.pid) },
    });
    console.log('pid ' + guard.pid);`;
  const server = spawn(process.execPath, ['-e', code, '--', JSON.stringify([...guardArgs, ...command])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  server.stdout.on('data', (d) => (output += d));
  const pids = await poll('guard, command and its child', () => {
    const found = [...output.matchAll(/^pid (\d+)$/gm)].map((m) => Number(m[1]));
    return found.length === 3 && found;
  });
  started.push(pids[0]!);
  return { server, pids };
};

const deaf = `process.on('SIGTERM', () => {}); process.on('SIGHUP', () => {}); setInterval(() => {}, 1000); console.log('pid ' + process.pid);`;
const withChild = (body: string): string =>
  `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(deaf)}], { stdio: 'inherit' }); console.log('pid ' + process.pid); ${body}`;

for (const c of [
  { name: 'a command that stops when told', body: 'setInterval(() => {}, 1000)' },
  { name: 'a command that does not listen', body: `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)` },
  { name: 'a command that never yields', body: 'setTimeout(() => { for (;;) {} }, 50)' },
])
  test(`${c.name}, and what it has started, end with a server that was killed`, async () => {
    if (process.platform === 'win32') return;
    const { server, pids } = await fakeServer(node(withChild(c.body)));
    server.kill('SIGKILL');
    for (const pid of pids) await poll(`process ${pid} to end`, () => startTimeOf(pid) === undefined, 15_000);
  });

test.run();
