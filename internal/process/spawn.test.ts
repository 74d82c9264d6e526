/** Real processes: their lines, their ends, and that nothing of their group stays. */

import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';

import { poll } from '../../test/support/poll.ts';
import { suite } from '../../test/support/suite.ts';
import { isAlive, startTimeOf } from './process-identity.ts';
import { type SpawnedProcess, spawnProcess } from './spawn.ts';

const test = suite('spawn');

const node = async (code: string, o: { ipc?: boolean } = {}): Promise<{ process: SpawnedProcess; lines: string[] }> => {
  const lines: string[] = [];
  const spawned = await spawnProcess({
    command: process.execPath,
    args: ['-e', code],
    cwd: tmpdir(),
    env: { PATH: process.env.PATH ?? '' },
    ipc: o.ipc ?? false,
    onLine: (stream, line) => lines.push(`${stream} ${line}`),
  });
  return { process: spawned, lines };
};

test('hands out the lines of both streams, the last without a newline included, before it says it has ended', async () => {
  const { process, lines } = await node(`process.stdout.write('a\\nb'); process.stderr.write('c\\n');`);
  assert.equal(await process.exited, { code: 0, signal: null });
  assert.equal(lines.sort(), ['stderr c', 'stdout a', 'stdout b']);
});

test('tells code and signal of the end', async () => {
  assert.equal(await (await node('process.exit(3)')).process.exited, { code: 3, signal: null });
  const killed = await node(`process.kill(process.pid, 'SIGKILL')`);
  assert.equal(await killed.process.exited, { code: null, signal: 'SIGKILL' });
});

test('gives the environment it was told, and its own mark', async () => {
  const { process, lines } = await node('console.log(Object.keys(process.env).sort().join())');
  await process.exited;
  assert.equal(lines, ['stdout MICRO_RUN_ID,PATH']);
});

test('ends what has left the group as well', async () => {
  if (process.platform !== 'linux') return;
  const { process: parent, lines } = await node(
    `const { spawn } = require('node:child_process');
     const stray = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
     console.log(stray.pid);
     setTimeout(() => {}, 60_000);`,
  );
  await poll('the stray to be named', () => lines.length > 0);
  const stray = Number(lines[0]?.slice('stdout '.length));
  assert.ok(startTimeOf(stray) !== undefined);
  await parent.stop(2_000);
  await poll('the stray to end', () => startTimeOf(stray) === undefined);
});

test('throws when there is no such command', async () => {
  const missing = spawnProcess({
    command: '/no/such/command',
    args: [],
    cwd: tmpdir(),
    env: {},
    ipc: false,
    onLine() {},
  });
  await missing.then(
    () => assert.unreachable('it started'),
    (e: NodeJS.ErrnoException) => assert.is(e.code, 'ENOENT'),
  );
});

test('stops with SIGTERM, which the process may answer', async () => {
  const { process, lines } = await node(
    `process.on('SIGTERM', () => { console.log('bye'); process.exit(0); }); setInterval(() => {}, 1000); console.log('up');`,
  );
  await poll('the process to be up', () => lines.includes('stdout up'));
  assert.equal(await process.stop(10_000), { code: 0, signal: null });
  assert.ok(lines.includes('stdout bye'));
  assert.equal(await process.stop(10_000), { code: 0, signal: null });
});

test('kills after the grace, and the whole group', async () => {
  const { process: spawned, lines } = await node(`
    process.on('SIGTERM', () => {});
    const child = require('node:child_process').spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'], { stdio: 'inherit' });
    setInterval(() => {}, 1000);
    console.log(child.pid);`);
  const child = await poll('its child', () => Number(lines[0]?.split(' ')[1]) || false);
  assert.equal(await spawned.stop(100), { code: null, signal: 'SIGKILL' });
  await poll('the child to end', () => startTimeOf(child) === undefined);
});

test('ends what a process leaves behind, and does not wait for its output', async () => {
  const { process: spawned, lines } = await node(`
    const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
    console.log(child.pid);
    child.unref();
    setTimeout(() => process.exit(0), 50);`);
  assert.equal(await spawned.exited, { code: 0, signal: null });
  await poll('the child to end', () => !isAlive(Number(lines[0]?.split(' ')[1])));
});

test.run();
