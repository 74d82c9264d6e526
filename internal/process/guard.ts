/**
 * Holds a foreign command (a Go service, a shell script) for the runtime: starts it, passes its exit on, and ends its whole group
 * when the server dies, which the command itself would not notice. Runs as a process of its own, started with MICRO_CHILD=guard.
 */

import { spawn } from 'node:child_process';

import { signalGroup } from './process-identity.ts';
import { endRun, runIdVariable } from './run-id.ts';

/** Milliseconds the command has after SIGTERM once the server is gone. */
const graceMs = 3_000;

/** The command line to hold is `argv`; ends this process with the command's exit code. */
export const runGuard = (argv: readonly string[]): void => {
  const [command, ...args] = argv;
  if (command === undefined) throw new Error('the guard was started without a command');
  const env = { ...process.env };
  const parent = env.MICRO_CHILD_PARENT;
  for (const name of Object.keys(env)) if (name.startsWith('MICRO_CHILD')) delete env[name];
  // Our own input is empty, by whoever started us.
  const child = spawn(command, args, { env, stdio: 'inherit' });
  child.on('error', (e) => {
    process.stderr.write(`cannot start ${command}: ${e.message}\n`);
    process.exit(127);
  });
  let orphaned = false;
  child.on('exit', (code, signal) => {
    // Nobody is left to end what the command has started: the group goes, and we with it.
    if (orphaned) return endGroup();
    process.exitCode = code ?? 1;
    if (signal) process.stderr.write(`${command} was ended by ${signal}\n`);
    if (process.connected) process.disconnect();
    process.exit();
  });
  // We share the group with the command, so a signal to the group reaches both, and a second one might mean `at once` to it; ours is to wait.
  const forward = (signal: NodeJS.Signals): void => {
    if (process.platform === 'win32') child.kill(signal);
  };
  process.on('SIGTERM', forward);
  process.on('SIGINT', forward);
  const endAlone = (): void => {
    if (orphaned) return;
    orphaned = true;
    // The whole group: `go run` and shells do not pass signals on to what they have started.
    if (!signalGroup(process.pid, 'SIGTERM')) child.kill('SIGTERM');
    setTimeout(() => endGroup(), graceMs);
  };
  process.on('disconnect', endAlone);
  // The server may have died while we were loading: that event has passed.
  if (process.platform !== 'win32' && Number(parent) > 0 && process.ppid !== Number(parent)) endAlone();
};

const endGroup = (): void => {
  const runId = process.env[runIdVariable];
  if (runId) endRun(runId);
  signalGroup(process.pid, 'SIGKILL');
  process.exit(1);
};
