/** What a dead server left behind is ended; what only has its number is not. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

import { poll } from '../../test/support/poll.ts';
import { suite } from '../../test/support/suite.ts';
import { startTimeOf } from './process-identity.ts';
import { openProcessLedger } from './process-ledger.ts';

const test = suite('process ledger');
const parent = mkdtempSync(join(tmpdir(), 'micro-ledger-'));
const children: ChildProcess[] = [];
let folders = 0;

test.after(() => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  rmSync(parent, { recursive: true, force: true });
});

/** One that is not there yet. */
const freshFolder = (): string => {
  folders += 1;
  return join(parent, String(folders), 'processes');
};

const idle = 'setInterval(() => {}, 1000)';
const start = async (code = idle, env: Record<string, string> = {}): Promise<{ pid: number; firstLine: string }> => {
  const child = spawn(process.execPath, ['-e', `${code}; console.log('up ' + (globalThis.shown ?? ''))`], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...env },
  });
  children.push(child);
  const firstLine = await new Promise<string>((resolve) => child.stdout!.once('data', (d) => resolve(String(d))));
  return { pid: child.pid!, firstLine };
};
const untilGone = (pid: number): Promise<unknown> => poll(`${pid} to end`, () => startTimeOf(pid) === undefined);

test('has nothing to end at the first start', () => {
  const folder = freshFolder();
  assert.equal(openProcessLedger(folder).sweep(), []);
});

test('ends what stands in it and is still the same process, once', async () => {
  if (process.platform !== 'linux') return;
  const folder = freshFolder();
  const { pid } = await start();
  openProcessLedger(folder).add({ pid, runId: 'none' });
  assert.equal(openProcessLedger(folder).sweep(), [pid]);
  await untilGone(pid);
  assert.equal(openProcessLedger(folder).sweep(), []);
  assert.equal(readdirSync(folder), []);
});

test('leaves alone a process that got the number later', async () => {
  const folder = freshFolder();
  const { pid } = await start();
  openProcessLedger(folder).add({ pid, runId: 'none' });
  writeFileSync(join(folder, String(pid)), '12345');
  assert.equal(openProcessLedger(folder).sweep(), []);
  assert.ok(startTimeOf(pid) !== undefined);
});

test('forgets what has been removed', async () => {
  const folder = freshFolder();
  const { pid } = await start();
  const ledger = openProcessLedger(folder);
  ledger.add({ pid, runId: 'none' });
  ledger.remove(pid);
  ledger.remove(pid);
  assert.equal(ledger.sweep(), []);
  assert.ok(startTimeOf(pid) !== undefined);
});

test('ends the children of a process that has gone itself', async () => {
  if (process.platform !== 'linux') return;
  const folder = freshFolder();
  const child = `globalThis.shown = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(idle)}], { stdio: 'ignore' }).pid; ${idle}`;
  const { pid, firstLine } = await start(child, { MICRO_SERVICE_NAME: 'x' });
  const grandchild = Number(/\d+/.exec(firstLine)?.[0]);
  openProcessLedger(folder).add({ pid, runId: 'none' });
  process.kill(pid, 'SIGKILL');
  await untilGone(pid);
  assert.ok(startTimeOf(grandchild) !== undefined);
  assert.equal(openProcessLedger(folder).sweep(), [pid]);
  await untilGone(grandchild);
});

test('is not confused by files that are no process', () => {
  const folder = freshFolder();
  openProcessLedger(folder).add({ pid: process.pid, runId: 'none' });
  for (const name of ['-1', '0', '1', 'x', '1e3', '999999999']) writeFileSync(join(folder, name), '1');
  writeFileSync(join(folder, String(process.pid)), '1');
  assert.equal(openProcessLedger(folder).sweep(), []);
});

test.run();
