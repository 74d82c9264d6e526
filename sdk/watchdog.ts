/**
 * Ends this process when its parent has died: gracefully when the event loop is free, hard when it is blocked.
 * Owns the two ways of noticing (the IPC channel, a thread that looks at the parent's id); the graceful stop itself belongs to whoever handles SIGTERM.
 */

import { Worker } from 'node:worker_threads';

/** Milliseconds between two looks at the parent. */
const lookMs = 1_000;
/** Milliseconds a graceful stop may take once the parent is gone; nobody is left to wait for it. */
const graceMs = 3_000;

/**
 * The thread's code. It needs no event loop of the main thread, so a service that never yields is ended as well.
 * The parent is gone when our parent's id is another one (on Windows, when no process has it). The group goes with us: what the service spawned must not stay either.
 */
const threadSource = `
const { parentPid, lookMs, graceMs } = require('node:worker_threads').workerData;
const end = (pid) => { try { process.kill(pid, 'SIGKILL'); } catch { /* not a group leader: the next call ends us alone */ } };
const parentLives = () => {
  if (process.platform !== 'win32') return process.ppid === parentPid;
  try { return process.kill(parentPid, 0); } catch { return false; }
};
let goneMs = 0;
setInterval(() => {
  if (parentLives()) return;
  goneMs += lookMs;
  if (goneMs <= graceMs) return;
  end(-process.pid);
  end(process.pid);
}, lookMs);
`;

/** Watches until the process ends. `parentPid` is who started us. Without it a SIGKILLed server would leave its services behind. */
export const watchParent = (parentPid: number): void => {
  const thread = new Worker(threadSource, {
    eval: true,
    workerData: { parentPid, lookMs, graceMs },
    name: 'watchdog',
    execArgv: [],
    env: {},
    stdout: false,
    stderr: false,
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, codeRangeSizeMb: 1 },
  });
  thread.on('error', (e) => {
    process.stderr.write(`watchdog: ${e.message}\n`);
  });
  thread.unref();
  if (process.channel === undefined) return;
  process.once('disconnect', stopGracefully);
  process.channel?.unref();
  if (!process.connected) stopGracefully();
};

/** A signal to ourselves: with a handler it is the ordinary stop, without one the end. The thread is the second line. */
const stopGracefully = (): void => {
  process.kill(process.pid, 'SIGTERM');
};
